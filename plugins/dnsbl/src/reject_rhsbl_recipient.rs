//! reject_rhsbl_recipient DOMAIN[=FILTER]: recipients whose domain is in a block list of domains.

use waxwing_sdk::{ArgumentKind, class, prelude::*};

use crate::{block_list, list::needs_domain};

const NAME: &str = "reject_rhsbl_recipient";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |list| {
    needs_domain(NAME, list).unwrap_or_else(|| block_list::domain(list, session::recipient(), class::RECIPIENT))
})
.argument(ArgumentKind::Text)
.validate(crate::list::check_filter)
.depends_on(crate::REPLY_INPUTS)
.summary("Rejects recipients whose domain is in a DNS block list of domains");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{dns::RecordType, prelude::*, testing::Host};

    #[test]
    fn blocks_what_is_listed() {
        let host = || Host::new().recipient("r@bad.test");
        let listed = |answer| host().dns("bad.test.bl.test", RecordType::A, &[answer]);
        let text = "Service unavailable; Recipient address [r@bad.test] blocked using bl.test";
        assert_eq!(listed("127.0.0.2").check(&RESTRICTION, "bl.test"), refuse(554, "5.7.1", text));
        assert_eq!(listed("127.0.0.2").check(&RESTRICTION, "bl.test=127.0.0.[3..9]"), Verdict::Dunno);
        assert_eq!(host().check(&RESTRICTION, "bl.test"), Verdict::Dunno);
        let literal = Host::new().recipient("r@[192.0.2.1]").check(&RESTRICTION, "bl.test");
        assert_eq!(literal, Verdict::Dunno);
    }
}
