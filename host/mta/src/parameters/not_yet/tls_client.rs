//! Not yet obeyed: TLS to other servers.

config::parameters! {
    /// LMTP counterpart of smtp_enforce_tls: Old form of lmtp_tls_security_level = verify.
    LMTP_ENFORCE_TLS: Boolean = "lmtp_enforce_tls", "no", protects;
    /// LMTP counterpart of smtp_starttls_timeout.
    LMTP_STARTTLS_TIMEOUT: Time = "lmtp_starttls_timeout", "300s", unit = s, min = 1;
    /// LMTP counterpart of smtp_tls_CAfile.
    LMTP_TLS_CAFILE: Text = "lmtp_tls_CAfile", "";
    /// LMTP counterpart of smtp_tls_CApath.
    LMTP_TLS_CAPATH: Text = "lmtp_tls_CApath", "";
    /// LMTP counterpart of smtp_tls_block_early_mail_reply.
    LMTP_TLS_BLOCK_EARLY_MAIL_REPLY: Boolean = "lmtp_tls_block_early_mail_reply", "no", protects;
    /// LMTP counterpart of smtp_tls_cert_file.
    LMTP_TLS_CERT_FILE: Text = "lmtp_tls_cert_file", "";
    /// LMTP counterpart of smtp_tls_chain_files.
    LMTP_TLS_CHAIN_FILES: Text = "lmtp_tls_chain_files", "";
    /// LMTP counterpart of smtp_tls_ciphers.
    LMTP_TLS_CIPHERS: Text = "lmtp_tls_ciphers", "medium", min = 1, protects;
    /// LMTP counterpart of smtp_tls_connection_reuse.
    LMTP_TLS_CONNECTION_REUSE: Boolean = "lmtp_tls_connection_reuse", "no";
    /// LMTP counterpart of smtp_tls_eccert_file.
    LMTP_TLS_ECCERT_FILE: Text = "lmtp_tls_eccert_file", "";
    /// LMTP counterpart of smtp_tls_eckey_file.
    LMTP_TLS_ECKEY_FILE: Text = "lmtp_tls_eckey_file", "$lmtp_tls_eccert_file";
    /// LMTP counterpart of smtp_tls_enforce_peername: Old switch between verify and encrypt with lmtp_enforce_tls.
    LMTP_TLS_ENFORCE_PEERNAME: Boolean = "lmtp_tls_enforce_peername", "yes", protects;
    /// LMTP counterpart of smtp_tls_exclude_ciphers.
    LMTP_TLS_EXCLUDE_CIPHERS: Text = "lmtp_tls_exclude_ciphers", "", protects;
    /// Fingerprints that level fingerprint takes, for LMTP.
    LMTP_TLS_FINGERPRINT_CERT_MATCH: Text = "lmtp_tls_fingerprint_cert_match", "", protects;
    /// LMTP counterpart of smtp_tls_fingerprint_digest.
    LMTP_TLS_FINGERPRINT_DIGEST: Text = "lmtp_tls_fingerprint_digest", "${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}", min = 1;
    /// LMTP counterpart of smtp_tls_force_insecure_host_tlsa_lookup.
    LMTP_TLS_FORCE_INSECURE_HOST_TLSA_LOOKUP: Boolean = "lmtp_tls_force_insecure_host_tlsa_lookup", "no";
    /// LMTP counterpart of smtp_tls_key_file.
    LMTP_TLS_KEY_FILE: Text = "lmtp_tls_key_file", "$lmtp_tls_cert_file";
    /// LMTP counterpart of smtp_tls_loglevel.
    LMTP_TLS_LOGLEVEL: Text = "lmtp_tls_loglevel", "0";
    /// LMTP counterpart of smtp_tls_mandatory_ciphers.
    LMTP_TLS_MANDATORY_CIPHERS: Text = "lmtp_tls_mandatory_ciphers", "medium", min = 1, protects;
    /// LMTP counterpart of smtp_tls_mandatory_exclude_ciphers.
    LMTP_TLS_MANDATORY_EXCLUDE_CIPHERS: Text = "lmtp_tls_mandatory_exclude_ciphers", "", protects;
    /// LMTP counterpart of smtp_tls_mandatory_protocols.
    LMTP_TLS_MANDATORY_PROTOCOLS: Text = "lmtp_tls_mandatory_protocols", ">=TLSv1", protects;
    /// LMTP counterpart of smtp_tls_note_starttls_offer.
    LMTP_TLS_NOTE_STARTTLS_OFFER: Boolean = "lmtp_tls_note_starttls_offer", "no";
    /// LMTP counterpart of smtp_tls_per_site.
    LMTP_TLS_PER_SITE: Text = "lmtp_tls_per_site", "", protects;
    /// LMTP counterpart of smtp_tls_policy_maps.
    LMTP_TLS_POLICY_MAPS: Text = "lmtp_tls_policy_maps", "", protects;
    /// LMTP counterpart of smtp_tls_protocols.
    LMTP_TLS_PROTOCOLS: Text = "lmtp_tls_protocols", ">=TLSv1", protects;
    /// LMTP counterpart of smtp_tls_scert_verifydepth.
    LMTP_TLS_SCERT_VERIFYDEPTH: Count = "lmtp_tls_scert_verifydepth", "9", min = 0;
    /// LMTP counterpart of smtp_tls_secure_cert_match.
    LMTP_TLS_SECURE_CERT_MATCH: Text = "lmtp_tls_secure_cert_match", "nexthop", min = 1, protects;
    /// LMTP counterpart of smtp_tls_security_level.
    LMTP_TLS_SECURITY_LEVEL: Text = "lmtp_tls_security_level", "", protects;
    /// LMTP counterpart of smtp_tls_servername.
    LMTP_TLS_SERVERNAME: Text = "lmtp_tls_servername", "";
    /// LMTP counterpart of smtp_tls_session_cache_database.
    LMTP_TLS_SESSION_CACHE_DATABASE: Text = "lmtp_tls_session_cache_database", "";
    /// LMTP counterpart of smtp_tls_session_cache_timeout.
    LMTP_TLS_SESSION_CACHE_TIMEOUT: Time = "lmtp_tls_session_cache_timeout", "3600s", unit = s, min = 0, max = 8_640_000;
    /// LMTP counterpart of smtp_tls_trust_anchor_file.
    LMTP_TLS_TRUST_ANCHOR_FILE: Text = "lmtp_tls_trust_anchor_file", "", protects;
    /// LMTP counterpart of smtp_tls_verify_cert_match.
    LMTP_TLS_VERIFY_CERT_MATCH: Text = "lmtp_tls_verify_cert_match", "hostname", min = 1, protects;
    /// LMTP counterpart of smtp_tls_wrappermode.
    LMTP_TLS_WRAPPERMODE: Boolean = "lmtp_tls_wrappermode", "no", protects;
    /// LMTP counterpart of smtp_use_tls: Old form of lmtp_tls_security_level = may.
    LMTP_USE_TLS: Boolean = "lmtp_use_tls", "no", protects;
    /// Detects replies sent ahead of their commands after STARTTLS.
    SMTP_TLS_BLOCK_EARLY_MAIL_REPLY: Boolean = "smtp_tls_block_early_mail_reply", "no", protects;
    /// Level when the MX record itself is not signed.
    SMTP_TLS_DANE_INSECURE_MX_POLICY: Text = "smtp_tls_dane_insecure_mx_policy", "${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}", protects;
    /// Looks TLSA records up in unsigned zones too.
    SMTP_TLS_FORCE_INSECURE_HOST_TLSA_LOOKUP: Boolean = "smtp_tls_force_insecure_host_tlsa_lookup", "no";
    /// Trust anchors that replace the CA files.
    SMTP_TLS_TRUST_ANCHOR_FILE: Text = "smtp_tls_trust_anchor_file", "", protects;
}
