//! An invented DNS on 127.0.0.1:53, UDP and TCP. Zone text, one record a line:
//!
//! ```text
//! a.test        A     10.1.1.1
//! a.test        MX    10 mail.a.test      (exchange `.` is the null MX of RFC 7505)
//! *.wild.test   A     10.1.1.2            (every name below wild.test that has no line of its own)
//! 198.51.100.7  PTR   client.test         (the address is turned round for you)
//! bad.test      SERVFAIL                  (the name and all below it)
//! slow.test     TIMEOUT                   (no answer at all)
//! ```
//! All other names do not exist (NXDOMAIN), but a name with others below it is empty, not missing.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{IpAddr, TcpListener, UdpSocket},
    str::FromStr,
    sync::{Arc, Mutex},
    thread,
};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME, MX, NS, PTR, SOA, TXT},
    },
};

#[derive(Default)]
struct Zone {
    records: BTreeMap<String, Vec<(RecordType, RData)>>,
    broken: Vec<(String, Broken)>,
    /// Every question, as `name TYPE`.
    asked: Vec<String>,
}

#[derive(Clone, Copy)]
enum Broken {
    ServFail,
    Silent,
}

/// The running server; a clone is the same one. It lives as long as the process.
#[derive(Clone)]
pub struct Dns(Arc<Mutex<Zone>>);

impl Dns {
    /// Starts it, on port 53.
    pub fn serve(zone: &str) -> Self {
        let dns = Self(Arc::default());
        dns.add(zone);
        let udp = UdpSocket::bind("127.0.0.1:53").expect("port 53 is free in this namespace");
        let tcp = TcpListener::bind("127.0.0.1:53").expect("port 53 is free in this namespace");
        let (for_udp, for_tcp) = (dns.clone(), dns.clone());
        thread::spawn(move || for_udp.over_udp(&udp));
        thread::spawn(move || for_tcp.over_tcp(&tcp));
        dns
    }

    /// More records.
    pub fn add(&self, zone: &str) {
        let mut data = self.0.lock().expect("no thread panics with the zone");
        for line in zone.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            data.line(line);
        }
    }

    /// Takes all records of a name away.
    pub fn remove(&self, name: &str) {
        self.0.lock().expect("no thread panics with the zone").records.remove(&key(name));
    }

    /// What was asked so far, as `name TYPE`.
    pub fn asked(&self) -> Vec<String> {
        self.0.lock().expect("no thread panics with the zone").asked.clone()
    }

    fn over_udp(&self, socket: &UdpSocket) {
        let mut buffer = [0; 4096];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            if let Some(answer) = self.answer(&buffer[..length]) {
                // A client that gave up does not matter.
                let _ = socket.send_to(&answer, peer);
            }
        }
    }

    fn over_tcp(&self, listener: &TcpListener) {
        for stream in listener.incoming().flatten() {
            let dns = self.clone();
            thread::spawn(move || {
                let mut stream = stream;
                let mut length = [0; 2];
                while stream.read_exact(&mut length).is_ok() {
                    let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
                    let Some(answer) = stream.read_exact(&mut query).ok().and_then(|()| dns.answer(&query)) else {
                        return;
                    };
                    let length = u16::try_from(answer.len()).expect("answers are short").to_be_bytes();
                    if stream.write_all(&[&length[..], &answer].concat()).is_err() {
                        return;
                    }
                }
            });
        }
    }

    fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let query = Message::from_vec(query).ok()?;
        let question = query.queries.first()?.clone();
        let name = key(&question.name().to_string());
        let wanted = question.query_type();
        let mut zone = self.0.lock().expect("no thread panics with the zone");
        zone.asked.push(format!("{name} {wanted}"));
        let mut answer = query.clone().into_response();
        answer.additionals.clear();
        answer.metadata.recursion_available = true;
        match zone.broken(&name) {
            Some(Broken::Silent) => return None,
            Some(Broken::ServFail) => answer.metadata.response_code = ResponseCode::ServFail,
            None => zone.fill(&mut answer, &name, question.name().clone(), wanted),
        }
        answer.to_vec().ok()
    }
}

