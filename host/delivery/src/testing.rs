//! What the agents need from the rest of the server, small enough for tests.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use config::Config;
use hook::*;

/// The real time.
pub struct SystemClock(Instant);

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Always the same, so that orders can be checked.
struct NoRandomness;

impl Randomness for NoRandomness {
    fn number(&self) -> u64 {
        0
    }

    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Answers by `TYPE name`; MX data is `preference host`.
#[derive(Default)]
pub struct Zone(HashMap<String, Result<Vec<String>, DnsReason>>);

impl Zone {
    pub fn with(mut self, key: &str, data: &[&str]) -> Self {
        self.0.insert(key.to_string(), Ok(data.iter().map(|text| text.to_string()).collect()));
        self
    }

    pub fn failing(mut self, key: &str, reason: DnsReason) -> Self {
        self.0.insert(key.to_string(), Err(reason));
        self
    }
}

impl Dns for Zone {
    fn lookup<'a>(&'a self, name: &'a str, kind: RecordType) -> BoxFuture<'a, Result<DnsAnswer, DnsFailure>> {
        let found = self.0.get(&format!("{} {name}", net::dns::type_name(kind)));
        let failure = |reason| DnsFailure { reason, secure: false, text: net::dns::failure_text(name, kind, reason) };
        let answer = found.cloned().unwrap_or(Err(DnsReason::NoSuchDomain)).map_err(failure).map(|data| {
            let record = |text: &String| {
                let (preference, data) = match text.split_once(' ') {
                    Some((number, host)) => (number.parse().expect("a preference"), host.to_string()),
                    None => (0, text.clone()),
                };
                ResourceRecord { name: name.to_string(), ttl: 60, preference, data }
            };
            DnsAnswer { records: data.iter().map(record).collect(), secure: false }
        });
        Box::pin(std::future::ready(answer))
    }

    fn reverse(&self, _: IpAddr) -> BoxFuture<'_, Result<DnsAnswer, DnsFailure>> {
        unreachable!("delivery looks up no PTR records")
    }
}

/// Values by (tables, key). A value `!` is a failed lookup; `match_host` looks for the address.
#[derive(Default)]
pub struct FakeTables(pub HashMap<(&'static str, &'static str), &'static str>);

impl Tables for FakeTables {
    fn open(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn find<'a>(&'a self, _: SearchOrder, tables: &'a str, key: &'a str) -> Lookup<'a, Option<Found>> {
        let found = self.0.iter().find(|((t, k), _)| *t == tables && *k == key).map(|(_, value)| *value);
        Lookup::Now(match found {
            Some("!") => Err(TableError::Temporary("server down".to_string())),
            found => Ok(found.map(|value| Found { key: key.to_string(), value: value.to_string() })),
        })
    }

    fn match_domain<'a>(&'a self, _: &'a str, _: &'a str) -> Lookup<'a, bool> {
        Lookup::Now(Ok(false))
    }

    fn match_host<'a>(&'a self, parameter: &'a str, _: &'a str, address: &'a str) -> Lookup<'a, bool> {
        Lookup::Now(Ok(self.0.contains_key(&(
            if parameter == "inet_interfaces" { "inet_interfaces" } else { "proxy_interfaces" },
            self.0.keys().find(|(_, key)| *key == address).map_or("", |(_, key)| *key),
        ))))
    }
}

struct Nothing;

impl Addresses for Nothing {
    fn resolve<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        Box::pin(std::future::ready(Err(AddressError::Syntax)))
    }

    fn find_recipient<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(std::future::ready(Err(AddressError::Syntax)))
    }

    fn find_sender<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(std::future::ready(Err(AddressError::Syntax)))
    }
}

impl Store for Nothing {
    fn get(&self, _: &str, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Err(StoreError::NotGranted)
    }

    fn put(&self, _: &str, _: &str, _: &[u8], _: u32) -> Result<(), StoreError> {
        Err(StoreError::NotGranted)
    }

    fn put_if_absent(&self, _: &str, _: &str, _: &[u8], _: u32) -> Result<bool, StoreError> {
        Err(StoreError::NotGranted)
    }

    fn add(&self, _: &str, _: &str, _: i64, _: u32) -> Result<i64, StoreError> {
        Err(StoreError::NotGranted)
    }

    fn remove(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Err(StoreError::NotGranted)
    }
}

impl SessionView for Nothing {
    fn attribute(&self, _: Attribute) -> Option<&str> {
        None
    }

    fn named(&self, _: &str) -> Option<String> {
        None
    }

    fn facts(&self) -> Facts {
        Facts::empty()
    }

    fn recipient_count(&self) -> u32 {
        0
    }

    fn recipient_at(&self, _: u32) -> Option<&str> {
        None
    }

    fn size(&self) -> u64 {
        0
    }

    fn client_port(&self) -> u16 {
        0
    }

    fn server_port(&self) -> u16 {
        0
    }

    fn encryption_keysize(&self) -> u16 {
        0
    }

    fn client_connections(&self) -> u32 {
        0
    }

    fn client_name_status(&self) -> NameStatus {
        NameStatus::Unchecked
    }

    fn reverse_client_name_status(&self) -> NameStatus {
        NameStatus::Unchecked
    }
}

pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock(Instant::now()))
}

pub fn services(zone: Zone, tables: FakeTables) -> Services {
    let dns: Arc<dyn hook::Dns> = Arc::new(zone);
    Services {
        clock: clock(),
        randomness: Arc::new(NoRandomness),
        dns: dns.clone(),
        smtpd_dns: dns,
        tables: Arc::new(tables),
        addresses: Arc::new(Nothing),
        store: Arc::new(Nothing),
        sockets: Arc::new(hook::NoSockets),
    }
}

pub fn config(main_cf: &str) -> Config {
    let text = format!("myhostname = me.test\n{main_cf}");
    let mut rows = crate::PARAMETERS.to_vec();
    rows.push(bounce::verify::parameters::PARAMETERS);
    Config::from_text(&text, &rows).expect("a good main.cf")
}

pub fn status_log(config: &Config) -> crate::StatusLog {
    crate::StatusLog::new(config, MailLog::new("postfix", "test"))
}

pub fn request(nexthop: &str, recipients: &[&str], content: &[u8]) -> Request {
    let recipient = |(n, address): (usize, &&str)| Recipient {
        address: address.to_string(),
        index: n as u32,
        ..Recipient::default()
    };
    Request {
        queue_id: "4ABC".to_string(),
        transport: "smtp".to_string(),
        nexthop: nexthop.to_string(),
        sender: "s@src.test".to_string(),
        recipients: recipients.iter().enumerate().map(recipient).collect(),
        content: Content::Memory(content.to_vec().into()),
        arrival: SystemTime::now(),
        active_since: SystemTime::now(),
        attempts: 0,
        envelope_id: String::new(),
        return_full: None,
        eight_bit: false,
        smtputf8: false,
        probe: false,
        session: Arc::new(Nothing),
        notes: Notes::default(),
    }
}
