//! check_ccert_access type:table, or { type:table, { search_order = cert_fingerprint, pubkey_fingerprint } }: the client's
//! certificate by the digest of the certificate, then of its public key.

use waxwing_sdk::{
    ArgumentKind, Attribute, ParameterKind, class, log,
    prelude::*,
    tables::{self, Found},
};

use crate::lookup;

const NAME: &str = "check_ccert_access";

pub const SMTPD_TLS_ASK_CCERT: Parameter =
    Parameter::new("smtpd_tls_ask_ccert", ParameterKind::Boolean, "no", "Whether clients are asked for a certificate");

pub const RESTRICTION: Restriction = Restriction::new(NAME, check)
    .argument(ArgumentKind::Table)
    .validate(|argument| {
        lookup::needs_table(NAME, argument)?;
        search(argument).map(drop)
    })
    .depends_on(Inputs::TLS.union(Inputs::SENDER))
    .summary("Looks the digests of the client certificate and its public key up in an access table");

const DEFAULT_ORDER: &str = "cert_fingerprint, pubkey_fingerprint";

fn check(argument: &str) -> Verdict {
    let [certificate, public_key, subject] =
        session::attributes([Attribute::CcertFingerprint, Attribute::CcertPubkeyFingerprint, Attribute::CcertSubject]);
    if certificate.is_none() && public_key.is_none() {
        if !SMTPD_TLS_ASK_CCERT.is_yes() {
            log::warning("check_ccert_access is requested, but \"smtpd_tls_ask_ccert = no\"");
        }
        return Verdict::Dunno;
    }
    let Ok((table, order)) = search(argument) else { return waxwing_sdk::configuration_error() };
    let about = || Subject::new(subject.as_deref().unwrap_or_default(), class::CERTIFICATE);
    for digest in names(order) {
        let key = if digest == "cert_fingerprint" { &certificate } else { &public_key };
        let Some(key) = key else { continue };
        let found = tables::lookup(table, key).map(|value| value.map(|value| Found { key: key.clone(), value }));
        match lookup::access(table, key, found, about) {
            None | Some(Verdict::Dunno) => {}
            Some(verdict) => return verdict,
        }
    }
    Verdict::Dunno
}

/// Table and search order.
fn search(argument: &str) -> Result<(&str, &str), String> {
    let Some(inside) = argument.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return Ok((argument, DEFAULT_ORDER));
    };
    let inside = inside.trim();
    let (table, rest) = inside.split_at(inside.find(['{', ',', ' ']).unwrap_or(inside.len()));
    let rest = rest.trim_matches([',', ' ', '\t']);
    if rest.is_empty() {
        return Ok((table, DEFAULT_ORDER));
    }
    let attribute = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(rest);
    let (name, order) = attribute.split_once('=').unwrap_or((attribute, ""));
    if name.trim() != "search_order" {
        return Err(["unknown map attribute in '", argument, "': '", attribute.trim(), "'"].concat());
    }
    let order = order.trim().trim_matches(['{', '}']);
    match names(order).find(|name| !matches!(*name, "cert_fingerprint" | "pubkey_fingerprint")) {
        Some(unknown) => Err(["unknown search type '", unknown, "' in '", argument, "'"].concat()),
        None if names(order).next().is_none() => Err(["'search_order' is empty in '", argument, "'"].concat()),
        None => Ok((table, order)),
    }
}

fn names(order: &str) -> impl Iterator<Item = &str> {
    order.split([',', ' ', '\t']).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{RESTRICTION, search};
    use waxwing_sdk::{Attribute, prelude::*, testing::Host};

    fn host() -> Host {
        Host::new()
            .attribute(Attribute::CcertFingerprint, "AA:BB")
            .attribute(Attribute::CcertPubkeyFingerprint, "CC:DD")
            .attribute(Attribute::CcertSubject, "client")
            .table("hash:/t", &[("aa:bb", "REJECT cert"), ("cc:dd", "REJECT key")])
    }

    #[test]
    fn certificate_first_unless_told_otherwise() {
        let denied = |text| refuse(554, "5.7.1", format!("<client>: Client certificate rejected: {text}"));
        assert_eq!(host().check(&RESTRICTION, "hash:/t"), denied("cert"));
        let argument = "{ hash:/t, { search_order = pubkey_fingerprint, cert_fingerprint } }";
        assert_eq!(host().check(&RESTRICTION, argument), denied("key"));
    }

    #[test]
    fn without_certificate_no_opinion() {
        let mut host = Host::new().table("hash:/t", &[]);
        assert_eq!(host.check(&RESTRICTION, "hash:/t"), Verdict::Dunno);
        assert_eq!(host.warnings(), ["check_ccert_access is requested, but \"smtpd_tls_ask_ccert = no\""]);
    }

    #[test]
    fn the_search_order_is_checked() {
        assert_eq!(search("{hash:/t}").map(|(table, _)| table), Ok("hash:/t"));
        assert!(search("{ hash:/t, { search_order = nonsense } }").is_err());
        assert!(search("{ hash:/t, { other = x } }").is_err());
    }
}
