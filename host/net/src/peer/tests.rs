use std::collections::HashMap;

use hook::{BoxFuture, DnsAnswer, ResourceRecord};

use super::*;

/// Answers by `TYPE name`.
#[derive(Default)]
struct Zone(HashMap<String, Result<Vec<&'static str>, DnsReason>>);

impl Zone {
    fn with(mut self, key: &str, answer: Result<Vec<&'static str>, DnsReason>) -> Self {
        self.0.insert(key.to_string(), answer);
        self
    }

    fn find(&self, name: &str, kind: RecordType) -> Result<DnsAnswer, DnsFailure> {
        let found = self.0.get(&format!("{} {name}", crate::dns::type_name(kind)));
        let data = found.cloned().unwrap_or(Err(DnsReason::NoSuchDomain));
        let data = data.map_err(|reason| DnsFailure { reason, secure: false, text: String::new() })?;
        let record = |data: &str| ResourceRecord { name: name.into(), ttl: 60, preference: 0, data: data.into() };
        Ok(DnsAnswer { records: data.into_iter().map(record).collect(), secure: false })
    }
}

impl Dns for Zone {
    fn lookup<'a>(&'a self, name: &'a str, kind: RecordType) -> BoxFuture<'a, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async move { self.find(name, kind) })
    }

    fn reverse(&self, address: IpAddr) -> BoxFuture<'_, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async move { self.find(&crate::dns::reverse_name(address), RecordType::Ptr) })
    }
}

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const POINTER: &str = "PTR 1.2.0.192.in-addr.arpa";

async fn outcome(zone: Zone, hosts: &str, address: IpAddr) -> (String, String, NameStatus, NameStatus, String) {
    let peer = lookup(&zone, &Table::parse(hosts), address).await;
    (peer.name, peer.reverse_name, peer.name_status, peer.reverse_status, peer.warning.unwrap_or_default())
}

fn expected(
    name: &str,
    reverse: &str,
    status: NameStatus,
    reverse_status: NameStatus,
    warning: &str,
) -> (String, String, NameStatus, NameStatus, String) {
    (name.into(), reverse.into(), status, reverse_status, warning.into())
}

#[tokio::test]
async fn both_ways_or_unknown() {
    use NameStatus::*;
    let good =
        Zone::default().with(POINTER, Ok(vec!["a.example"])).with("A a.example", Ok(vec!["192.0.2.9", "192.0.2.1"]));
    assert_eq!(outcome(good, "", ADDRESS).await, expected("a.example", "a.example", Verified, Verified, ""));

    let forged = Zone::default().with(POINTER, Ok(vec!["a.example"])).with("A a.example", Ok(vec!["192.0.2.9"]));
    let warning = "hostname a.example does not resolve to address 192.0.2.1";
    assert_eq!(outcome(forged, "", ADDRESS).await, expected("unknown", "a.example", Forged, Verified, warning));

    let gone = Zone::default().with(POINTER, Ok(vec!["a.example"]));
    let warning = "hostname a.example does not resolve to address 192.0.2.1: Name or service not known";
    assert_eq!(outcome(gone, "", ADDRESS).await, expected("unknown", "a.example", Forged, Verified, warning));

    let slow = Zone::default().with(POINTER, Ok(vec!["a.example"])).with("A a.example", Err(DnsReason::Timeout));
    let warning = "hostname a.example does not resolve to address 192.0.2.1: Temporary failure in name resolution";
    assert_eq!(outcome(slow, "", ADDRESS).await, expected("unknown", "a.example", TemporaryFailure, Verified, warning));
}

#[tokio::test]
async fn no_reverse_name() {
    use NameStatus::*;
    let none = Zone::default();
    assert_eq!(outcome(none, "", ADDRESS).await, expected("unknown", "unknown", NotFound, NotFound, ""));
    let later = Zone::default().with(POINTER, Err(DnsReason::ServerFailure));
    assert_eq!(
        outcome(later, "", ADDRESS).await,
        expected("unknown", "unknown", TemporaryFailure, TemporaryFailure, "")
    );
    for name in ["192.0.2.1", "a b", "", "x..y", "evil\"name"] {
        let bad = Zone::default().with(POINTER, Ok(vec![name])).with(&format!("A {name}"), Ok(vec!["192.0.2.1"]));
        assert_eq!(outcome(bad, "", ADDRESS).await, expected("unknown", "unknown", NotFound, NotFound, ""), "{name}");
    }
}

#[tokio::test]
async fn hosts_file_comes_first() {
    use NameStatus::*;
    let hosts = "127.0.0.1 localhost\n192.0.2.1 lab\n";
    let home = IpAddr::from([127, 0, 0, 1]);
    let mapped = "::ffff:127.0.0.1".parse().expect("an address");
    for address in [home, mapped] {
        let found = outcome(Zone::default(), hosts, address).await;
        assert_eq!(found, expected("localhost", "localhost", Verified, Verified, ""));
    }
}
