//! permit_tls_clientcerts: client certificates, or public keys, in relay_clientcerts.

use waxwing_sdk::{Attribute, ParameterKind, log, lookup_failure, prelude::*, tables};

pub const RELAY_CLIENTCERTS: Parameter = Parameter::new(
    "relay_clientcerts",
    ParameterKind::Tables,
    "",
    "Digests of client certificates or public keys for permit_tls_clientcerts",
);
pub const SMTPD_TLS_ASK_CCERT: Parameter =
    Parameter::new("smtpd_tls_ask_ccert", ParameterKind::Boolean, "no", "Whether clients are asked for a certificate");

pub const RESTRICTION: Restriction = Restriction::new("permit_tls_clientcerts", |_| check("permit_tls_clientcerts"))
    .depends_on(Inputs::TLS)
    .summary("Permits clients whose certificate or public key is in relay_clientcerts");

/// Digests decide, so the authority that signed the certificate need not be trusted.
pub fn check(restriction: &str) -> Verdict {
    if !session::facts().contains(waxwing_sdk::Facts::ENCRYPTED) {
        return Verdict::Dunno;
    }
    let digests = session::attributes([Attribute::CcertFingerprint, Attribute::CcertPubkeyFingerprint]);
    if digests.iter().all(Option::is_none) {
        if !SMTPD_TLS_ASK_CCERT.is_yes() {
            log::warning(&[restriction, " is requested, but \"smtpd_tls_ask_ccert = no\""].concat());
        }
        return Verdict::Dunno;
    }
    let certificates = RELAY_CLIENTCERTS.text();
    for digest in digests.iter().flatten().filter(|_| !certificates.is_empty()) {
        match tables::lookup(&certificates, digest) {
            Ok(None) => {}
            Ok(Some(_)) => return Verdict::Permit,
            Err(error) => {
                let shown = |at: usize| digests[at].as_deref().unwrap_or_default();
                let line =
                    ["relay_clientcerts: lookup error for fingerprint '", shown(0), "', pkey fingerprint ", shown(1)];
                log::warning(&line.concat());
                return lookup_failure(&error, &Subject::of_stage().name);
            }
        }
    }
    Verdict::Dunno
}

#[cfg(test)]
mod tests {
    use super::RESTRICTION;
    use waxwing_sdk::{Attribute, Facts, prelude::*, tables::TableError, temporary_lookup_failure, testing::Host};

    fn host() -> Host {
        Host::new()
            .facts(Facts::ENCRYPTED)
            .recipient("r@x.test")
            .attribute(Attribute::CcertFingerprint, "AA")
            .attribute(Attribute::CcertPubkeyFingerprint, "BB")
            .parameter("relay_clientcerts", "hash:/c")
    }

    #[test]
    fn either_digest_will_do() {
        assert_eq!(host().table("hash:/c", &[("aa", "x")]).check(&RESTRICTION, ""), Verdict::Permit);
        assert_eq!(host().table("hash:/c", &[("bb", "x")]).check(&RESTRICTION, ""), Verdict::Permit);
        assert_eq!(host().table("hash:/c", &[("cc", "x")]).check(&RESTRICTION, ""), Verdict::Dunno);
        let mut down = host().broken_table("hash:/c", TableError::Temporary("down".into()));
        assert_eq!(down.check(&RESTRICTION, ""), temporary_lookup_failure("r@x.test"));
    }

    #[test]
    fn warns_when_no_client_is_asked() {
        let mut host = Host::new().facts(Facts::ENCRYPTED);
        assert_eq!(host.check(&RESTRICTION, ""), Verdict::Dunno);
        assert_eq!(host.warnings(), ["permit_tls_clientcerts is requested, but \"smtpd_tls_ask_ccert = no\""]);
        let mut plain = Host::new();
        assert_eq!((plain.check(&RESTRICTION, ""), plain.warnings().len()), (Verdict::Dunno, 0));
    }
}
