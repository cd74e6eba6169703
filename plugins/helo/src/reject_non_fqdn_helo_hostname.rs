//! reject_non_fqdn_helo_hostname: the name must have a domain.

use waxwing_sdk::{
    Facts,
    hostname::{is_utf8_hostname, without_final_dot},
    prelude::*,
};

pub const NON_FQDN_REJECT_CODE: Parameter =
    Parameter::new_code("non_fqdn_reject_code", "504", "Reply code of the reject_non_fqdn_* restrictions");

pub const RESTRICTION: Restriction = Restriction::new("reject_non_fqdn_helo_hostname", |_| crate::helo(name))
    .aliases(&["reject_non_fqdn_hostname"])
    // MAIL FROM may ask for SMTPUTF8.
    .depends_on(Inputs::HELO.union(Inputs::SENDER))
    .summary("Rejects HELO names that are not fully qualified");

fn name(subject: &Subject) -> Verdict {
    let name = without_final_dot(&subject.name);
    let smtputf8 = !name.is_ascii() && session::facts().contains(Facts::SMTPUTF8);
    if name.contains('.') && is_utf8_hostname(name, smtputf8) {
        return Verdict::Dunno;
    }
    subject.refuse(NON_FQDN_REJECT_CODE.code(), "5.5.2", "need fully-qualified hostname")
}

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{Facts, prelude::*, testing::Host};

    #[test]
    fn wants_a_domain() {
        for (helo, passes) in
            [("mx.test", true), ("localhost", false), ("x.", false), ("192.0.2.1", false), ("[192.0.2.1]", true)]
        {
            let expected = if passes {
                Verdict::Dunno
            } else {
                refuse(504, "5.5.2", format!("<{helo}>: Helo command rejected: need fully-qualified hostname"))
            };
            assert_eq!(Host::new().helo(helo).check(&RESTRICTION, ""), expected, "{helo}");
        }
        assert_eq!(Host::new().helo("é.test").facts(Facts::SMTPUTF8).check(&RESTRICTION, ""), Verdict::Dunno);
        assert!(matches!(Host::new().helo("é.test").check(&RESTRICTION, ""), Verdict::Reject(_)));
    }
}
