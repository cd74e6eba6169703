//! DNS through the server's resolver and cache. Grant: dns.

pub use crate::bindings::waxwing::plugin::dns::{Answer, Failure, Reason, RecordType, ResourceRecord};
use crate::host;

/// Looks up one name; no search list, a dot at the end is allowed.
pub fn lookup(name: &str, kind: RecordType) -> Result<Answer, Failure> {
    host::dns::lookup(name, kind)
}

/// PTR of an IPv4 or IPv6 address.
pub fn reverse(address: &str) -> Result<Answer, Failure> {
    host::dns::reverse(address)
}

/// IPv4 and IPv6 addresses of a host; an address is its own. The failure is the one of the last type that failed.
pub fn addresses(host: &str) -> Result<Vec<String>, Reason> {
    if crate::hostname::is_address(host) {
        return Ok(vec![host.into()]);
    }
    let mut found = Vec::new();
    let mut reason = Reason::NoSuchDomain;
    for kind in [RecordType::A, RecordType::Aaaa] {
        match lookup(host, kind) {
            Ok(answer) => found.extend(answer.records.into_iter().map(|record| record.data)),
            Err(failure) => reason = preferred(reason, failure.reason),
        }
    }
    if found.is_empty() { Err(reason) } else { Ok(found) }
}

/// Whether a name has any record of these types, asked in this order until one is found or `stop` says that a failure is
/// final. The reason is the one Postfix would report: of several, the one that says most (dns_lookup_rl(3)).
pub fn exists(name: &str, kinds: &[RecordType], stop: fn(RecordType, Reason) -> bool) -> Result<(), Reason> {
    let mut reason = Reason::NoSuchDomain;
    // Postfix does not ask for what cannot be in DNS. Names beyond ASCII are the resolver's to translate.
    if name.is_ascii() && !crate::hostname::is_hostname(crate::hostname::without_final_dot(name)) {
        return Err(reason);
    }
    for &kind in kinds {
        match lookup(name, kind) {
            Ok(_) => return Ok(()),
            Err(failure) if stop(kind, failure.reason) => return Err(failure.reason),
            Err(failure) => reason = preferred(reason, failure.reason),
        }
    }
    Err(reason)
}

/// Of two failures for one name, the one that counts.
fn preferred(one: Reason, other: Reason) -> Reason {
    let weight = |reason| match reason {
        Reason::NoSuchDomain | Reason::NoData => 0,
        Reason::Filtered => 1,
        Reason::ServerFailure | Reason::Timeout => 2,
        Reason::Malformed => 3,
        Reason::Refused => 4,
        Reason::NullMx => 5,
    };
    if weight(other) > weight(one) { other } else { one }
}

/// May work later: DNS_RETRY.
pub fn is_temporary(reason: Reason) -> bool {
    matches!(reason, Reason::ServerFailure | Reason::Timeout)
}

/// The name, or one of this type, does not exist: DNS_NOTFOUND.
pub fn is_not_found(reason: Reason) -> bool {
    matches!(reason, Reason::NoSuchDomain | Reason::NoData)
}

/// The C library's words for a host whose addresses cannot be found (gai_strerror(3)).
pub fn resolver_text(reason: Reason) -> &'static str {
    match reason {
        Reason::NoData => "No address associated with hostname",
        Reason::ServerFailure | Reason::Timeout => "Temporary failure in name resolution",
        _ => "Name or service not known",
    }
}

/// Postfix's words (dns_strerror(3)).
pub fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::NoSuchDomain => "Host not found",
        Reason::NoData => "Host found but no data record of requested type",
        Reason::NullMx => "Domain does not accept mail (nullMX)",
        Reason::Malformed => "Malformed or unexpected name server reply",
        Reason::Refused => "Non-recoverable error",
        Reason::ServerFailure | Reason::Timeout => "Host not found, try again",
        Reason::Filtered => "DNS reply filter policy",
    }
}
