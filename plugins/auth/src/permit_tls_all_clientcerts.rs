//! permit_tls_all_clientcerts: any client certificate that verifies, and those of permit_tls_clientcerts.

use waxwing_sdk::{Facts, prelude::*};

use crate::permit_tls_clientcerts::check;

pub const RESTRICTION: Restriction = Restriction::new("permit_tls_all_clientcerts", |_| {
    if session::facts().contains(Facts::CERTIFICATE_TRUSTED) {
        return Verdict::Permit;
    }
    check("permit_tls_all_clientcerts")
})
.depends_on(Inputs::TLS)
.summary("Permits clients with any certificate that smtpd_tls_CAfile verifies");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{Facts, prelude::*, testing::Host};

    #[test]
    fn a_trusted_certificate_is_enough() {
        let host = |facts| Host::new().facts(facts);
        assert_eq!(host(Facts::ENCRYPTED | Facts::CERTIFICATE_TRUSTED).check(&RESTRICTION, ""), Verdict::Permit);
        assert_eq!(host(Facts::ENCRYPTED).check(&RESTRICTION, ""), Verdict::Dunno);
    }
}
