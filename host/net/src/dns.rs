//! DNS lookups as dns_lookup(3): resolv.conf(5), typed reasons, Postfix's words. Caching by TTL is the library's.

mod reply_filter;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, Record, RecordType as Wire},
    },
    system_conf::parse_resolv_conf,
};
use hook::{BoxFuture, Dns, DnsAnswer, DnsFailure, DnsReason, RecordType, ResourceRecord};

pub use reply_filter::ReplyFilter;

/// dns_rr_list_limit of 3.7.11's security updates: more records than these are dropped.
const RECORD_LIMIT: usize = 100;

/// Where to ask, and how patiently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A resolv.conf(5) file; its nameserver lines and the options timeout and attempts count. A file that
    /// cannot be read, or names no server, means 127.0.0.1, as in the C library.
    pub resolv_conf: PathBuf,
    /// Ask these instead; the timeouts stay.
    pub nameservers: Vec<SocketAddr>,
    /// Replaces the file's timeout for each try.
    pub timeout: Option<Duration>,
    /// Replaces the file's attempts.
    pub attempts: Option<usize>,
    /// How many answers are remembered for their TTL; 0: none.
    pub cache_size: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            resolv_conf: PathBuf::from("/etc/resolv.conf"),
            nameservers: Vec::new(),
            timeout: None,
            attempts: None,
            cache_size: 4096,
        }
    }
}

/// No resolver could be made from the settings.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    #[error("{0}")]
    Library(#[from] NetError),
}

/// Asks the configured name servers. Clones share the cache.
#[derive(Clone)]
pub struct Resolver {
    inner: TokioResolver,
}

impl Resolver {
    /// Reads resolv.conf once; a changed file counts after a reload.
    pub fn new(settings: &Settings) -> Result<Self, ResolverError> {
        let (servers, mut options) = system_servers(settings)?;
        options.timeout = settings.timeout.unwrap_or(options.timeout);
        options.attempts = settings.attempts.unwrap_or(options.attempts);
        options.cache_size = settings.cache_size;
        // RFC 6891: large answers without a second try over TCP; every resolver of today knows it.
        options.edns0 = true;
        options.use_hosts_file = ResolveHosts::Never;
        // Lookups carry a dot at the end, so no search list applies; intermediate CNAMEs are followed, not wanted.
        options.preserve_intermediates = false;
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        Ok(Self { inner: builder.with_options(options).build()? })
    }

    async fn query(&self, name: Name, shown: &str, kind: RecordType) -> Result<DnsAnswer, DnsFailure> {
        let answer =
            self.inner.lookup(name, wire_type(kind)).await.map_err(|error| failure(shown, kind, reason(&error)))?;
        let mut records: Vec<_> = answer.answers().iter().filter_map(|record| convert(record, kind)).collect();
        if records.is_empty() {
            return Err(failure(shown, kind, DnsReason::NoData));
        }
        // RFC 7505 section 3: only a single MX with an empty exchange means that there is no mail service.
        if kind == RecordType::Mx && records.len() == 1 && records[0].data.is_empty() {
            return Err(failure(shown, kind, DnsReason::NullMx));
        }
        records.truncate(RECORD_LIMIT);
        if kind == RecordType::Mx {
            records.retain(|record| !record.data.is_empty());
            records.sort_by_key(|record| record.preference);
        }
        Ok(DnsAnswer { records, secure: answer.message().metadata.authentic_data })
    }
}

impl Dns for Resolver {
    fn lookup<'a>(&'a self, name: &'a str, kind: RecordType) -> BoxFuture<'a, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async move {
            match full_name(name) {
                Some(full) => self.query(full, name.trim_end_matches('.'), kind).await,
                None => Err(failure(name, kind, DnsReason::Malformed)),
            }
        })
    }

    fn reverse(&self, address: IpAddr) -> BoxFuture<'_, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async move {
            let name = Name::from(address);
            let shown = reverse_name(address);
            self.query(name, &shown, RecordType::Ptr).await
        })
    }
}

/// The name whose PTR record names an address: `1.2.0.192.in-addr.arpa`.
pub fn reverse_name(address: IpAddr) -> String {
    let mut name = Name::from(address).to_ascii();
    name.truncate(name.trim_end_matches('.').len());
    name
}

/// What dns_lookup(3) leaves as its reason.
pub fn failure_text(name: &str, kind: RecordType, reason: DnsReason) -> String {
    let kind = type_name(kind);
    let error = match reason {
        DnsReason::NullMx => return format!("Domain {name} does not accept mail (nullMX)"),
        DnsReason::Malformed => return format!("Name service error for {name}: invalid host or domain name"),
        DnsReason::Filtered => {
            return format!("Error looking up name={name} type={kind}: DNS reply filter drops all results");
        }
        DnsReason::NoSuchDomain => "Host not found",
        DnsReason::NoData => "Host found but no data record of requested type",
        DnsReason::Refused => "Non-recoverable error",
        DnsReason::ServerFailure | DnsReason::Timeout => "Host not found, try again",
    };
    format!("Host or domain name not found. Name service error for name={name} type={kind}: {error}")
}

