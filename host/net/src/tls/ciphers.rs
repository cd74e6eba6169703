//! Cipher suites: OpenSSL's names for them, and `smtpd_tls_exclude_ciphers`.

use rustls::{CipherSuite, SupportedCipherSuite};

/// What is said of a suite: OpenSSL's name, secret bits, and the words of a cipher string that mean it.
pub(super) struct Suite {
    pub name: &'static str,
    pub bits: u32,
    words: &'static str,
}

const fn suite(name: &'static str, bits: u32, words: &'static str) -> Suite {
    Suite { name, bits, words }
}

/// None for a suite that the library has learnt after this was written.
pub(super) fn describe(suite_id: CipherSuite) -> Option<Suite> {
    Some(match suite_id {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => suite("TLS_AES_128_GCM_SHA256", 128, ""),
        CipherSuite::TLS13_AES_256_GCM_SHA384 => suite("TLS_AES_256_GCM_SHA384", 256, ""),
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => suite("TLS_CHACHA20_POLY1305_SHA256", 256, ""),
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => {
            suite("ECDHE-ECDSA-AES128-GCM-SHA256", 128, "aecdsa ecdsa aes aes128 aesgcm sha256")
        }
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => {
            suite("ECDHE-ECDSA-AES256-GCM-SHA384", 256, "aecdsa ecdsa aes aes256 aesgcm sha384")
        }
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
            suite("ECDHE-ECDSA-CHACHA20-POLY1305", 256, "aecdsa ecdsa chacha20")
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => {
            suite("ECDHE-RSA-AES128-GCM-SHA256", 128, "arsa aes aes128 aesgcm sha256")
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => {
            suite("ECDHE-RSA-AES256-GCM-SHA384", 256, "arsa aes aes256 aesgcm sha384")
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
            suite("ECDHE-RSA-CHACHA20-POLY1305", 256, "arsa chacha20")
        }
        _ => return None,
    })
}

/// The suites that are left. As with OpenSSL, exclusions do not reach the suites of TLS 1.3.
pub(super) fn without(suites: &[SupportedCipherSuite], exclusions: &str) -> Vec<SupportedCipherSuite> {
    let excluded = |suite: &SupportedCipherSuite| {
        let Some(known) = describe(suite.suite()).filter(|known| !known.words.is_empty()) else { return false };
        exclusions.split([',', ' ', '\t', '\r', '\n', ':']).filter(|word| !word.is_empty()).any(|word| {
            // `A+B` means the suites that are both.
            word.split('+').all(|word| {
                let word = word.to_ascii_lowercase();
                let everywhere = ["ecdhe", "eecdh", "kecdhe", "keecdh", "high", "all", "tlsv1.2", "aead"];
                known.name.eq_ignore_ascii_case(&word)
                    || known.words.split(' ').any(|known| known == word)
                    || everywhere.contains(&word.as_str())
            })
        })
    };
    suites.iter().filter(|suite| !excluded(suite)).copied().collect()
}
