//! Parameters of TLS that both sides of SMTP read.

config::parameters! {
    /// Adds the system's certification authorities to those of a CAfile or CApath.
    TLS_APPEND_DEFAULT_CA: Boolean = "tls_append_default_CA", "no";
    /// The server's order of cipher suites counts, not the client's.
    TLS_PREEMPT_CIPHERLIST: Boolean = "tls_preempt_cipherlist", "no";
    /// Certificate chains by the server name that the client asks for. Not supported yet: the default chain is used.
    TLS_SERVER_SNI_MAPS: Text = "tls_server_sni_maps", "";
    /// Whether `*` in a certificate's name stands for more than one label.
    TLS_WILDCARD_MATCHES_MULTIPLE_LABELS: Boolean = "tls_wildcard_matches_multiple_labels", "yes";
    /// Groups of the ephemeral key exchange. Accepted: the library has X25519, P-256 and P-384.
    TLS_EECDH_AUTO_CURVES: Raw = "tls_eecdh_auto_curves", "X25519 X448 prime256v1 secp521r1 secp384r1";
    /// The group of the grade `strong`. Accepted.
    TLS_EECDH_STRONG_CURVE: Raw = "tls_eecdh_strong_curve", "prime256v1";
    /// The group of the grade `ultra`. Accepted.
    TLS_EECDH_ULTRA_CURVE: Raw = "tls_eecdh_ultra_curve", "secp384r1";
    /// Closes a TLS session without waiting for the peer. Accepted: it always does.
    TLS_FAST_SHUTDOWN_ENABLE: Raw = "tls_fast_shutdown_enable", "yes";
    /// Digests of DANE. Accepted.
    TLS_DANE_DIGESTS: Raw = "tls_dane_digests", "sha512 sha256";
}
