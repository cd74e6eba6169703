//! reject_multi_recipient_bounce: a bounce answers one message, so it has one recipient.

use waxwing_sdk::{Attribute, prelude::*};

pub const MULTI_RECIPIENT_BOUNCE_REJECT_CODE: Parameter = Parameter::new_code(
    "multi_recipient_bounce_reject_code",
    "550",
    "Reply code of the restriction reject_multi_recipient_bounce",
);

pub const RESTRICTION: Restriction = Restriction::new("reject_multi_recipient_bounce", |_| {
    if session::sender().is_none_or(|sender| !sender.is_empty()) {
        return Verdict::Dunno;
    }
    // At RCPT TO the recipient under test is not counted yet.
    let at_rcpt = session::attribute(Attribute::ProtocolState).is_some_and(|state| state == "RCPT");
    if session::recipient_count() <= u32::from(!at_rcpt) {
        return Verdict::Dunno;
    }
    Subject::of_stage().refuse(MULTI_RECIPIENT_BOUNCE_REJECT_CODE.code(), "5.5.3", "Multi-recipient bounce")
})
.depends_on(Inputs::SENDER.union(Inputs::RECIPIENT))
.summary("Rejects mail from the null sender to more than one recipient");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{prelude::*, testing::Host};

    #[test]
    fn counts_the_recipient_under_test() {
        let data = || Host::new().stage(Stage::Data).protocol_state("DATA").sender("");
        assert_eq!(data().recipients(&["a@b.test"]).check(&RESTRICTION, ""), Verdict::Dunno);
        assert_eq!(
            data().recipients(&["a@b.test", "c@d.test"]).check(&RESTRICTION, ""),
            refuse(550, "5.5.3", "<DATA>: Data command rejected: Multi-recipient bounce")
        );
        let ordinary = data().recipients(&["a@b.test", "c@d.test"]).sender("x@y.test").check(&RESTRICTION, "");
        assert_eq!(ordinary, Verdict::Dunno);
        let rcpt = || Host::new().sender("").recipient("c@d.test");
        assert_eq!(rcpt().check(&RESTRICTION, ""), Verdict::Dunno);
        assert_eq!(
            rcpt().recipients(&["a@b.test"]).check(&RESTRICTION, ""),
            refuse(550, "5.5.3", "<c@d.test>: Recipient address rejected: Multi-recipient bounce")
        );
    }
}
