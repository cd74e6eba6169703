//! TLS for both sides of SMTP: TLS_README, tls(3) of Postfix. The library is rustls, which speaks TLS 1.2 and 1.3.
//!
//! [`Server`] and [`Client`] are made once for a configuration generation; a handshake turns a [`Stream`] in the clear
//! into one under TLS, and gives what is worth knowing of it as a [`Peer`].

mod chain;
mod ciphers;
mod client;
mod digest;
mod names;
mod peer;
mod protocols;
mod server;
mod stream;
mod trust;

pub mod parameters;

pub use chain::{ChainFiles, ReadFile, read_file};
pub use client::{Client, Handshake};
pub use digest::Digest;
pub use names::matches as name_matches;
pub use peer::{Peer, PeerCertificate};
pub use protocols::Protocols;
pub use server::{Server, ServerSettings};
pub use stream::{HandshakeError, Stream};
pub use trust::Authorities;

/// Names that stand for cipher grades; the library has a fixed list of strong suites, which every grade but `null` means.
pub fn is_cipher_grade(name: &str) -> bool {
    ["high", "medium", "low", "export", "null"].iter().any(|grade| grade.eq_ignore_ascii_case(name))
}

/// Parameters of TLS that are the same for both sides.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// Such as `>=TLSv1` or `!SSLv2, !SSLv3`.
    pub protocols: String,
    /// A name of [`is_cipher_grade`].
    pub grade: String,
    /// Suites and kinds of suites not to be used, as in OpenSSL's cipher strings.
    pub exclude_ciphers: String,
    pub authorities: Authorities,
    pub digest: String,
    /// Private keys with their certificates.
    pub chains: ChainFiles,
}

/// Why TLS is not to be had with these settings. Texts for the log, which say what to repair.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct Unavailable(pub Vec<String>);

impl Unavailable {
    fn because(text: impl Into<String>) -> Self {
        Self(vec![text.into()])
    }
}

#[cfg(test)]
mod tests;