/// `MX`.
pub fn type_name(kind: RecordType) -> &'static str {
    match kind {
        RecordType::A => "A",
        RecordType::Aaaa => "AAAA",
        RecordType::Cname => "CNAME",
        RecordType::Mx => "MX",
        RecordType::Ns => "NS",
        RecordType::Ptr => "PTR",
        RecordType::Soa => "SOA",
        RecordType::Srv => "SRV",
        RecordType::Tlsa => "TLSA",
        RecordType::Txt => "TXT",
    }
}

fn failure(name: &str, kind: RecordType, reason: DnsReason) -> DnsFailure {
    DnsFailure { reason, secure: false, text: failure_text(name, kind, reason) }
}

fn wire_type(kind: RecordType) -> Wire {
    match kind {
        RecordType::A => Wire::A,
        RecordType::Aaaa => Wire::AAAA,
        RecordType::Cname => Wire::CNAME,
        RecordType::Mx => Wire::MX,
        RecordType::Ns => Wire::NS,
        RecordType::Ptr => Wire::PTR,
        RecordType::Soa => Wire::SOA,
        RecordType::Srv => Wire::SRV,
        RecordType::Tlsa => Wire::TLSA,
        RecordType::Txt => Wire::TXT,
    }
}

/// A name with the root at its end. None: not a name of the DNS.
fn full_name(name: &str) -> Option<Name> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    let broken = bare.is_empty() || bare.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'\\');
    if broken {
        return None;
    }
    let mut full = if bare.is_ascii() { Name::from_ascii(bare) } else { Name::from_utf8(bare) }.ok()?;
    full.set_fqdn(true);
    Some(full)
}

fn reason(error: &NetError) -> DnsReason {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NoError => DnsReason::NoData,
            code => reason_of_code(code),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => reason_of_code(*code),
        NetError::Timeout => DnsReason::Timeout,
        NetError::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => DnsReason::Timeout,
        // No connection, garbage in the reply: another try, or another server, may do better.
        _ => DnsReason::ServerFailure,
    }
}

fn reason_of_code(code: ResponseCode) -> DnsReason {
    match code {
        ResponseCode::NXDomain => DnsReason::NoSuchDomain,
        ResponseCode::Refused | ResponseCode::NotImp | ResponseCode::FormErr => DnsReason::Refused,
        _ => DnsReason::ServerFailure,
    }
}

fn convert(record: &Record, kind: RecordType) -> Option<ResourceRecord> {
    if record.record_type() != wire_type(kind) {
        return None;
    }
    let mut preference = 0;
    let data = match &record.data {
        RData::A(address) => address.0.to_string(),
        RData::AAAA(address) => address.0.to_string(),
        RData::CNAME(name) => shown(name),
        RData::NS(name) => shown(name),
        RData::PTR(name) => shown(name),
        RData::MX(mx) => {
            preference = mx.preference;
            shown(&mx.exchange)
        }
        RData::SRV(srv) => {
            preference = srv.priority;
            format!("{} {} {}", srv.weight, srv.port, shown(&srv.target))
        }
        RData::TXT(txt) => txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect(),
        other => other.to_string(),
    };
    let name = shown(&record.name).to_ascii_lowercase();
    Some(ResourceRecord { name, ttl: record.ttl, preference, data })
}

/// Without the dot at the end.
fn shown(name: &Name) -> String {
    let mut text = name.to_ascii();
    text.truncate(text.trim_end_matches('.').len());
    text
}

fn system_servers(settings: &Settings) -> Result<(Vec<NameServerConfig>, ResolverOpts), ResolverError> {
    // Missing or not for our eyes: the C library goes on with its defaults, and so do we.
    let file = std::fs::read(&settings.resolv_conf).unwrap_or_default();
    // The library wants at least one server; its defaults for the options are those of resolv.conf(5).
    let (config, options) = match parse_resolv_conf(&file) {
        Ok(parsed) => parsed,
        Err(_) => parse_resolv_conf([b"nameserver 127.0.0.1\n".as_slice(), &file].concat())?,
    };
    if settings.nameservers.is_empty() {
        return Ok((config.name_servers().to_vec(), options));
    }
    let at_port = |address: &SocketAddr| {
        let mut server = NameServerConfig::udp_and_tcp(address.ip());
        server.connections.iter_mut().for_each(|connection| connection.port = address.port());
        server
    };
    Ok((settings.nameservers.iter().map(at_port).collect(), options))
}

#[cfg(test)]
mod tests;
