//! check_helo_access type:table: the HELO name and its parent domains.

use waxwing_sdk::{ArgumentKind, class, prelude::*, tables};

use crate::lookup;

const NAME: &str = "check_helo_access";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |table| {
    let Some(helo) = session::helo_name() else { return Verdict::Dunno };
    let found = tables::find_domain(table, &helo);
    lookup::access(table, &helo, found, || Subject::new(helo.as_str(), class::HELO)).unwrap_or(Verdict::Dunno)
})
.argument(ArgumentKind::Table)
.validate(|argument| lookup::needs_table(NAME, argument))
.bare_table(Stages::HELO)
.depends_on(Inputs::HELO.union(Inputs::SENDER))
.summary("Looks the HELO name up in an access table");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{prelude::*, testing::Host};

    #[test]
    fn name_then_parents() {
        let host = |helo| Host::new().helo(helo).table("hash:/t", &[("bad.test", "REJECT"), ("localhost", "550 no")]);
        let text = "<a.bad.test>: Helo command rejected: Access denied";
        assert_eq!(host("a.bad.test").check(&RESTRICTION, "hash:/t"), refuse(554, "5.7.1", text));
        let text = "<localhost>: Helo command rejected: no";
        assert_eq!(host("localhost").check(&RESTRICTION, "hash:/t"), refuse(550, "5.7.1", text));
        assert_eq!(host("good.test").check(&RESTRICTION, "hash:/t"), Verdict::Dunno);
        assert_eq!(Host::new().check(&RESTRICTION, "hash:/t"), Verdict::Dunno, "no HELO");
    }

    #[test]
    fn the_argument_must_be_a_table() {
        let error = super::lookup::needs_table(super::NAME, "oops");
        assert_eq!(error, Err("restriction check_helo_access: bad argument \"oops\": need maptype:mapname".into()));
    }
}
