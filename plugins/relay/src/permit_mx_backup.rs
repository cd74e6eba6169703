//! permit_mx_backup: domains that name this host among their mail servers, though not as the best one.

use waxwing_sdk::{
    Attribute, ParameterKind, Reply,
    address::{domain, is_literal},
    addresses, class,
    dns::{self, Reason, RecordType, ResourceRecord},
    log,
    prelude::*,
    reply, tables,
};

use crate::own_host::{has_own_address, is_own_name};

pub const PERMIT_MX_BACKUP_NETWORKS: Parameter = Parameter::new(
    "permit_mx_backup_networks",
    ParameterKind::AddressList,
    "",
    "Networks that must hold the best mail servers of a domain for permit_mx_backup",
);

pub const RESTRICTION: Restriction = Restriction::new("permit_mx_backup", |_| {
    let [recipient, sender] = session::attributes([Attribute::Recipient, Attribute::Sender]);
    let Some(recipient) = recipient else { return Verdict::Dunno };
    let resolved = match addresses::resolve_or_defer(&recipient, sender.as_deref().unwrap_or_default()) {
        Ok(resolved) => resolved,
        Err(verdict) => return verdict,
    };
    if resolved.is_authorized_destination() {
        return Verdict::Permit;
    }
    match domain(&resolved.recipient) {
        Some(domain) if !resolved.source_routed && !is_literal(domain) => {
            Search { subject: Subject::new(recipient, class::RECIPIENT), doubt: None }.verdict(domain)
        }
        _ => Verdict::Dunno,
    }
})
.depends_on(Inputs::RECIPIENT.union(Inputs::SENDER))
.summary("Permits recipients in domains that name this host as a backup mail server");

/// The search for this host among the mail servers. A lookup that fails leaves a doubt: a later rejection is then a deferral.
struct Search {
    subject: Subject,
    doubt: Option<Reply>,
}

impl Search {
    fn verdict(mut self, domain: &str) -> Verdict {
        if self.is_backup_for(domain) {
            return Verdict::Permit;
        }
        self.doubt.map_or(Verdict::Dunno, Verdict::DeferIfReject)
    }

    fn is_backup_for(&mut self, domain: &str) -> bool {
        let servers = match dns::lookup(domain, RecordType::Mx) {
            Ok(answer) => answer.records,
            Err(failure) => {
                if dns::is_temporary(failure.reason) || failure.reason == Reason::Filtered {
                    let why = dns::reason_text(failure.reason);
                    self.doubt(&["Unable to look up mail exchanger information: ", why]);
                }
                return false;
            }
        };
        let best = servers.iter().map(|server| server.preference).min();
        let (primary, backup): (Vec<_>, Vec<_>) = servers.iter().partition(|server| Some(server.preference) == best);
        !self.is_among(&primary)
            && self.is_among(&backup)
            && (!PERMIT_MX_BACKUP_NETWORKS.is_set() || primary.iter().all(|server| self.is_trusted(&server.data)))
    }

    /// Names first: only where none matches are addresses looked up.
    fn is_among(&mut self, servers: &[&ResourceRecord]) -> bool {
        servers.iter().any(|server| is_own_name(&server.data))
            || servers.iter().any(|server| match has_own_address(&server.data) {
                Ok(own) => own,
                Err(reason) => {
                    let why = dns::resolver_text(reason);
                    self.doubt(&["Unable to look up mail exchanger host ", &server.data, ": ", why]);
                    false
                }
            })
    }

    /// All addresses of the host are in permit_mx_backup_networks.
    fn is_trusted(&mut self, host: &str) -> bool {
        let addresses = match dns::addresses(host) {
            Ok(addresses) => addresses,
            Err(reason) => {
                let why = dns::reason_text(reason);
                self.doubt(&["Unable to look up host ", host, " as mail exchanger: ", why]);
                return false;
            }
        };
        addresses.iter().all(|address| match tables::match_host(PERMIT_MX_BACKUP_NETWORKS.name(), host, address) {
            Ok(trusted) => trusted,
            Err(_) => {
                let name = PERMIT_MX_BACKUP_NETWORKS.name();
                log::warning(
                    &["all_auth_mx_addr: ", name, " lookup error for address ", address, " for ", host].concat(),
                );
                self.doubt(&["Unable to verify host ", host, " as mail exchanger"]);
                false
            }
        })
    }

    /// The first doubt counts, as in Postfix.
    fn doubt(&mut self, reason: &[&str]) {
        if self.doubt.is_none() {
            self.doubt = Some(reply(450, "4.4.4", self.subject.rejected(&reason.concat())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{
        addresses::AddressClass,
        dns::{Reason, RecordType},
        prelude::*,
        reply,
        testing::Host,
    };

    fn host(servers: &[&str]) -> Host {
        Host::new()
            .recipient("r@x.test")
            .dns("x.test", RecordType::Mx, servers)
            .dns("mx.x.test", RecordType::A, &["192.0.2.10"])
            .dns("me.test", RecordType::A, &["192.0.2.20"])
            .dns("alias.test", RecordType::A, &["192.0.2.20"])
            .list("mydestination", &["me.test"])
            .list("inet_interfaces", &["192.0.2.20"])
    }

    #[test]
    fn only_a_backup_counts() {
        for (servers, expected) in [
            (&["10 mx.x.test", "20 me.test"][..], Verdict::Permit),
            (&["10 mx.x.test", "20 alias.test"][..], Verdict::Permit),
            (&["10 me.test", "20 mx.x.test"][..], Verdict::Dunno),
            (&["10 me.test", "10 mx.x.test", "20 alias.test"][..], Verdict::Dunno),
            (&["10 mx.x.test"][..], Verdict::Dunno),
        ] {
            assert_eq!(host(servers).check(&RESTRICTION, ""), expected, "{servers:?}");
        }
        let own = Host::new().recipient("r@x.test").resolves("r@x.test", AddressClass::Local).check(&RESTRICTION, "");
        assert_eq!(own, Verdict::Permit);
    }

    #[test]
    fn the_best_servers_may_have_to_be_in_known_networks() {
        let host = |networks| {
            host(&["10 mx.x.test", "20 me.test"])
                .parameter("permit_mx_backup_networks", "x")
                .list("permit_mx_backup_networks", networks)
        };
        assert_eq!(host(&["192.0.2.10"]).check(&RESTRICTION, ""), Verdict::Permit);
        assert_eq!(host(&["192.0.2.99"]).check(&RESTRICTION, ""), Verdict::Dunno);
    }

    #[test]
    fn a_failing_lookup_turns_rejection_into_deferral() {
        let mut host = Host::new().recipient("r@x.test").dns_failure("x.test", RecordType::Mx, Reason::Timeout);
        let text = "<r@x.test>: Recipient address rejected: Unable to look up mail exchanger information: \
                    Host not found, try again";
        assert_eq!(host.check(&RESTRICTION, ""), Verdict::DeferIfReject(reply(450, "4.4.4", text)));
        let mut unknown = Host::new().recipient("r@x.test");
        assert_eq!(unknown.check(&RESTRICTION, ""), Verdict::Dunno);
    }
}
