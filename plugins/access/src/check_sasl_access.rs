//! check_sasl_access type:table: the login name.

use waxwing_sdk::{
    ArgumentKind, Attribute, Facts, class, log,
    prelude::*,
    tables::{self, Found},
};

use crate::lookup;

const NAME: &str = "check_sasl_access";

pub const RESTRICTION: Restriction = Restriction::new(NAME, |table| {
    if !session::facts().contains(Facts::AUTH_AVAILABLE) {
        log::warning("restriction `check_sasl_access' ignored: no SASL support");
        return Verdict::Dunno;
    }
    match session::attribute(Attribute::SaslUsername) {
        Some(login) if !login.is_empty() => check(table, login),
        _ => Verdict::Dunno,
    }
})
.argument(ArgumentKind::Table)
.validate(|argument| lookup::needs_table(NAME, argument))
.depends_on(Inputs::AUTH.union(Inputs::SENDER))
.summary("Looks the SASL login name up in an access table");

fn check(table: &str, login: String) -> Verdict {
    let found = tables::lookup(table, &login).map(|value| value.map(|value| Found { key: login.clone(), value }));
    let shown = || login.chars().map(|c| if c.is_control() { '_' } else { c }).collect::<String>();
    lookup::access(table, &login, found, || Subject::new(shown(), class::SASL_LOGIN)).unwrap_or(Verdict::Dunno)
}

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{Attribute, Facts, prelude::*, testing::Host};

    #[test]
    fn looks_the_login_up() {
        let host = |login| {
            Host::new()
                .facts(Facts::AUTH_AVAILABLE | Facts::AUTHENTICATED)
                .attribute(Attribute::SaslUsername, login)
                .table("hash:/t", &[("mallory", "REJECT")])
        };
        let text = "<mallory>: SASL login name rejected: Access denied";
        assert_eq!(host("mallory").check(&RESTRICTION, "hash:/t"), refuse(554, "5.7.1", text));
        assert_eq!(host("alice").check(&RESTRICTION, "hash:/t"), Verdict::Dunno);
        let mut off = Host::new();
        assert_eq!(off.check(&RESTRICTION, "hash:/t"), Verdict::Dunno);
        assert_eq!(off.warnings(), ["restriction `check_sasl_access' ignored: no SASL support"]);
    }
}
