//! reject_unverified_sender: mail to the sender must be deliverable.

use waxwing_sdk::{ParameterKind, class, prelude::*};

use crate::verdict::{Settings, check};

pub const REJECT_CODE: Parameter = Parameter::new(
    "unverified_sender_reject_code",
    ParameterKind::Number,
    "450",
    "Reply code for senders that a probe found undeliverable",
);
pub const DEFER_CODE: Parameter = Parameter::new(
    "unverified_sender_defer_code",
    ParameterKind::Number,
    "450",
    "Reply code for senders that could not be probed; 250 lets them pass",
);
pub const REJECT_REASON: Parameter = Parameter::new(
    "unverified_sender_reject_reason",
    ParameterKind::Text,
    "",
    "Reason given to the client instead of the probe's",
);
pub const TEMPFAIL_ACTION: Parameter = Parameter::new(
    "unverified_sender_tempfail_action",
    ParameterKind::Text,
    "$reject_tempfail_action",
    "What is done when a probe fails for now: defer_if_permit or defer",
);

const SETTINGS: Settings = Settings {
    class: class::SENDER,
    status: "4.1.7",
    reject_code: REJECT_CODE,
    defer_code: DEFER_CODE,
    reject_reason: REJECT_REASON,
    tempfail_action: TEMPFAIL_ACTION,
};

// The outcome of a probe changes while the session goes on.
pub const RESTRICTION: Restriction =
    Restriction::new("reject_unverified_sender", |_| check(session::sender(), &SETTINGS))
        .summary("Rejects senders that mail cannot be delivered to");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{
        addresses::{ProbeResult, ProbeStatus},
        prelude::*,
        reply,
        testing::Host,
    };

    fn host(status: ProbeStatus) -> Host {
        let text = if status == ProbeStatus::Deliverable { "" } else { "host mx.test said no" };
        Host::new().sender("a@x.test").probe("a@x.test", Ok(ProbeResult { status, text: text.into() }))
    }

    fn text(reason: &str) -> String {
        format!("<a@x.test>: Sender address rejected: {reason}")
    }

    #[test]
    fn as_the_probe_says() {
        assert_eq!(host(ProbeStatus::Deliverable).check(&RESTRICTION, ""), Verdict::Dunno);
        let unverified = Verdict::DeferIfPermit(reply(450, "4.1.7", text("unverified address: host mx.test said no")));
        for status in [ProbeStatus::Undeliverable, ProbeStatus::Unreachable, ProbeStatus::InProgress] {
            assert_eq!(host(status).check(&RESTRICTION, ""), unverified, "{status:?}");
        }
        let mut strict = host(ProbeStatus::Undeliverable).parameter("unverified_sender_reject_code", "550");
        let undeliverable = refuse(550, "5.1.7", text("undeliverable address: host mx.test said no"));
        let verdict = strict.check(&RESTRICTION, "");
        assert_eq!(verdict, undeliverable);
    }

    #[test]
    fn parameters_change_the_answer() {
        let mut lenient = host(ProbeStatus::Unreachable).parameter("unverified_sender_defer_code", "250");
        assert_eq!(lenient.check(&RESTRICTION, ""), Verdict::Dunno);
        let mut discreet = host(ProbeStatus::Unreachable)
            .parameter("unverified_sender_reject_reason", "no")
            .parameter("unverified_sender_tempfail_action", "defer");
        let reply = reply(450, "4.1.7", text("unverified address: no"));
        assert_eq!(discreet.check(&RESTRICTION, ""), Verdict::Defer(reply));
    }

    #[test]
    fn without_verify_service_it_defers() {
        let mut host = Host::new().sender("a@x.test");
        let reply = reply(450, "4.1.7", text("address verification problem"));
        assert_eq!(host.check(&RESTRICTION, ""), Verdict::DeferIfPermit(reply));
        assert_eq!(host.warnings(), ["verify service failure"]);
        assert_eq!(Host::new().check(&RESTRICTION, ""), Verdict::Dunno);
    }
}
