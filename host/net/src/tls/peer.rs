//! What a handshake tells: for logs, Received: headers and restrictions.

use rustls::{CommonState, HandshakeKind, NamedGroup, ProtocolVersion, SignatureScheme, pki_types::CertificateDer};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, public_key::PublicKey, x509::X509Name,
};

use super::{Digest, ciphers};

/// A TLS session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Such as `TLSv1.3`.
    pub protocol: &'static str,
    /// OpenSSL's name.
    pub cipher: String,
    /// Secret bits in use, and of the algorithm.
    pub used_bits: u32,
    pub algorithm_bits: u32,
    /// TLS 1.3 only, as in Postfix; empty: not known. Such as `X25519`.
    pub key_exchange: String,
    /// Such as `RSA-PSS (2048 bits) server-digest SHA256`.
    pub server_signature: String,
    pub client_signature: String,
    /// The server asked for a certificate.
    pub requested: bool,
    /// The peer's.
    pub certificate: Option<PeerCertificate>,
    /// The name that the client asked for.
    pub sni: Option<String>,
    /// An earlier session went on.
    pub resumed: bool,
}

/// The peer's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerCertificate {
    /// Common names; the issuer's organization where it has none. Empty: there is none, or it is not printable.
    pub subject: String,
    pub issuer: String,
    /// Names of the host: DNS alternative names, else the common name.
    pub names: Vec<String>,
    pub fingerprint: String,
    pub public_key_fingerprint: String,
    /// An authority of CAfile or CApath vouches for it.
    pub trusted: bool,
}

impl Peer {
    /// `TLSv1.3 with cipher … (256/256 bits) key-exchange …`, the second half of the log line.
    pub fn summary(&self) -> String {
        let Self { protocol, cipher, used_bits, algorithm_bits, .. } = self;
        let mut text = format!("{protocol} with cipher {cipher} ({used_bits}/{algorithm_bits} bits)");
        for (name, value) in [
            (" key-exchange ", &self.key_exchange),
            (" server-signature ", &self.server_signature),
            (" client-signature ", &self.client_signature),
        ] {
            if !value.is_empty() {
                text.push_str(name);
                text.push_str(value);
            }
        }
        text
    }

    /// What the connection itself says. `asked`: a certificate was requested.
    pub(super) fn of(connection: &CommonState, digest: Digest) -> Self {
        let suite = connection.negotiated_cipher_suite();
        let known = suite.and_then(|suite| ciphers::describe(suite.suite()));
        let tls13 = connection.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        let group = connection.negotiated_key_exchange_group().map(|group| group.name());
        let certificate = connection.peer_certificates().and_then(|chain| chain.first());
        let bits = known.as_ref().map_or(256, |known| known.bits);
        Self {
            protocol: if tls13 { "TLSv1.3" } else { "TLSv1.2" },
            cipher: known.map_or_else(|| format!("{:?}", suite.map(|s| s.suite())), |known| known.name.to_string()),
            used_bits: bits,
            algorithm_bits: bits,
            key_exchange: group.filter(|_| tls13).map(group_name).unwrap_or_default(),
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            certificate: certificate.map(|der| PeerCertificate::of(der, digest)),
            ..Self::default()
        }
    }
}

impl PeerCertificate {
    fn of(der: &CertificateDer<'_>, digest: Digest) -> Self {
        let mut facts = Self { fingerprint: digest.fingerprint(der), ..Self::default() };
        // What the parser does not understand has no names, and no authority vouches for it.
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { return facts };
        facts.subject = common_name(certificate.subject()).unwrap_or_default();
        let issuer = certificate.issuer();
        let organization = || text(issuer.iter_organization().last()?.as_str().ok()?);
        facts.issuer = common_name(issuer).or_else(organization).unwrap_or_default();
        facts.public_key_fingerprint = digest.fingerprint(certificate.public_key().raw);
        facts.names = alternative_names(&certificate);
        if facts.names.is_empty() && !facts.subject.is_empty() {
            facts.names.push(facts.subject.clone());
        }
        facts
    }
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let dns = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => text(name),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(dns).collect()
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    text(name.iter_common_name().last()?.as_str().ok()?)
}

/// Only what may stand in a log line.
fn text(name: &str) -> Option<String> {
    (!name.is_empty() && !name.chars().any(char::is_control)).then(|| name.to_string())
}

fn group_name(group: NamedGroup) -> String {
    match group {
        NamedGroup::X25519 => "X25519".to_string(),
        NamedGroup::secp256r1 => "ECDHE (prime256v1)".to_string(),
        NamedGroup::secp384r1 => "ECDHE (secp384r1)".to_string(),
        other => format!("{other:?}"),
    }
}

/// `RSA-PSS (2048 bits) server-digest SHA256`. `side` is `server` or `client`.
pub(super) fn signature(scheme: SignatureScheme, certificate: &[u8], side: &str) -> String {
    let (kind, digest) = match scheme {
        SignatureScheme::RSA_PSS_SHA256 => ("RSA-PSS", "SHA256"),
        SignatureScheme::RSA_PSS_SHA384 => ("RSA-PSS", "SHA384"),
        SignatureScheme::RSA_PSS_SHA512 => ("RSA-PSS", "SHA512"),
        SignatureScheme::ECDSA_NISTP256_SHA256 => ("ECDSA", "SHA256"),
        SignatureScheme::ECDSA_NISTP384_SHA384 => ("ECDSA", "SHA384"),
        SignatureScheme::ECDSA_NISTP521_SHA512 => ("ECDSA", "SHA512"),
        SignatureScheme::ED25519 => return "ED25519".to_string(),
        _ => return String::new(),
    };
    let parsed = X509Certificate::from_der(certificate).ok();
    let size = match (scheme, parsed.as_ref().and_then(|(_, one)| one.public_key().parsed().ok())) {
        (_, Some(PublicKey::RSA(key))) => format!(" ({} bits)", key.key_size()),
        (SignatureScheme::ECDSA_NISTP256_SHA256, _) => " (prime256v1)".to_string(),
        (SignatureScheme::ECDSA_NISTP384_SHA384, _) => " (secp384r1)".to_string(),
        (SignatureScheme::ECDSA_NISTP521_SHA512, _) => " (secp521r1)".to_string(),
        _ => String::new(),
    };
    format!("{kind}{size} {side}-digest {digest}")
}
