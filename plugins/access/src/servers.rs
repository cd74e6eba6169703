//! check_*_a_access, check_*_mx_access, check_*_ns_access: the hosts behind a domain, by name and by address.

use waxwing_sdk::{
    Subject, Verdict,
    address::{domain, is_literal},
    dns::{self, Reason, RecordType},
    hostname::{is_address, literal_address},
    log, tables,
};

use crate::lookup::never_permit;

/// Which hosts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Servers {
    /// The name's own addresses.
    A,
    Mx,
    Ns,
}

/// One use of such a restriction.
pub struct Search<'a> {
    /// The restriction's name.
    pub restriction: &'static str,
    pub table: &'a str,
    /// A host name, or a mail address.
    pub target: &'a str,
    pub subject: &'a dyn Fn() -> Subject,
}

impl Search<'_> {
    /// The first host with an entry decides. A lookup that fails is logged and does not.
    pub fn check(&self, servers: Servers) -> Verdict {
        let name = domain(self.target).unwrap_or(self.target);
        let verdict = if name.starts_with('[') {
            self.literal(name, servers)
        } else {
            self.hosts(name, servers).iter().find_map(|host| self.host(host, servers))
        };
        verdict.unwrap_or(Verdict::Dunno)
    }

    /// An address literal is its own mail server, and has no name server.
    fn literal(&self, name: &str, servers: Servers) -> Option<Verdict> {
        if servers == Servers::Ns || !is_literal(name) {
            return None;
        }
        self.address(literal_address(&name[1..name.len() - 1])?)
    }

    fn hosts(&self, name: &str, servers: Servers) -> Vec<String> {
        let kind = match servers {
            Servers::A => return vec![name.into()],
            Servers::Mx => RecordType::Mx,
            Servers::Ns => RecordType::Ns,
        };
        let mut asked = name;
        let mut answer = dns::lookup(asked, kind);
        let absent = |answer: &Result<dns::Answer, dns::Failure>| matches!(answer, Err(failure) if dns::is_not_found(failure.reason));
        if absent(&answer) && servers == Servers::Mx {
            // RFC 5321 section 5.1: a name without MX is its own mail server.
            return vec![name.into()];
        }
        // A name inside a zone has the name servers of the zone.
        while absent(&answer) && servers == Servers::Ns {
            match asked.split_once('.') {
                Some((_, parent)) if !parent.is_empty() => asked = parent,
                _ => break,
            }
            answer = dns::lookup(asked, kind);
        }
        match answer {
            Ok(answer) => answer.records.into_iter().map(|record| record.data).collect(),
            Err(failure) => {
                if failure.reason != Reason::NullMx {
                    let kind = if servers == Servers::Mx { "MX" } else { "NS" };
                    let why = dns::reason_text(failure.reason);
                    log::warning(&["Unable to look up ", kind, " host for ", asked, ": ", why].concat());
                }
                Vec::new()
            }
        }
    }

    fn host(&self, host: &str, servers: Servers) -> Option<Verdict> {
        if is_address(host) {
            return self.address(host);
        }
        if servers != Servers::A {
            let found = tables::find_domain(self.table, host);
            let verdict = never_permit(self.restriction, self.target, self.table, host, found, self.subject);
            if verdict.is_some() {
                return verdict;
            }
        }
        match dns::addresses(host) {
            Ok(addresses) => addresses.iter().find_map(|address| self.address(address)),
            Err(reason) => {
                if servers != Servers::A {
                    let kind = if servers == Servers::Mx { "MX" } else { "NS" };
                    let Subject { name, class } = (self.subject)();
                    let why = dns::resolver_text(reason);
                    let line = ["Unable to look up ", kind, " host ", host, " for ", class, " ", &name, ": ", why];
                    log::warning(&line.concat());
                }
                None
            }
        }
    }

    fn address(&self, address: &str) -> Option<Verdict> {
        let found = tables::find_address(self.table, address);
        never_permit(self.restriction, self.target, self.table, address, found, self.subject)
    }
}
