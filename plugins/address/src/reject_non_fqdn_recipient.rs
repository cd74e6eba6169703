//! reject_non_fqdn_recipient: RCPT TO must have a full domain.

use waxwing_sdk::prelude::*;

use crate::{Role, fully_qualified};

pub const RESTRICTION: Restriction =
    Restriction::new("reject_non_fqdn_recipient", |_| fully_qualified::check(Role::Recipient))
        // MAIL FROM may ask for SMTPUTF8.
        .depends_on(Inputs::RECIPIENT.union(Inputs::SENDER))
        .summary("Rejects recipient addresses that are not fully qualified");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{Facts, prelude::*, testing::Host};

    #[test]
    fn wants_a_full_domain() {
        assert_eq!(Host::new().recipient("r@x.test").check(&RESTRICTION, ""), Verdict::Dunno);
        assert_eq!(
            Host::new().recipient("root").check(&RESTRICTION, ""),
            refuse(504, "5.5.2", "<root>: Recipient address rejected: need fully-qualified address")
        );
    }

    #[test]
    fn letters_beyond_ascii_need_smtputf8() {
        let host = || Host::new().recipient("r@é.test");
        assert!(matches!(host().check(&RESTRICTION, ""), Verdict::Reject(_)));
        assert_eq!(host().facts(Facts::SMTPUTF8).check(&RESTRICTION, ""), Verdict::Dunno);
    }
}
