//! A fake mail server for native tests: a session, parameters, tables, DNS, addresses, a store and a clock, all in memory.
//! ```
//! # use waxwing_sdk::{prelude::*, testing::Host};
//! # const LOCALHOST: Restriction = Restriction::new("reject_localhost", |_| match session::helo_name().as_deref() {
//! #     Some("localhost") => refuse(550, "5.7.1", "You are not localhost"), _ => Verdict::Dunno });
//! let mut host = Host::new().client("192.0.2.1", "mx.example.com").helo("localhost");
//! assert_eq!(host.check(&LOCALHOST, ""), refuse(550, "5.7.1", "You are not localhost"));
//! ```

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use crate::{
    Attribute, Facts, NameStatus, Restriction, Stage, Verdict,
    addresses::{AddressClass, AddressError, Listing, ProbeResult, Resolution},
    dns::{Answer, Failure, Reason, RecordType, ResourceRecord},
    log::Level,
    tables::TableError,
};

#[doc(hidden)]
pub mod imports;
mod socket;

pub use socket::Said;

/// A change that a plugin asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Hold(String),
    Discard(String),
    Filter(String),
    Redirect(String),
    Bcc(String),
    SetSender(String, String),
    AddRecipient(String, String),
    RemoveRecipient(String),
    Prepend(String, String),
    Append(String, String),
    Insert(u32, String, String),
    Replace(u32, String),
    Remove(u32),
}

/// A log line of the plugin; `info:` and `warn:` actions have their own kinds.
#[derive(Clone, Debug, PartialEq)]
pub enum LogLine {
    Written(Level, String),
    InfoAction(String),
    WarnAction(String),
}

#[derive(Default)]
struct World {
    attributes: HashMap<u8, String>,
    named: HashMap<String, String>,
    stage: Option<Stage>,
    facts: Option<Facts>,
    recipients: Vec<String>,
    size: u64,
    ports: (u16, u16),
    connections: u32,
    name_status: Option<NameStatus>,
    reverse_name_status: Option<NameStatus>,
    parameters: HashMap<String, String>,
    tables: HashMap<String, Result<BTreeMap<String, String>, TableError>>,
    matches: HashMap<String, Result<Vec<String>, TableError>>,
    dns: HashMap<(String, u8), Result<Answer, Failure>>,
    resolutions: HashMap<String, Result<Resolution, AddressError>>,
    listings: HashMap<String, Result<Listing, AddressError>>,
    probes: HashMap<String, Result<ProbeResult, String>>,
    store: HashMap<(String, String), (Vec<u8>, Option<u64>)>,
    notes: HashMap<String, String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    clock: u64,
    random: u64,
    paused: Duration,
    edits: Vec<Edit>,
    log: Vec<LogLine>,
    lookups: Vec<String>,
    sockets: socket::Sockets,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

/// The fake server. Build it, ask it, look at what the plugin did.
#[derive(Default)]
pub struct Host(World);

impl Host {
    /// A client 192.0.2.1 with the verified name client.example, at smtpd_recipient_restrictions, before HELO.
    pub fn new() -> Self {
        Self::default().client("192.0.2.1", "client.example").stage(Stage::Recipient).protocol_state("RCPT")
    }

    /// The client; the reverse name is the same, and both are verified unless the name is `unknown`.
    pub fn client(mut self, address: &str, name: &str) -> Self {
        let status = if name == "unknown" { NameStatus::NotFound } else { NameStatus::Verified };
        self.0.name_status = Some(status);
        self.0.reverse_name_status = Some(status);
        self.attribute(Attribute::ClientAddress, address)
            .attribute(Attribute::ClientName, name)
            .attribute(Attribute::ReverseClientName, name)
    }

    /// How the client's names came about.
    pub fn name_status(mut self, verified: NameStatus, reverse: NameStatus) -> Self {
        self.0.name_status = Some(verified);
        self.0.reverse_name_status = Some(reverse);
        self
    }

    pub fn helo(self, name: &str) -> Self {
        self.attribute(Attribute::HeloName, name)
    }

    /// `""` is the null sender.
    pub fn sender(self, address: &str) -> Self {
        self.attribute(Attribute::Sender, address)
    }

    pub fn recipient(self, address: &str) -> Self {
        self.attribute(Attribute::Recipient, address)
    }

    /// The list under evaluation.
    pub fn stage(mut self, stage: Stage) -> Self {
        self.0.stage = Some(stage);
        self
    }

    /// CONNECT EHLO HELO MAIL RCPT DATA END-OF-MESSAGE VRFY ETRN.
    pub fn protocol_state(self, state: &str) -> Self {
        self.attribute(Attribute::ProtocolState, state)
    }

    pub fn attribute(mut self, attribute: Attribute, value: &str) -> Self {
        self.0.attributes.insert(attribute as u8, value.into());
        self
    }

    pub fn without(mut self, attribute: Attribute) -> Self {
        self.0.attributes.remove(&(attribute as u8));
        self
    }

    /// By policy protocol name or milter macro.
    pub fn named(mut self, name: &str, value: &str) -> Self {
        self.0.named.insert(name.into(), value.into());
        self
    }

    pub fn facts(mut self, facts: Facts) -> Self {
        self.0.facts = Some(facts);
        self
    }

    /// Recipients accepted so far.
    pub fn recipients(mut self, addresses: &[&str]) -> Self {
        self.0.recipients = addresses.iter().map(|&address| address.into()).collect();
        self
    }

