//! Not yet obeyed: TLS of clients.

config::parameters! {
    /// Old form of smtpd_tls_security_level = encrypt.
    SMTPD_ENFORCE_TLS: Boolean = "smtpd_enforce_tls", "no", protects;
    /// Time limit of the TLS handshake.
    SMTPD_STARTTLS_TIMEOUT: Time = "smtpd_starttls_timeout", "${stress?{10}:{300}}s", unit = s, min = 1;
    /// CA file for client certificates; also sent as chain.
    SMTPD_TLS_CAFILE: Text = "smtpd_tls_CAfile", "";
    /// CA directory for client certificates.
    SMTPD_TLS_CAPATH: Text = "smtpd_tls_CApath", "";
    /// Asks clients for a certificate.
    SMTPD_TLS_ASK_CCERT: Boolean = "smtpd_tls_ask_ccert", "no";
    /// AUTH only under TLS.
    SMTPD_TLS_AUTH_ONLY: Boolean = "smtpd_tls_auth_only", "no", protects;
    /// Longest client chain.
    SMTPD_TLS_CCERT_VERIFYDEPTH: Count = "smtpd_tls_ccert_verifydepth", "9", min = 0, protects;
    /// Server certificate; may hold the chain and the key.
    SMTPD_TLS_CERT_FILE: Text = "smtpd_tls_cert_file", "";
    /// Key and certificate chains in one list.
    SMTPD_TLS_CHAIN_FILES: Text = "smtpd_tls_chain_files", "";
    /// Cipher grade for opportunistic TLS; check the word.
    SMTPD_TLS_CIPHERS: Text = "smtpd_tls_ciphers", "medium", min = 1, protects;
    /// ECDSA server certificate.
    SMTPD_TLS_ECCERT_FILE: Text = "smtpd_tls_eccert_file", "";
    /// ECDSA server key.
    SMTPD_TLS_ECKEY_FILE: Text = "smtpd_tls_eckey_file", "$smtpd_tls_eccert_file";
    /// Chooses the key-exchange curves.
    SMTPD_TLS_EECDH_GRADE: Text = "smtpd_tls_eecdh_grade", "auto", min = 1;
    /// Cipher types never used; map known words to suites.
    SMTPD_TLS_EXCLUDE_CIPHERS: Text = "smtpd_tls_exclude_ciphers", "", protects;
    /// Digest for relay_clientcerts and check_ccert_access: md5 below level 3.6, else sha256.
    SMTPD_TLS_FINGERPRINT_DIGEST: Text = "smtpd_tls_fingerprint_digest", "${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}", min = 1;
    /// Key of smtpd_tls_cert_file.
    SMTPD_TLS_KEY_FILE: Text = "smtpd_tls_key_file", "$smtpd_tls_cert_file";
    /// TLS log detail.
    SMTPD_TLS_LOGLEVEL: Text = "smtpd_tls_loglevel", "0";
    /// Cipher grade where TLS is mandatory: high, medium, low, export or null.
    SMTPD_TLS_MANDATORY_CIPHERS: Text = "smtpd_tls_mandatory_ciphers", "medium", min = 1, protects;
    /// Further exclusions with mandatory TLS.
    SMTPD_TLS_MANDATORY_EXCLUDE_CIPHERS: Text = "smtpd_tls_mandatory_exclude_ciphers", "", protects;
    /// Protocol versions where TLS is mandatory.
    SMTPD_TLS_MANDATORY_PROTOCOLS: Text = "smtpd_tls_mandatory_protocols", ">=TLSv1", protects;
    /// Protocol versions with opportunistic TLS.
    SMTPD_TLS_PROTOCOLS: Text = "smtpd_tls_protocols", ">=TLSv1", protects;
    /// Protocol and cipher in Received:.
    SMTPD_TLS_RECEIVED_HEADER: Boolean = "smtpd_tls_received_header", "no";
    /// Requires a trusted client certificate with mandatory TLS.
    SMTPD_TLS_REQ_CCERT: Boolean = "smtpd_tls_req_ccert", "no", protects;
    /// none, may or encrypt.
    SMTPD_TLS_SECURITY_LEVEL: Text = "smtpd_tls_security_level", "", protects;
    /// TLS server session cache.
    SMTPD_TLS_SESSION_CACHE_DATABASE: Text = "smtpd_tls_session_cache_database", "";
    /// Lifetime of cached sessions and tickets.
    SMTPD_TLS_SESSION_CACHE_TIMEOUT: Time = "smtpd_tls_session_cache_timeout", "3600s", unit = s, min = 0, max = 8_640_000;
    /// TLS from the first byte.
    SMTPD_TLS_WRAPPERMODE: Boolean = "smtpd_tls_wrappermode", "no", protects;
    /// Old form of smtpd_tls_security_level = may.
    SMTPD_USE_TLS: Boolean = "smtpd_use_tls", "no", protects;
    /// Adds the system's CA certificates.
    TLS_APPEND_DEFAULT_CA: Boolean = "tls_append_default_CA", "no";
    /// Order of key-exchange curves.
    TLS_EECDH_AUTO_CURVES: Text = "tls_eecdh_auto_curves", "X25519 X448 prime256v1 secp521r1 secp384r1", min = 1;
    /// Curve of eecdh_grade strong.
    TLS_EECDH_STRONG_CURVE: Text = "tls_eecdh_strong_curve", "prime256v1", min = 1;
    /// Curve of eecdh_grade ultra.
    TLS_EECDH_ULTRA_CURVE: Text = "tls_eecdh_ultra_curve", "secp384r1", min = 1;
    /// Server's instead of client's cipher order.
    TLS_PREEMPT_CIPHERLIST: Boolean = "tls_preempt_cipherlist", "no";
    /// Server name to key and chain files.
    TLS_SERVER_SNI_MAPS: Text = "tls_server_sni_maps", "";
}
