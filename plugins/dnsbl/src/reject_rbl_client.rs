//! reject_rbl_client DOMAIN[=FILTER]: clients whose address is in a DNS block list.

use waxwing_sdk::{ArgumentKind, class, prelude::*};

use crate::{block_list, list::needs_domain};

const NAME: &str = "reject_rbl_client";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |list| {
    needs_domain(NAME, list).unwrap_or_else(|| block_list::address(list, &session::client_address(), class::CLIENT))
})
.aliases(&["reject_rbl"])
.argument(ArgumentKind::Text)
.validate(crate::list::check_filter)
.depends_on(crate::REPLY_INPUTS)
.summary("Rejects clients whose address is in a DNS block list");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{dns::RecordType, prelude::*, testing::Host};

    #[test]
    fn blocks_what_is_listed() {
        let host = || Host::new().client("192.0.2.1", "mx.test");
        let listed = |answer| host().dns("1.2.0.192.bl.test", RecordType::A, &[answer]);
        let text = "Service unavailable; Client host [192.0.2.1] blocked using bl.test";
        assert_eq!(listed("127.0.0.2").check(&RESTRICTION, "bl.test"), refuse(554, "5.7.1", text));
        assert_eq!(listed("127.0.0.2").check(&RESTRICTION, "bl.test=127.0.0.[3..9]"), Verdict::Dunno);
        assert_eq!(host().check(&RESTRICTION, "bl.test"), Verdict::Dunno);
        let mut without_domain = host();
        assert_eq!(without_domain.check(&RESTRICTION, ""), Verdict::Dunno);
        assert_eq!(without_domain.warnings(), ["restriction reject_rbl_client requires domain name argument"]);
    }
}
