//! Parameters of TLS in smtpd(8), with the defaults of Postfix 3.7.11.

config::parameters! {
    /// `none`, `may` (offer STARTTLS) or `encrypt` (demand it). Empty: as the two old parameters below say.
    SMTPD_TLS_SECURITY_LEVEL: Text = "smtpd_tls_security_level", "";
    /// The old form of `smtpd_tls_security_level = may`.
    SMTPD_USE_TLS: Boolean = "smtpd_use_tls", "no";
    /// The old form of `smtpd_tls_security_level = encrypt`.
    SMTPD_ENFORCE_TLS: Boolean = "smtpd_enforce_tls", "no";
    /// TLS from the first byte on, without STARTTLS, as on port 465.
    SMTPD_TLS_WRAPPERMODE: Boolean = "smtpd_tls_wrappermode", "no";
    /// AUTH only under TLS.
    SMTPD_TLS_AUTH_ONLY: Boolean = "smtpd_tls_auth_only", "no";
    /// Files with private keys, each followed by its certificates.
    SMTPD_TLS_CHAIN_FILES: List = "smtpd_tls_chain_files", "";
    /// The certificate, followed by those of its issuers.
    SMTPD_TLS_CERT_FILE: Text = "smtpd_tls_cert_file", "";
    /// Its private key.
    SMTPD_TLS_KEY_FILE: Text = "smtpd_tls_key_file", "$smtpd_tls_cert_file";
    /// A second certificate, with an elliptic curve key.
    SMTPD_TLS_ECCERT_FILE: Text = "smtpd_tls_eccert_file", "";
    /// Its private key.
    SMTPD_TLS_ECKEY_FILE: Text = "smtpd_tls_eckey_file", "$smtpd_tls_eccert_file";
    /// Certification authorities for client certificates.
    SMTPD_TLS_CAFILE: Text = "smtpd_tls_CAfile", "";
    /// A directory of them, with the names that c_rehash(1) makes.
    SMTPD_TLS_CAPATH: Text = "smtpd_tls_CApath", "";
    /// Ask clients for a certificate.
    SMTPD_TLS_ASK_CCERT: Boolean = "smtpd_tls_ask_ccert", "no";
    /// Turn clients without a trusted certificate away; only where TLS is demanded.
    SMTPD_TLS_REQ_CCERT: Boolean = "smtpd_tls_req_ccert", "no";
    /// How long a chain of trusted certificates may be.
    SMTPD_TLS_CCERT_VERIFYDEPTH: Count = "smtpd_tls_ccert_verifydepth", "9", min = 0;
    /// The digest of certificate and key fingerprints.
    SMTPD_TLS_FINGERPRINT_DIGEST: Text = "smtpd_tls_fingerprint_digest",
        "${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}", min = 1;
    /// Write protocol, cipher and client certificate into Received:.
    SMTPD_TLS_RECEIVED_HEADER: Boolean = "smtpd_tls_received_header", "no";
    /// 1 and more: a log line for each session under TLS.
    SMTPD_TLS_LOGLEVEL: Text = "smtpd_tls_loglevel", "0";
    /// Versions of TLS. SSLv2 to TLSv1.1 have names here, but cannot be spoken.
    SMTPD_TLS_PROTOCOLS: Text = "smtpd_tls_protocols", ">=TLSv1";
    /// The same where TLS is demanded.
    SMTPD_TLS_MANDATORY_PROTOCOLS: Text = "smtpd_tls_mandatory_protocols", ">=TLSv1";
    /// The least cipher grade: high, medium, low, export or null. All but null mean the suites of the library.
    SMTPD_TLS_CIPHERS: Text = "smtpd_tls_ciphers", "medium", min = 1;
    /// The same where TLS is demanded.
    SMTPD_TLS_MANDATORY_CIPHERS: Text = "smtpd_tls_mandatory_ciphers", "medium", min = 1;
    /// Cipher suites not to be used.
    SMTPD_TLS_EXCLUDE_CIPHERS: Text = "smtpd_tls_exclude_ciphers", "";
    /// The same where TLS is demanded.
    SMTPD_TLS_MANDATORY_EXCLUDE_CIPHERS: Text = "smtpd_tls_mandatory_exclude_ciphers", "";
    /// How long a handshake may take.
    SMTPD_STARTTLS_TIMEOUT: Time = "smtpd_starttls_timeout", "${stress?{10}:{300}}s", unit = s, min = 1;
    /// Strength of the ephemeral key exchange. Accepted.
    SMTPD_TLS_EECDH_GRADE: Raw = "smtpd_tls_eecdh_grade", "auto";
    /// Where sessions are kept. Accepted: they live in tickets that clients keep.
    SMTPD_TLS_SESSION_CACHE_DATABASE: Text = "smtpd_tls_session_cache_database", "";
    /// How long sessions are kept. Accepted.
    SMTPD_TLS_SESSION_CACHE_TIMEOUT: Time = "smtpd_tls_session_cache_timeout", "3600s", unit = s, min = 0;
}