    pub fn size(mut self, bytes: u64) -> Self {
        self.0.size = bytes;
        self
    }

    /// Of client and server.
    pub fn ports(mut self, client: u16, server: u16) -> Self {
        self.0.ports = (client, server);
        self
    }

    pub fn connections(mut self, open: u32) -> Self {
        self.0.connections = open;
        self
    }

    /// A parameter other than at its default.
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.0.parameters.insert(name.into(), value.into());
        self
    }

    /// A `type:name` with keys and values.
    pub fn table(mut self, name: &str, entries: &[(&str, &str)]) -> Self {
        let entries = entries.iter().map(|&(key, value)| (key.to_string(), value.to_string())).collect();
        self.0.tables.insert(name.into(), Ok(entries));
        self
    }

    pub fn broken_table(mut self, name: &str, error: TableError) -> Self {
        self.0.tables.insert(name.into(), Err(error));
        self
    }

    /// Names and addresses that a match list parameter (`mynetworks`, `relay_domains`) holds; networks are not computed.
    pub fn list(mut self, parameter: &str, members: &[&str]) -> Self {
        self.0.matches.insert(parameter.into(), Ok(members.iter().map(|&member| member.into()).collect()));
        self
    }

    pub fn broken_list(mut self, parameter: &str, error: TableError) -> Self {
        self.0.matches.insert(parameter.into(), Err(error));
        self
    }

    /// Records; an MX as `10 mx.example.com`. Other types of the name have no data, other names do not exist.
    pub fn dns(mut self, name: &str, kind: RecordType, records: &[&str]) -> Self {
        let record = |data: &&str| {
            let (preference, data) = match data.split_once(' ') {
                Some((preference, target)) if kind == RecordType::Mx => (preference.parse().unwrap_or(0), target),
                _ => (0, *data),
            };
            ResourceRecord { name: name.into(), ttl: 60, preference, data: data.into() }
        };
        let answer = Answer { records: records.iter().map(record).collect(), secure: false };
        self.0.dns.insert((name.into(), kind as u8), Ok(answer));
        self
    }

    pub fn dns_failure(mut self, name: &str, kind: RecordType, reason: Reason) -> Self {
        self.0.dns.insert((name.into(), kind as u8), Err(Failure { reason, secure: false }));
        self
    }

    /// How an address resolves; others resolve to themselves in the default class.
    pub fn resolves(self, address: &str, class: AddressClass) -> Self {
        let transport = match class {
            AddressClass::Local => "local",
            AddressClass::VirtualAlias => "error",
            AddressClass::VirtualMailbox => "virtual",
            AddressClass::Relay => "relay",
            AddressClass::DefaultClass => "smtp",
        };
        let nexthop = match class {
            AddressClass::VirtualAlias => "5.1.1 User unknown in virtual alias table",
            _ => crate::address::domain(address).unwrap_or_default(),
        };
        self.resolution(
            address,
            Ok(Resolution {
                transport: transport.into(),
                nexthop: nexthop.into(),
                recipient: address.into(),
                address_class: class,
                source_routed: false,
            }),
        )
    }

    pub fn resolution(mut self, address: &str, resolution: Result<Resolution, AddressError>) -> Self {
        self.0.resolutions.insert(address.into(), resolution);
        self
    }

    /// Whether an address exists; others do.
    pub fn listing(mut self, address: &str, listing: Result<Listing, AddressError>) -> Self {
        self.0.listings.insert(address.into(), listing);
        self
    }

    /// What verify(8) says of an address.
    pub fn probe(mut self, address: &str, result: Result<ProbeResult, String>) -> Self {
        self.0.probes.insert(address.into(), result);
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.0.body = body.to_vec();
        self
    }

    /// Moves the clock, also that of the store.
    pub fn wait(&mut self, time: Duration) {
        self.0.clock += time.as_millis() as u64;
    }

    /// Asks a restriction. Edits and log lines of earlier calls are forgotten; store, notes and clock stay.
    pub fn check(&mut self, restriction: &Restriction, argument: &str) -> Verdict {
        self.run(|| restriction.check(argument))
    }

    /// The same for any code that asks the server.
    pub fn run<T>(&mut self, code: impl FnOnce() -> T) -> T {
        self.0.edits.clear();
        self.0.log.clear();
        self.0.lookups.clear();
        self.0.paused = Duration::ZERO;
        WORLD.with_borrow_mut(|world| std::mem::swap(world, &mut self.0));
        let result = code();
        WORLD.with_borrow_mut(|world| std::mem::swap(world, &mut self.0));
        result
    }

    /// Changes the last call asked for.
    pub fn edits(&self) -> &[Edit] {
        &self.0.edits
    }

    /// What the last call logged.
    pub fn log(&self) -> &[LogLine] {
        &self.0.log
    }

    /// The `warning:` lines of the last call.
    pub fn warnings(&self) -> Vec<String> {
        self.0
            .log
            .iter()
            .filter_map(|line| match line {
                LogLine::Written(Level::Warning, text) => Some(text.clone()),
                _ => None,
            })
            .collect()
    }

    /// DNS names the last call looked up, in order.
    pub fn lookups(&self) -> &[String] {
        &self.0.lookups
    }

    /// How long the last call asked the server to wait.
    pub fn paused(&self) -> Duration {
        self.0.paused
    }
}
