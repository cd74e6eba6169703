//! reject_unauthenticated_sender_login_mismatch: an owned sender wants a login.

use waxwing_sdk::prelude::*;

use crate::owner::{self, sending};

const NAME: &str = "reject_unauthenticated_sender_login_mismatch";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |_| match sending(NAME) {
    None => Verdict::Dunno,
    Some(sending) => sending.check_no_login(),
})
.depends_on(owner::INPUTS)
.summary("Rejects senders that have an owner where the client is not logged in");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use crate::owner::tests::*;
    use waxwing_sdk::prelude::*;

    #[test]
    fn an_owned_sender_wants_a_login() {
        let check = |sender, login| host(sender, login).check(&RESTRICTION, "");
        assert_eq!(check("a@x.test", Some("Alice")), Verdict::Dunno);
        assert_eq!(check("a@x.test", Some("mallory")), Verdict::Dunno);
        assert_eq!(check("nobody@x.test", Some("alice")), Verdict::Dunno);
        assert_eq!(check("a@x.test", None), not_logged_in("a@x.test"));
        assert_eq!(check("nobody@x.test", None), Verdict::Dunno);
        assert_eq!(check("", Some("mallory")), Verdict::Dunno);
    }
}
