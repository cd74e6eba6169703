//! reject_rhsbl_helo DOMAIN[=FILTER]: HELO names in a block list of domains.

use waxwing_sdk::{ArgumentKind, class, prelude::*};

use crate::{block_list, list::needs_domain};

const NAME: &str = "reject_rhsbl_helo";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |list| {
    needs_domain(NAME, list).unwrap_or_else(|| block_list::domain(list, session::helo_name(), class::HELO))
})
.argument(ArgumentKind::Text)
.validate(crate::list::check_filter)
.depends_on(crate::REPLY_INPUTS)
.summary("Rejects HELO names in a DNS block list of domains");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{dns::RecordType, prelude::*, testing::Host};

    #[test]
    fn blocks_what_is_listed() {
        let host = || Host::new().helo("mx.bad.test");
        let listed = |answer| host().dns("mx.bad.test.bl.test", RecordType::A, &[answer]);
        let text = "Service unavailable; Helo command [mx.bad.test] blocked using bl.test";
        assert_eq!(listed("127.0.0.2").check(&RESTRICTION, "bl.test"), refuse(554, "5.7.1", text));
        assert_eq!(listed("127.0.0.2").check(&RESTRICTION, "bl.test=127.0.0.[3..9]"), Verdict::Dunno);
        assert_eq!(host().check(&RESTRICTION, "bl.test"), Verdict::Dunno);
        let numeric = Host::new().helo("192.0.2.1").dns("192.0.2.1.bl.test", RecordType::A, &["127.0.0.2"]);
        assert_eq!({ numeric }.check(&RESTRICTION, "bl.test"), Verdict::Dunno, "lists of domains know no addresses");
    }
}
