//! reject_authenticated_sender_login_mismatch: who is logged in must own the sender.

use waxwing_sdk::prelude::*;

use crate::owner::{self, sending};

const NAME: &str = "reject_authenticated_sender_login_mismatch";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |_| match sending(NAME) {
    None => Verdict::Dunno,
    Some(sending) => sending.check_login(Verdict::Permit),
})
.depends_on(owner::INPUTS)
.summary("Rejects senders that the logged-in client does not own");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use crate::owner::tests::*;
    use waxwing_sdk::prelude::*;

    #[test]
    fn the_login_must_own_the_sender() {
        let check = |sender, login| host(sender, login).check(&RESTRICTION, "");
        assert_eq!(check("a@x.test", Some("Alice")), Verdict::Dunno);
        assert_eq!(check("a@x.test", Some("mallory")), not_owned("a@x.test", "mallory"));
        assert_eq!(check("nobody@x.test", Some("alice")), not_owned("nobody@x.test", "alice"));
        assert_eq!(check("a@x.test", None), Verdict::Dunno);
        assert_eq!(check("nobody@x.test", None), Verdict::Dunno);
        assert_eq!(check("", Some("mallory")), Verdict::Dunno);
    }
}
