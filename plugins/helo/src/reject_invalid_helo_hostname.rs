//! reject_invalid_helo_hostname: the name must have the syntax of a host name, or of an address.

use waxwing_sdk::{
    hostname::{is_address, is_hostname, literal_address, without_final_dot},
    prelude::*,
};

pub const INVALID_HOSTNAME_REJECT_CODE: Parameter = Parameter::new_code(
    "invalid_hostname_reject_code",
    "501",
    "Reply code of the restriction reject_invalid_helo_hostname",
);

pub const RESTRICTION: Restriction = Restriction::new("reject_invalid_helo_hostname", |_| crate::helo(name))
    .aliases(&["reject_invalid_hostname"])
    .depends_on(Inputs::HELO)
    .summary("Rejects HELO names with bad syntax");

fn name(subject: &Subject) -> Verdict {
    let name = without_final_dot(&subject.name);
    if is_hostname(name) || is_address(name) {
        return Verdict::Dunno;
    }
    subject.refuse(INVALID_HOSTNAME_REJECT_CODE.code(), "5.5.2", "Invalid name")
}

/// `[address]`, or an address on its own.
pub fn literal(subject: &Subject) -> Verdict {
    let name = &subject.name;
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|inside| !inside.is_empty());
    match literal_address(address.unwrap_or(name)) {
        Some(_) => Verdict::Dunno,
        None => subject.refuse(INVALID_HOSTNAME_REJECT_CODE.code(), "5.5.2", "invalid ip address"),
    }
}

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{prelude::*, testing::Host};

    #[test]
    fn tests_the_syntax() {
        for (helo, reason) in [
            ("mx.test", None),
            ("localhost", None),
            ("mx.test.", None),
            ("192.0.2.1", None),
            ("a_b", None),
            ("[192.0.2.1]", None),
            ("[IPv6:2001:db8::1]", None),
            ("a..b", Some("Invalid name")),
            ("-x.y", Some("Invalid name")),
            ("a b", Some("Invalid name")),
            ("[192.0.2.999]", Some("invalid ip address")),
            ("[2001:db8::1]", Some("invalid ip address")),
            ("[]", Some("invalid ip address")),
        ] {
            let expected = reason.map_or(Verdict::Dunno, |reason| {
                refuse(501, "5.5.2", format!("<{helo}>: Helo command rejected: {reason}"))
            });
            assert_eq!(Host::new().helo(helo).check(&RESTRICTION, ""), expected, "{helo}");
        }
        assert_eq!(Host::new().check(&RESTRICTION, ""), Verdict::Dunno, "no HELO, no opinion");
    }
}
