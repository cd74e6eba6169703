//! reject_known_sender_login_mismatch: as reject_sender_login_mismatch, but a sender without owner is anybody's.

use waxwing_sdk::prelude::*;

use crate::owner::{self, sending};

const NAME: &str = "reject_known_sender_login_mismatch";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |_| match sending(NAME) {
    None => Verdict::Dunno,
    Some(sending) => match sending.check_login(Verdict::Dunno) {
        Verdict::Dunno => sending.check_no_login(),
        refusal => refusal,
    },
})
.depends_on(owner::INPUTS)
.summary("Rejects owned senders that the client does not own");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use crate::owner::tests::*;
    use waxwing_sdk::prelude::*;

    #[test]
    fn unowned_senders_are_anybodys() {
        let check = |sender, login| host(sender, login).check(&RESTRICTION, "");
        assert_eq!(check("a@x.test", Some("Alice")), Verdict::Dunno);
        assert_eq!(check("a@x.test", Some("mallory")), not_owned("a@x.test", "mallory"));
        assert_eq!(check("nobody@x.test", Some("alice")), Verdict::Dunno);
        assert_eq!(check("a@x.test", None), not_logged_in("a@x.test"));
        assert_eq!(check("nobody@x.test", None), Verdict::Dunno);
        assert_eq!(check("", Some("mallory")), Verdict::Dunno);
    }
}
