//! What a plugin may ask of the server, and what everything else gets its clock, randomness and DNS from.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{BoxFuture, Sockets, Tables};

/// The reverse port: one value for each configuration generation, made where the server is wired together.
#[derive(Clone)]
pub struct Services {
    pub clock: Arc<dyn Clock>,
    pub randomness: Arc<dyn Randomness>,
    pub dns: Arc<dyn Dns>,
    /// The same behind smtpd_dns_reply_filter, for plugins.
    pub smtpd_dns: Arc<dyn Dns>,
    pub tables: Arc<dyn Tables>,
    pub addresses: Arc<dyn Addresses>,
    pub store: Arc<dyn Store>,
    pub sockets: Arc<dyn Sockets>,
}

/// Time.
pub trait Clock: Send + Sync {
    /// Wall clock; can jump.
    fn now(&self) -> SystemTime;
    /// Time since an arbitrary start; never goes back.
    fn monotonic(&self) -> Duration;
}

/// Randomness from the operating system.
pub trait Randomness: Send + Sync {
    fn number(&self) -> u64;
    fn fill(&self, bytes: &mut [u8]);
}

/// Types of wit/dns.wit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordType {
    A,
    Aaaa,
    Cname,
    Mx,
    Ns,
    Ptr,
    Soa,
    Srv,
    Tlsa,
    Txt,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRecord {
    /// Owner, after CNAMEs; lower case, no dot at the end.
    pub name: String,
    /// Seconds.
    pub ttl: u32,
    /// Of MX and SRV; else 0.
    pub preference: u16,
    /// Presentation form as in wit/dns.wit.
    pub data: String,
}

/// At least one record of the type asked; MX sorted by preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsAnswer {
    pub records: Vec<ResourceRecord>,
    /// DNSSEC: validated.
    pub secure: bool,
}

/// Why there is no answer; Postfix's word in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DnsReason {
    /// NXDOMAIN (DNS_NOTFOUND).
    NoSuchDomain,
    /// The name exists without such a record (DNS_NOTFOUND).
    NoData,
    /// A single MX `.`, RFC 7505 (DNS_NULLMX).
    NullMx,
    /// The name or the answer breaks DNS syntax (DNS_INVAL).
    Malformed,
    /// REFUSED, NOTIMP or FORMERR (DNS_FAIL).
    Refused,
    /// SERVFAIL (DNS_RETRY).
    ServerFailure,
    /// No reply in time (DNS_RETRY).
    Timeout,
    /// Removed by smtpd_dns_reply_filter (DNS_POLICY).
    Filtered,
}

/// No answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsFailure {
    pub reason: DnsReason,
    pub secure: bool,
    /// Postfix's words, such as `Host or domain name not found. Name service error for name=x type=MX: Host not found`.
    pub text: String,
}

impl DnsFailure {
    /// May work later: DNS_RETRY.
    pub fn is_temporary(&self) -> bool {
        matches!(self.reason, DnsReason::ServerFailure | DnsReason::Timeout)
    }
}

/// DNS through the server's resolver and cache.
pub trait Dns: Send + Sync {
    /// Looks up one name; no search list, a dot at the end is allowed.
    fn lookup<'a>(&'a self, name: &'a str, kind: RecordType) -> BoxFuture<'a, Result<DnsAnswer, DnsFailure>>;
    /// PTR of an address.
    fn reverse(&self, address: IpAddr) -> BoxFuture<'_, Result<DnsAnswer, DnsFailure>>;
}

/// ADDRESS_CLASS_README.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressClass {
    Local,
    VirtualAlias,
    VirtualMailbox,
    Relay,
    Default,
}

/// Where mail for an address goes: the answer of trivial-rewrite(8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub transport: String,
    pub nexthop: String,
    /// Internal form after rewriting.
    pub recipient: String,
    pub address_class: AddressClass,
    /// Sender-specified routing that allow_untrusted_routing = no distrusts.
    pub source_routed: bool,
}

/// Whether its class knows the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Found, or its class has no list of recipients.
    Listed,
    /// Not in the class's recipient table.
    Unlisted,
    /// In relocated_maps, or its transport is error(8).
    Unavailable,
}

/// Why there is no resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// A table or the resolver failed for now. Text for the log.
    Temporary(String),
    /// Not a valid RFC 5321 address.
    Syntax,
}

/// trivial-rewrite(8) and the recipient tables of the address classes.
pub trait Addresses: Send + Sync {
    /// `sender` matters for sender_dependent_*_maps and may be empty.
    fn resolve<'a>(&'a self, address: &'a str, sender: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>>;
    /// Where a probe of verify(8) goes: by the address_verify_* routes.
    fn resolve_probe<'a>(
        &'a self,
        address: &'a str,
        sender: &'a str,
    ) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        self.resolve(address, sender)
    }
    /// By canonical, virtual alias, and its class's maps.
    fn find_recipient<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>>;
    /// The same for a sender address.
    fn find_sender<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>>;
    /// Address verification: verify(8). `stress`: the session runs under stress=yes and waits less. The default: there is no
    /// verification database.
    fn probe<'a>(&'a self, _address: &'a str, _stress: bool) -> BoxFuture<'a, Result<Probe, String>> {
        Box::pin(async { Err("no address verification database".to_string()) })
    }
    /// The sender of verify(8)'s probes, without the part that changes with time, if this is its address. The SMTP server never
    /// refuses it as a recipient: that would make the probes of others and ours fail each other.
    fn probe_sender(&self, _address: &str) -> Option<String> {
        None
    }
}

/// Outcome of an address verification probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeStatus {
    Deliverable,
    Undeliverable,
    Unreachable,
    InProgress,
}

/// What verify(8) knows of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub status: ProbeStatus,
    /// What the agent or the remote server said; one line.
    pub text: String,
}

/// Why a store call failed; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    NotGranted,
    TooBig,
    Unavailable(String),
}

/// Named key/value stores shared by all sessions and kept over restarts (wit/store.wit). Keys at most 256 bytes, values 64 KiB;
/// `ttl` in seconds, 0: until removed; an expired entry is absent.
pub trait Store: Send + Sync {
    fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    fn put(&self, store: &str, key: &str, value: &[u8], ttl: u32) -> Result<(), StoreError>;
    fn put_if_absent(&self, store: &str, key: &str, value: &[u8], ttl: u32) -> Result<bool, StoreError>;
    fn add(&self, store: &str, key: &str, amount: i64, ttl: u32) -> Result<i64, StoreError>;
    fn remove(&self, store: &str, key: &str) -> Result<(), StoreError>;
}
