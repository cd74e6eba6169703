//! reject_non_fqdn_sender: MAIL FROM must have a full domain.

use waxwing_sdk::prelude::*;

use crate::{Role, fully_qualified};

pub const RESTRICTION: Restriction =
    Restriction::new("reject_non_fqdn_sender", |_| fully_qualified::check(Role::Sender))
        .depends_on(Inputs::SENDER)
        .summary("Rejects sender addresses that are not fully qualified");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{prelude::*, testing::Host};

    #[test]
    fn wants_a_full_domain() {
        for (sender, passes) in [
            ("", true),
            ("s@x.test", true),
            ("s@[192.0.2.1]", true),
            ("s@x.test.", true),
            ("s", false),
            ("s@x", false),
            ("s@x..y", false),
        ] {
            let expected = if passes {
                Verdict::Dunno
            } else {
                refuse(504, "5.5.2", format!("<{sender}>: Sender address rejected: need fully-qualified address"))
            };
            assert_eq!(Host::new().sender(sender).check(&RESTRICTION, ""), expected, "{sender}");
        }
        assert_eq!(Host::new().check(&RESTRICTION, ""), Verdict::Dunno, "no MAIL command");
    }
}
