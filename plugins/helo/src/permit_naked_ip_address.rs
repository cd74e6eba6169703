//! permit_naked_ip_address: an address without brackets as HELO name. Deprecated since long ago.

use waxwing_sdk::{class, prelude::*};

use crate::reject_invalid_helo_hostname::literal;

pub const RESTRICTION: Restriction = Restriction::new("permit_naked_ip_address", |_| match session::helo_name() {
    Some(name) if name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b':')) => {
        match literal(&Subject::new(name, class::HELO)) {
            Verdict::Dunno => Verdict::Permit,
            refusal => refusal,
        }
    }
    _ => Verdict::Dunno,
})
.depends_on(Inputs::HELO)
.warning(
    "restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead",
)
.summary("Permits clients that give an address without brackets as HELO name (deprecated)");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{prelude::*, testing::Host};

    #[test]
    fn permits_addresses() {
        let check = |helo| Host::new().helo(helo).check(&RESTRICTION, "");
        assert_eq!(check("192.0.2.1"), Verdict::Permit);
        assert_eq!(check("mx.test"), Verdict::Dunno);
        assert_eq!(
            check("192.0.2.999"),
            refuse(501, "5.5.2", "<192.0.2.999>: Helo command rejected: invalid ip address")
        );
    }
}