impl Zone {
    fn line(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let name = key(words.next().expect("a line has a name"));
        let kind = words.next().unwrap_or_else(|| panic!("zone line without a type: {line}"));
        let data = words.collect::<Vec<_>>().join(" ");
        let domain = |text: &str| Name::from_str(&format!("{}.", text.trim_end_matches('.'))).expect("a domain name");
        let address = |text: &str| text.parse().unwrap_or_else(|_| panic!("not an address: {line}"));
        let (kind, data) = match kind {
            "SERVFAIL" => return self.broken.push((name, Broken::ServFail)),
            "TIMEOUT" => return self.broken.push((name, Broken::Silent)),
            "A" => (RecordType::A, RData::A(A(data.parse().unwrap_or_else(|_| panic!("not an address: {line}"))))),
            "AAAA" => {
                (RecordType::AAAA, RData::AAAA(AAAA(data.parse().unwrap_or_else(|_| panic!("not an address: {line}")))))
            }
            "CNAME" => (RecordType::CNAME, RData::CNAME(CNAME(domain(&data)))),
            "NS" => (RecordType::NS, RData::NS(NS(domain(&data)))),
            "TXT" => (RecordType::TXT, RData::TXT(TXT::new(vec![data]))),
            "MX" => {
                let (preference, exchange) = data.split_once(' ').unwrap_or_else(|| panic!("bad MX: {line}"));
                (RecordType::MX, RData::MX(MX::new(preference.parse().expect("a preference"), domain(exchange))))
            }
            "PTR" => {
                let record = (RecordType::PTR, RData::PTR(PTR(domain(&data))));
                self.records.entry(reverse(address(&name))).or_default().push(record);
                return;
            }
            _ => panic!("unknown record type: {line}"),
        };
        self.records.entry(name).or_default().push((kind, data));
    }

    fn broken(&self, name: &str) -> Option<Broken> {
        self.broken.iter().find(|(b, _)| name == b || name.ends_with(&format!(".{b}"))).map(|(_, how)| *how)
    }

    fn find(&self, name: &str) -> Option<&Vec<(RecordType, RData)>> {
        let wild = || {
            let above = name.match_indices('.').map(|(at, _)| &name[at + 1..]);
            above.filter_map(|parent| self.records.get(&format!("*.{parent}"))).next()
        };
        self.records.get(name).or_else(wild)
    }

    fn fill(&self, answer: &mut Message, name: &str, mut owner: Name, wanted: RecordType) {
        let Some(mut found) = self.find(name) else {
            if !self.records.keys().any(|k| k.ends_with(&format!(".{name}"))) {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            answer.add_authority(soa());
            return;
        };
        for _ in 0..8 {
            let Some((_, RData::CNAME(to))) = found.iter().find(|(t, _)| *t == RecordType::CNAME) else { break };
            if wanted == RecordType::CNAME {
                break;
            }
            answer.add_answer(Record::from_rdata(owner, 5, RData::CNAME(to.clone())));
            owner = to.0.clone();
            match self.find(&key(&owner.to_string())) {
                Some(next) => found = next,
                None => return,
            }
        }
        for (_, data) in found.iter().filter(|(t, _)| *t == wanted || wanted == RecordType::ANY) {
            answer.add_answer(Record::from_rdata(owner.clone(), 5, data.clone()));
        }
        if answer.answers.is_empty() {
            answer.add_authority(soa());
        }
    }
}

/// For negative answers, RFC 2308 section 2.
fn soa() -> Record {
    let soa = SOA::new(Name::root(), Name::root(), 1, 2, 3, 4, 5);
    Record::from_rdata(Name::root(), 5, RData::SOA(soa))
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let digits = v6.octets().iter().rev().map(|o| format!("{:x}.{:x}.", o & 15, o >> 4)).collect::<String>();
            format!("{digits}ip6.arpa")
        }
    }
}
