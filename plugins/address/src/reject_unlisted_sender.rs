//! reject_unlisted_sender: MAIL FROM, where it is one of this server's, must exist.

use waxwing_sdk::prelude::*;

use crate::{Role, listed};

pub const RESTRICTION: Restriction = Restriction::new("reject_unlisted_sender", |_| listed::check(Role::Sender))
    .depends_on(Inputs::SENDER.union(Inputs::RECIPIENT))
    .summary("Rejects senders that the tables of their address class do not list");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{
        addresses::{AddressClass, Listing},
        prelude::*,
        testing::Host,
    };

    #[test]
    fn senders_have_statuses_of_their_own() {
        let host = || Host::new().sender("n@x.test").listing("n@x.test", Ok(Listing::Unlisted));
        let text = |table| format!("<n@x.test>: Sender address rejected: User unknown in {table} table");
        let local = host().resolves("n@x.test", AddressClass::Local).check(&RESTRICTION, "");
        assert_eq!(local, refuse(550, "5.1.0", text("local recipient")));
        // 5.1.1 is said of recipients.
        let alias = host().resolves("n@x.test", AddressClass::VirtualAlias).check(&RESTRICTION, "");
        assert_eq!(alias, refuse(550, "5.1.7", text("virtual alias")));
        assert_eq!(Host::new().sender("").check(&RESTRICTION, ""), Verdict::Dunno);
    }
}
