//! permit_sasl_authenticated: clients that logged in.

use waxwing_sdk::{Attribute, Facts, prelude::*};

pub const RESTRICTION: Restriction = Restriction::new("permit_sasl_authenticated", |_| {
    if !session::facts().contains(Facts::AUTHENTICATED) {
        return Verdict::Dunno;
    }
    match session::attribute(Attribute::SaslMethod) {
        Some(method) if method.eq_ignore_ascii_case("anonymous") => Verdict::Dunno,
        _ => Verdict::Permit,
    }
})
.depends_on(Inputs::AUTH)
.summary("Permits clients that logged in with AUTH");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{Attribute, Facts, prelude::*, testing::Host};

    #[test]
    fn a_login_counts_unless_it_is_anonymous() {
        assert_eq!(Host::new().check(&RESTRICTION, ""), Verdict::Dunno);
        let login = |method| {
            let facts = Facts::AUTHENTICATED | Facts::AUTH_AVAILABLE;
            Host::new().facts(facts).attribute(Attribute::SaslMethod, method).check(&RESTRICTION, "")
        };
        assert_eq!(login("PLAIN"), Verdict::Permit);
        assert_eq!(login("ANONYMOUS"), Verdict::Dunno);
    }
}
