//! reject_unknown_helo_hostname: the name must be in DNS, with an address or a mail server.

use waxwing_sdk::{
    ParameterKind,
    dns::{self, Reason, RecordType},
    log,
    prelude::*,
    reply,
};

pub const UNKNOWN_HOSTNAME_REJECT_CODE: Parameter = Parameter::new_code(
    "unknown_hostname_reject_code",
    "450",
    "Reply code of the restriction reject_unknown_helo_hostname",
);
pub const UNKNOWN_HELO_HOSTNAME_TEMPFAIL_ACTION: Parameter = Parameter::new(
    "unknown_helo_hostname_tempfail_action",
    ParameterKind::Text,
    "$reject_tempfail_action",
    "What reject_unknown_helo_hostname does when DNS fails for now: defer_if_permit or defer",
);

pub const RESTRICTION: Restriction = Restriction::new("reject_unknown_helo_hostname", |_| crate::helo(name))
    .aliases(&["reject_unknown_hostname"])
    .depends_on(Inputs::HELO)
    .summary("Rejects HELO names without an A, AAAA or MX record");

fn name(subject: &Subject) -> Verdict {
    let kinds = [RecordType::A, RecordType::Aaaa, RecordType::Mx];
    let reason = match dns::exists(&subject.name, &kinds, |_, _| false) {
        // A mail server that takes no mail for its own name is a mail server all the same.
        Ok(()) | Err(Reason::NullMx) => return Verdict::Dunno,
        Err(reason) => reason,
    };
    match reason {
        Reason::Filtered => {
            let name = &subject.name;
            log::warning(&[name, ": address or MX lookup error: DNS reply filter drops all results"].concat());
            Verdict::Dunno
        }
        reason if dns::is_temporary(reason) => {
            let reply = reply(450, "4.7.1", subject.rejected("Host not found"));
            if UNKNOWN_HELO_HOSTNAME_TEMPFAIL_ACTION.text() == "defer" {
                Verdict::Defer(reply)
            } else {
                Verdict::DeferIfPermit(reply)
            }
        }
        Reason::Malformed => refuse_as(subject, "Malformed DNS server reply"),
        _ => refuse_as(subject, "Host not found"),
    }
}

fn refuse_as(subject: &Subject, reason: &str) -> Verdict {
    subject.refuse(UNKNOWN_HOSTNAME_REJECT_CODE.code(), "4.7.1", reason)
}

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{
        dns::{Reason, RecordType},
        prelude::*,
        reply,
        testing::Host,
    };

    fn text() -> String {
        "<mx.test>: Helo command rejected: Host not found".into()
    }

    #[test]
    fn any_record_will_do() {
        let host = || Host::new().helo("mx.test");
        for (kind, data) in [(RecordType::A, "192.0.2.1"), (RecordType::Aaaa, "::1"), (RecordType::Mx, "10 mx.test")] {
            assert_eq!(host().dns("mx.test", kind, &[data]).check(&RESTRICTION, ""), Verdict::Dunno, "{kind:?}");
        }
        assert_eq!(host().check(&RESTRICTION, ""), refuse(450, "4.7.1", text()));
        let no_mail = host().dns_failure("mx.test", RecordType::Mx, Reason::NullMx).check(&RESTRICTION, "");
        assert_eq!(no_mail, Verdict::Dunno);
    }

    #[test]
    fn failures_for_now_and_for_good() {
        let host = || Host::new().helo("mx.test").parameter("unknown_hostname_reject_code", "550");
        let failing = |reason| host().dns_failure("mx.test", RecordType::A, reason);
        let reply = reply(450, "4.7.1", text());
        assert_eq!(failing(Reason::Timeout).check(&RESTRICTION, ""), Verdict::DeferIfPermit(reply.clone()));
        let mut defer = failing(Reason::ServerFailure).parameter("unknown_helo_hostname_tempfail_action", "defer");
        assert_eq!(defer.check(&RESTRICTION, ""), Verdict::Defer(reply));
        assert_eq!(failing(Reason::NoData).check(&RESTRICTION, ""), refuse(550, "4.7.1", text()));
        let malformed = "<mx.test>: Helo command rejected: Malformed DNS server reply";
        assert_eq!(failing(Reason::Malformed).check(&RESTRICTION, ""), refuse(550, "4.7.1", malformed));
        let mut filtered = failing(Reason::Filtered);
        assert_eq!(filtered.check(&RESTRICTION, ""), Verdict::Dunno);
        assert_eq!(filtered.warnings(), ["mx.test: address or MX lookup error: DNS reply filter drops all results"]);
    }
}
