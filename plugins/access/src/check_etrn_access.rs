//! check_etrn_access type:table: the argument of ETRN and its parent domains.

use waxwing_sdk::{ArgumentKind, Attribute, class, prelude::*, tables};

use crate::lookup;

const NAME: &str = "check_etrn_access";

// The ETRN domain is none of the inputs that the server watches, so the answer is never reused.
pub const RESTRICTION: Restriction = Restriction::new(NAME, |table| {
    let Some(domain) = session::attribute(Attribute::EtrnDomain) else { return Verdict::Dunno };
    let found = tables::find_domain(table, &domain);
    lookup::access(table, &domain, found, || Subject::new(domain.as_str(), class::ETRN)).unwrap_or(Verdict::Dunno)
})
.argument(ArgumentKind::Table)
.validate(|argument| lookup::needs_table(NAME, argument))
.bare_table(Stages::ETRN)
.summary("Looks the ETRN domain up in an access table");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{Attribute, prelude::*, testing::Host};

    #[test]
    fn domain_then_parents() {
        let host = |domain| {
            Host::new()
                .stage(Stage::Etrn)
                .protocol_state("ETRN")
                .attribute(Attribute::EtrnDomain, domain)
                .table("hash:/t", &[("bad.test", "REJECT")])
        };
        let text = "<a.bad.test>: Etrn command rejected: Access denied";
        assert_eq!(host("a.bad.test").check(&RESTRICTION, "hash:/t"), refuse(554, "5.7.1", text));
        assert_eq!(host("good.test").check(&RESTRICTION, "hash:/t"), Verdict::Dunno);
        assert_eq!(Host::new().check(&RESTRICTION, "hash:/t"), Verdict::Dunno, "no ETRN");
    }
}
