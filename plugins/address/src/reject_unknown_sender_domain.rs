//! reject_unknown_sender_domain: MAIL FROM's domain must be in DNS, unless it is one of this server's.

use waxwing_sdk::prelude::*;

use crate::{Role, domain_in_dns};

pub const RESTRICTION: Restriction =
    Restriction::new("reject_unknown_sender_domain", |_| domain_in_dns::check(Role::Sender))
        .aliases(&["reject_unknown_address"])
        .depends_on(Inputs::SENDER)
        .summary("Rejects sender domains without MX, A or AAAA record");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{
        addresses::{AddressClass, AddressError},
        dns::{Reason, RecordType},
        prelude::*,
        reply, temporary_lookup_failure,
        testing::Host,
    };

    fn host() -> Host {
        Host::new().sender("s@x.test").recipient("r@here.test")
    }

    fn text(reason: &str) -> String {
        format!("<s@x.test>: Sender address rejected: {reason}")
    }

    #[test]
    fn a_mail_server_or_an_address_will_do() {
        for (kind, data) in [(RecordType::Mx, "10 mx.test"), (RecordType::A, "192.0.2.1"), (RecordType::Aaaa, "::1")] {
            assert_eq!(host().dns("x.test", kind, &[data]).check(&RESTRICTION, ""), Verdict::Dunno, "{kind:?}");
        }
        assert_eq!(host().check(&RESTRICTION, ""), refuse(450, "4.1.8", text("Domain not found")));
        let mut strict = host().parameter("unknown_address_reject_code", "550");
        assert_eq!(strict.check(&RESTRICTION, ""), refuse(550, "5.1.8", text("Domain not found")));
    }

    #[test]
    fn own_domains_and_literals_pass_unasked() {
        for class in [AddressClass::Local, AddressClass::VirtualAlias, AddressClass::VirtualMailbox] {
            let mut own = host().resolves("s@x.test", class);
            assert_eq!(own.check(&RESTRICTION, ""), Verdict::Dunno, "{class:?}");
            assert!(own.lookups().is_empty(), "{class:?}: {:?}", own.lookups());
        }
        assert_eq!(Host::new().sender("s@[192.0.2.1]").check(&RESTRICTION, ""), Verdict::Dunno);
        assert_eq!(Host::new().sender("").check(&RESTRICTION, ""), Verdict::Dunno);
        let relayed = host().resolves("s@x.test", AddressClass::Relay).check(&RESTRICTION, "");
        assert!(matches!(relayed, Verdict::Defer(_)), "a relay domain must be in DNS: {relayed:?}");
    }

    #[test]
    fn a_null_mx_sends_no_mail() {
        let mut host =
            host().dns_failure("x.test", RecordType::Mx, Reason::NullMx).dns("x.test", RecordType::A, &["192.0.2.1"]);
        let text = text("Domain x.test does not accept mail (nullMX)");
        assert_eq!(host.check(&RESTRICTION, ""), refuse(550, "5.7.27", text));
    }

    #[test]
    fn failures_for_now_defer_what_would_be_permitted() {
        let reply = reply(450, "4.1.8", text("Domain not found"));
        for reason in [Reason::ServerFailure, Reason::Timeout] {
            let failing = || host().dns_failure("x.test", RecordType::Mx, reason);
            assert_eq!(failing().check(&RESTRICTION, ""), Verdict::DeferIfPermit(reply.clone()));
            let mut defer = failing().parameter("unknown_address_tempfail_action", "defer");
            assert_eq!(defer.check(&RESTRICTION, ""), Verdict::Defer(reply.clone()));
            let mut found = failing().dns("x.test", RecordType::A, &["192.0.2.1"]);
            assert_eq!(found.check(&RESTRICTION, ""), Verdict::Dunno, "an address is enough");
        }
        let mut down = host().resolution("s@x.test", Err(AddressError::Temporary));
        assert_eq!(down.check(&RESTRICTION, ""), temporary_lookup_failure("s@x.test"));
    }

    #[test]
    fn bad_answers_are_told_apart() {
        let mut malformed = host().dns_failure("x.test", RecordType::Mx, Reason::Malformed);
        assert_eq!(malformed.check(&RESTRICTION, ""), refuse(450, "4.1.8", text("Malformed DNS server reply")));
        let mut filtered = host().dns_failure("x.test", RecordType::Mx, Reason::Filtered);
        assert_eq!(filtered.check(&RESTRICTION, ""), Verdict::Dunno);
        assert_eq!(filtered.warnings(), ["x.test: MX or address lookup error: DNS reply filter drops all results"]);
    }
}
