//! reject_sender_login_mismatch: an owned sender wants a login, and the login must own the sender.

use waxwing_sdk::prelude::*;

use crate::owner::{self, sending};

const NAME: &str = "reject_sender_login_mismatch";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |_| match sending(NAME) {
    None => Verdict::Dunno,
    Some(sending) => match sending.check_login(Verdict::Permit) {
        Verdict::Dunno => sending.check_no_login(),
        refusal => refusal,
    },
})
.depends_on(owner::INPUTS)
.summary("Rejects senders that the client does not own, logged in or not");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use crate::owner::tests::*;
    use waxwing_sdk::prelude::*;

    #[test]
    fn both_ways() {
        let check = |sender, login| host(sender, login).check(&RESTRICTION, "");
        assert_eq!(check("a@x.test", Some("Alice")), Verdict::Dunno);
        assert_eq!(check("a@x.test", Some("mallory")), not_owned("a@x.test", "mallory"));
        assert_eq!(check("nobody@x.test", Some("alice")), not_owned("nobody@x.test", "alice"));
        assert_eq!(check("a@x.test", None), not_logged_in("a@x.test"));
        assert_eq!(check("nobody@x.test", None), Verdict::Dunno);
        assert_eq!(check("", Some("mallory")), Verdict::Dunno);
    }

    #[test]
    fn without_auth_it_is_ignored() {
        let mut host = waxwing_sdk::testing::Host::new().sender("a@x.test");
        assert_eq!(host.check(&RESTRICTION, ""), Verdict::Dunno);
        assert_eq!(host.warnings(), ["restriction `reject_sender_login_mismatch' ignored: no SASL support"]);
    }
}
