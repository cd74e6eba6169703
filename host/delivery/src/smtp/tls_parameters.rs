//! Parameters of TLS and AUTH in smtp(8), with the defaults of Postfix 3.7.11.

config::parameters! {
    /// `none`, `may`, `encrypt`, `fingerprint`, `verify` or `secure`. Empty: as the old parameters below say.
    SMTP_TLS_SECURITY_LEVEL: Text = "smtp_tls_security_level", "";
    /// The old form of `smtp_tls_security_level = may`.
    SMTP_USE_TLS: Boolean = "smtp_use_tls", "no";
    /// The old form of `smtp_tls_security_level = verify`, or `encrypt` without the next one.
    SMTP_ENFORCE_TLS: Boolean = "smtp_enforce_tls", "no";
    /// With `smtp_enforce_tls`: the server's name must be in its certificate.
    SMTP_TLS_ENFORCE_PEERNAME: Boolean = "smtp_tls_enforce_peername", "yes";
    /// Levels by destination.
    SMTP_TLS_POLICY_MAPS: Text = "smtp_tls_policy_maps", "";
    /// The oldest form of levels by host. Not supported: see `smtp_tls_policy_maps`.
    SMTP_TLS_PER_SITE: Text = "smtp_tls_per_site", "";
    /// TLS from the first byte on, without STARTTLS, as on port 465.
    SMTP_TLS_WRAPPERMODE: Boolean = "smtp_tls_wrappermode", "no";
    /// Log servers that offer STARTTLS where it is not used.
    SMTP_TLS_NOTE_STARTTLS_OFFER: Boolean = "smtp_tls_note_starttls_offer", "no";
    /// Files with private keys, each followed by its certificates.
    SMTP_TLS_CHAIN_FILES: List = "smtp_tls_chain_files", "";
    /// The certificate for servers that ask, followed by those of its issuers.
    SMTP_TLS_CERT_FILE: Text = "smtp_tls_cert_file", "";
    /// Its private key.
    SMTP_TLS_KEY_FILE: Text = "smtp_tls_key_file", "$smtp_tls_cert_file";
    /// A second certificate, with an elliptic curve key.
    SMTP_TLS_ECCERT_FILE: Text = "smtp_tls_eccert_file", "";
    /// Its private key.
    SMTP_TLS_ECKEY_FILE: Text = "smtp_tls_eckey_file", "$smtp_tls_eccert_file";
    /// Certification authorities for server certificates.
    SMTP_TLS_CAFILE: Text = "smtp_tls_CAfile", "";
    /// A directory of them, with the names that c_rehash(1) makes.
    SMTP_TLS_CAPATH: Text = "smtp_tls_CApath", "";
    /// How long a chain of trusted certificates may be.
    SMTP_TLS_SCERT_VERIFYDEPTH: Count = "smtp_tls_scert_verifydepth", "9", min = 0;
    /// Names that the certificate must have at level `verify`.
    SMTP_TLS_VERIFY_CERT_MATCH: Text = "smtp_tls_verify_cert_match", "hostname", min = 1;
    /// The same at level `secure`.
    SMTP_TLS_SECURE_CERT_MATCH: Text = "smtp_tls_secure_cert_match", "nexthop, dot-nexthop", min = 1;
    /// Digests of certificates or public keys at level `fingerprint`.
    SMTP_TLS_FINGERPRINT_CERT_MATCH: Text = "smtp_tls_fingerprint_cert_match", "";
    /// The digest of these.
    SMTP_TLS_FINGERPRINT_DIGEST: Text = "smtp_tls_fingerprint_digest",
        "${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}", min = 1;
    /// The name to ask the server for: `hostname`, `nexthop` or a name.
    SMTP_TLS_SERVERNAME: Text = "smtp_tls_servername", "";
    /// Versions of TLS. SSLv2 to TLSv1.1 have names here, but cannot be spoken.
    SMTP_TLS_PROTOCOLS: Text = "smtp_tls_protocols", ">=TLSv1";
    /// The same where TLS is demanded.
    SMTP_TLS_MANDATORY_PROTOCOLS: Text = "smtp_tls_mandatory_protocols", ">=TLSv1";
    /// The least cipher grade: high, medium, low, export or null. All but null mean the suites of the library.
    SMTP_TLS_CIPHERS: Text = "smtp_tls_ciphers", "medium", min = 1;
    /// The same where TLS is demanded.
    SMTP_TLS_MANDATORY_CIPHERS: Text = "smtp_tls_mandatory_ciphers", "medium", min = 1;
    /// Cipher suites not to be used.
    SMTP_TLS_EXCLUDE_CIPHERS: Text = "smtp_tls_exclude_ciphers", "";
    /// The same where TLS is demanded.
    SMTP_TLS_MANDATORY_EXCLUDE_CIPHERS: Text = "smtp_tls_mandatory_exclude_ciphers", "";
    /// 1 and more: a log line for each session under TLS.
    SMTP_TLS_LOGLEVEL: Text = "smtp_tls_loglevel", "0";
    /// How long STARTTLS and the handshake may take.
    SMTP_STARTTLS_TIMEOUT: Time = "smtp_starttls_timeout", "300s", unit = s, min = 1;
    /// Keep sessions under TLS open for further mail, too.
    SMTP_TLS_CONNECTION_REUSE: Boolean = "smtp_tls_connection_reuse", "no";
    /// Where sessions are kept. Accepted: each connection has a full handshake.
    SMTP_TLS_SESSION_CACHE_DATABASE: Text = "smtp_tls_session_cache_database", "";
    /// How long sessions are kept. Accepted.
    SMTP_TLS_SESSION_CACHE_TIMEOUT: Time = "smtp_tls_session_cache_timeout", "3600s", unit = s, min = 0;

    // === AUTH ===

    /// Log in where the password table has an entry.
    SMTP_SASL_AUTH_ENABLE: Boolean = "smtp_sasl_auth_enable", "no";
    /// `user:password` by server host or destination.
    SMTP_SASL_PASSWORD_MAPS: Text = "smtp_sasl_password_maps", "";
    /// Kinds of mechanisms not to use: noplaintext, noactive, nodictionary, noanonymous, mutual_auth.
    SMTP_SASL_SECURITY_OPTIONS: List = "smtp_sasl_security_options", "noplaintext, noanonymous";
    /// The same under TLS.
    SMTP_SASL_TLS_SECURITY_OPTIONS: List = "smtp_sasl_tls_security_options", "$smtp_sasl_security_options";
    /// The same under TLS with a verified server.
    SMTP_SASL_TLS_VERIFIED_SECURITY_OPTIONS: List = "smtp_sasl_tls_verified_security_options",
        "$smtp_sasl_tls_security_options";
    /// Mechanisms of the server to look at, by name; empty: all.
    SMTP_SASL_MECHANISM_FILTER: List = "smtp_sasl_mechanism_filter", "";
    /// Defer mail, and do not return it, when a login fails.
    SMTP_SASL_AUTH_SOFT_BOUNCE: Boolean = "smtp_sasl_auth_soft_bounce", "yes";
    /// Whose implementation of AUTH. Accepted: PLAIN, LOGIN and CRAM-MD5 are built in.
    SMTP_SASL_TYPE: Text = "smtp_sasl_type", "cyrus", min = 1;
    /// Its configuration. Accepted.
    SMTP_SASL_PATH: Text = "smtp_sasl_path", "";
}
