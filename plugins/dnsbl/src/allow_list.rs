//! The permitting half.

use waxwing_sdk::{Attribute, Subject, Verdict, addresses, class, reply, session};

use crate::list::Listed;

/// `what` is what was looked up. At RCPT TO, a listed client may send to own recipients only: it is no reason to relay.
pub fn check(what: &str, listed: Listed) -> Verdict {
    if matches!(listed, Listed::No) {
        return Verdict::Dunno;
    }
    let [state, recipient, sender] =
        session::attributes([Attribute::ProtocolState, Attribute::Recipient, Attribute::Sender]);
    if let (Some("RCPT"), Some(recipient)) = (state.as_deref(), recipient) {
        match addresses::resolve_or_defer(&recipient, sender.as_deref().unwrap_or_default()) {
            Ok(resolved) if resolved.is_authorized_destination() => {}
            Ok(_) => return Verdict::Dunno,
            Err(verdict) => return verdict,
        }
    }
    match listed {
        Listed::Yes(_) => Verdict::Permit,
        // A client that could be in the list must not be lost for good.
        _ => Verdict::DeferIfReject(reply(
            450,
            "4.7.1",
            Subject::new(what, class::CLIENT).rejected("Service unavailable"),
        )),
    }
}
