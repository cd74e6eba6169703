//! reject_plaintext_session: only with TLS.

use waxwing_sdk::{Facts, prelude::*};

pub const PLAINTEXT_REJECT_CODE: Parameter =
    Parameter::new_code("plaintext_reject_code", "450", "Reply code of the restriction reject_plaintext_session");

pub const RESTRICTION: Restriction = Restriction::new("reject_plaintext_session", |_| {
    if session::facts().contains(Facts::ENCRYPTED) {
        return Verdict::Dunno;
    }
    refuse(PLAINTEXT_REJECT_CODE.code(), "4.7.1", "Session encryption is required")
})
.depends_on(Inputs::TLS)
.summary("Rejects what comes over a connection without TLS");

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{Facts, prelude::*, testing::Host};

    #[test]
    fn wants_tls() {
        assert_eq!(Host::new().check(&RESTRICTION, ""), refuse(450, "4.7.1", "Session encryption is required"));
        assert_eq!(Host::new().facts(Facts::ENCRYPTED).check(&RESTRICTION, ""), Verdict::Dunno);
    }
}
