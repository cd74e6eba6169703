//! Fingerprints: `smtpd_tls_fingerprint_digest`, `smtp_tls_fingerprint_digest`.

use aws_lc_rs::digest as sha;

/// The digests that certificates and public keys are known by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    Md5,
    Sha1,
    Sha224,
    #[default]
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    /// By OpenSSL's name, letter case aside.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    /// `AB:CD:…`.
    pub fn fingerprint(self, bytes: &[u8]) -> String {
        let of = |algorithm| sha::digest(algorithm, bytes).as_ref().to_vec();
        let digest = match self {
            Self::Md5 => <md5::Md5 as md5::Digest>::digest(bytes).to_vec(),
            Self::Sha1 => of(&sha::SHA1_FOR_LEGACY_USE_ONLY),
            Self::Sha224 => of(&sha::SHA224),
            Self::Sha256 => of(&sha::SHA256),
            Self::Sha384 => of(&sha::SHA384),
            Self::Sha512 => of(&sha::SHA512),
        };
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }
}
