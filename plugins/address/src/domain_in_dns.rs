//! Whether an address's domain can be found in DNS.

use waxwing_sdk::{
    ParameterKind,
    address::{domain, is_literal},
    addresses,
    dns::{self, Reason, RecordType},
    log,
    prelude::*,
    reply,
};

use crate::Role;

pub const UNKNOWN_ADDRESS_REJECT_CODE: Parameter = Parameter::new_code(
    "unknown_address_reject_code",
    "450",
    "Reply code of the restrictions reject_unknown_sender_domain and reject_unknown_recipient_domain",
);
pub const UNKNOWN_ADDRESS_TEMPFAIL_ACTION: Parameter = Parameter::new(
    "unknown_address_tempfail_action",
    ParameterKind::Text,
    "$reject_tempfail_action",
    "What the same restrictions do when DNS fails for now: defer_if_permit or defer",
);

pub fn check(role: Role) -> Verdict {
    let Some(address) = role.address() else { return Verdict::Dunno };
    // The other address could change the transport, but neither the domain nor its class.
    let resolved = match addresses::resolve_or_defer(&address, "") {
        Ok(resolved) => resolved,
        Err(verdict) => return verdict,
    };
    let Some(domain) = domain(&resolved.recipient) else { return Verdict::Dunno };
    // The server's own domains need not be in DNS.
    if resolved.is_final() || is_literal(domain) {
        return Verdict::Dunno;
    }
    match dns::exists(domain, &[RecordType::Mx, RecordType::A, RecordType::Aaaa], is_answer) {
        Ok(()) => Verdict::Dunno,
        Err(reason) => refusal(role, &Subject::new(address, role.class()), domain, reason),
    }
}

/// Failures of the MX lookup after which an address would not count.
fn is_answer(kind: RecordType, reason: Reason) -> bool {
    match reason {
        Reason::NullMx | Reason::Malformed => true,
        Reason::Filtered => kind == RecordType::Mx,
        _ => false,
    }
}

fn refusal(role: Role, subject: &Subject, domain: &str, reason: Reason) -> Verdict {
    let (unknown, no_mail) = match role {
        Role::Sender => ("4.1.8", (550, "5.7.27")),
        Role::Recipient => ("4.1.2", (556, "5.1.10")),
    };
    let code = UNKNOWN_ADDRESS_REJECT_CODE.code();
    match reason {
        Reason::Filtered => {
            log::warning(&[domain, ": MX or address lookup error: DNS reply filter drops all results"].concat());
            Verdict::Dunno
        }
        // RFC 7505 section 4: the domain says that it takes no mail, and so cannot take a bounce either.
        Reason::NullMx => {
            let text = ["Domain ", domain, " does not accept mail (nullMX)"].concat();
            subject.refuse(no_mail.0, no_mail.1, &text)
        }
        reason if dns::is_temporary(reason) => {
            let reply = reply(450, unknown, subject.rejected("Domain not found"));
            if UNKNOWN_ADDRESS_TEMPFAIL_ACTION.text() == "defer" {
                Verdict::Defer(reply)
            } else {
                Verdict::DeferIfPermit(reply)
            }
        }
        Reason::Malformed => subject.refuse(code, unknown, "Malformed DNS server reply"),
        _ => subject.refuse(code, unknown, "Domain not found"),
    }
}
