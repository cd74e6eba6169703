//! Parameters that are accepted and mean nothing here, each with the reason: they tune a part of Postfix that Waxwing
//! does not have. `waxwing check` does not call them unused, and postconf shows them.

config::parameters! {
    /// How long postkick waits on a daemon's socket; there is no such socket.
    APPLICATION_EVENT_DRAIN_TIME: Raw = "application_event_drain_time", "100s";
    /// Extra records in the C bounce log files for Postfix < 2.0; the host has its own per-message log.
    BACKWARDS_BOUNCE_LOGFILE_COMPATIBILITY: Raw = "backwards_bounce_logfile_compatibility", "yes";
    /// Cache size handed to the Berkeley DB C library when writing; the host writes tables itself.
    BERKELEY_DB_CREATE_BUFFER_SIZE: Raw = "berkeley_db_create_buffer_size", "16777216";
    /// Cache size handed to the Berkeley DB C library when reading.
    BERKELEY_DB_READ_BUFFER_SIZE: Raw = "berkeley_db_read_buffer_size", "131072";
    /// Time limit for talking to scache(8); the host keeps idle connections in its own process.
    CONNECTION_CACHE_PROTOCOL_TIMEOUT: Raw = "connection_cache_protocol_timeout", "5s";
    /// Names the scache(8) socket.
    CONNECTION_CACHE_SERVICE_NAME: Raw = "connection_cache_service_name", "scache";
    /// scache(8) statistics interval.
    CONNECTION_CACHE_STATUS_UPDATE_TIME: Raw = "connection_cache_status_update_time", "600s";
    /// Search path of the Cyrus SASL C library.
    CYRUS_SASL_CONFIG_PATH: Raw = "cyrus_sasl_config_path", "";
    /// Workaround for libc resolver internals; the host uses its own resolver.
    DNS_NCACHE_TTL_FIX_ENABLE: Raw = "dns_ncache_ttl_fix_enable", "no";
    /// Test aid that slows the dnsblog(8) daemon down.
    DNSBLOG_REPLY_DELAY: Raw = "dnsblog_reply_delay", "0s";
    /// Names the dnsblog(8) socket; the host looks DNSBLs up in-process.
    DNSBLOG_SERVICE_NAME: Raw = "dnsblog_service_name", "dnsblog";
    /// Triggers failures inside the C code for tests.
    FAULT_INJECTION_CODE: Raw = "fault_injection_code", "0";
    /// fork() retries of C daemons.
    FORK_ATTEMPTS: Raw = "fork_attempts", "5";
    /// Pause between fork() retries.
    FORK_DELAY: Raw = "fork_delay", "1s";
    /// Initial map size of the LMDB C library; no seed uses lmdb:.
    LMDB_MAP_SIZE: Raw = "lmdb_map_size", "16777216";
    /// LMTP counterpart of smtp_tls_dcert_file: DSA certificate; DSA is not in the TLS library.
    LMTP_TLS_DCERT_FILE: Raw = "lmtp_tls_dcert_file", "";
    /// LMTP counterpart of smtp_tls_dkey_file: DSA key; DSA is not in the TLS library.
    LMTP_TLS_DKEY_FILE: Raw = "lmtp_tls_dkey_file", "$lmtp_tls_dcert_file";
    /// openssl(1) used by the 'postfix tls' script.
    OPENSSL_PATH: Raw = "openssl_path", "openssl";
    /// Watchdog of the postlogd(8) process.
    POSTLOGD_WATCHDOG_TIMEOUT: Raw = "postlogd_watchdog_timeout", "10s";
    /// Watchdog of the single postscreen(8) process.
    POSTSCREEN_WATCHDOG_TIMEOUT: Raw = "postscreen_watchdog_timeout", "10s";
    /// Tables that proxymap(8) may write for C daemons; the host opens its caches itself.
    PROXY_WRITE_MAPS: Raw = "proxy_write_maps", "$smtp_sasl_auth_cache_name $lmtp_sasl_auth_cache_name $address_verify_map $postscreen_cache_map";
    /// Watchdog of the qmgr(8) process.
    QMGR_DAEMON_TIMEOUT: Raw = "qmgr_daemon_timeout", "1000s";
    /// Time limit of messages between qmgr(8) and other C daemons.
    QMGR_IPC_TIMEOUT: Raw = "qmgr_ipc_timeout", "60s";
    /// How long master(8) waits before it restarts a failing C daemon.
    SERVICE_THROTTLE_TIME: Raw = "service_throttle_time", "60s";
    /// DSA certificate; DSA is not in the TLS library.
    SMTP_TLS_DCERT_FILE: Raw = "smtp_tls_dcert_file", "";
    /// DSA key; DSA is not in the TLS library.
    SMTP_TLS_DKEY_FILE: Raw = "smtp_tls_dkey_file", "$smtp_tls_dcert_file";
    /// Service that postscreen hands clients to; in-process.
    SMTPD_SERVICE_NAME: Raw = "smtpd_service_name", "smtpd";
    /// OpenSSL session-id detail.
    SMTPD_TLS_ALWAYS_ISSUE_SESSION_IDS: Raw = "smtpd_tls_always_issue_session_ids", "yes";
    /// DSA certificate; DSA is not in the TLS library.
    SMTPD_TLS_DCERT_FILE: Raw = "smtpd_tls_dcert_file", "";
    /// DH parameters of OpenSSL; the TLS library does ECDHE only.
    SMTPD_TLS_DH1024_PARAM_FILE: Raw = "smtpd_tls_dh1024_param_file", "";
    /// Export-grade DH parameters; Postfix itself ignores it since 3.6.
    SMTPD_TLS_DH512_PARAM_FILE: Raw = "smtpd_tls_dh512_param_file", "";
    /// DSA key; DSA is not in the TLS library.
    SMTPD_TLS_DKEY_FILE: Raw = "smtpd_tls_dkey_file", "$smtpd_tls_dcert_file";
    /// OpenSSL configuration file.
    TLS_CONFIG_FILE: Raw = "tls_config_file", "default";
    /// Section of the OpenSSL configuration file.
    TLS_CONFIG_NAME: Raw = "tls_config_name", "";
    /// Seed size from tlsmgr(8); the TLS library seeds itself.
    TLS_DAEMON_RANDOM_BYTES: Raw = "tls_daemon_random_bytes", "32";
    /// OpenSSL bug-workaround bits.
    TLS_DISABLE_WORKAROUNDS: Raw = "tls_disable_workarounds", "";
    /// OpenSSL cipher string of a grade the TLS library does not have.
    TLS_EXPORT_CIPHERLIST: Raw = "tls_export_cipherlist", "aNULL:-aNULL:HIGH:MEDIUM:LOW:EXPORT:+RC4:@STRENGTH";
    /// OpenSSL cipher string; the TLS library has a fixed list of strong suites.
    TLS_HIGH_CIPHERLIST: Raw = "tls_high_cipherlist", "aNULL:-aNULL:HIGH:@STRENGTH";
    /// Repeats a wrong digest of C versions 2.9.0-2.9.5; removed by 3.12.
    TLS_LEGACY_PUBLIC_KEY_FINGERPRINTS: Raw = "tls_legacy_public_key_fingerprints", "no";
    /// OpenSSL cipher string of a grade the TLS library does not have.
    TLS_LOW_CIPHERLIST: Raw = "tls_low_cipherlist", "aNULL:-aNULL:HIGH:MEDIUM:LOW:+RC4:@STRENGTH";
    /// OpenSSL cipher string; the TLS library has a fixed list of strong suites.
    TLS_MEDIUM_CIPHERLIST: Raw = "tls_medium_cipherlist", "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH";
    /// OpenSSL cipher string of unencrypted suites.
    TLS_NULL_CIPHERLIST: Raw = "tls_null_cipherlist", "eNULL:!aNULL";
    /// Seed size of tlsmgr(8); the TLS library seeds itself.
    TLS_RANDOM_BYTES: Raw = "tls_random_bytes", "32";
    /// Random-state file of tlsmgr(8).
    TLS_RANDOM_EXCHANGE_NAME: Raw = "tls_random_exchange_name", "${data_directory}/prng_exch";
    /// How often tlsmgr(8) saves that file.
    TLS_RANDOM_PRNG_UPDATE_PERIOD: Raw = "tls_random_prng_update_period", "3600s";
    /// How often tlsmgr(8) reseeds.
    TLS_RANDOM_RESEED_PERIOD: Raw = "tls_random_reseed_period", "3600s";
    /// Entropy source of tlsmgr(8);
    TLS_RANDOM_SOURCE: Raw = "tls_random_source", "dev:/dev/urandom";
    /// OpenSSL cipher of session tickets; the TLS library has its own.
    TLS_SESSION_TICKET_CIPHER: Raw = "tls_session_ticket_cipher", "aes-256-cbc";
    /// OpenSSL option bits.
    TLS_SSL_OPTIONS: Raw = "tls_ssl_options", "";
    /// Names the tlsmgr(8) socket.
    TLSMGR_SERVICE_NAME: Raw = "tlsmgr_service_name", "tlsmgr";
    /// tlsproxy(8) copy of smtp_tls_CAfile, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_CAFILE: Raw = "tlsproxy_client_CAfile", "$smtp_tls_CAfile";
    /// tlsproxy(8) copy of smtp_tls_CApath, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_CAPATH: Raw = "tlsproxy_client_CApath", "$smtp_tls_CApath";
    /// tlsproxy(8) copy of smtp_tls_cert_file, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_CERT_FILE: Raw = "tlsproxy_client_cert_file", "$smtp_tls_cert_file";
    /// tlsproxy(8) copy of smtp_tls_chain_files, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_CHAIN_FILES: Raw = "tlsproxy_client_chain_files", "$smtp_tls_chain_files";
    /// tlsproxy(8) copy of smtp_tls_dcert_file, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_DCERT_FILE: Raw = "tlsproxy_client_dcert_file", "$smtp_tls_dcert_file";
    /// tlsproxy(8) copy of smtp_tls_dkey_file, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_DKEY_FILE: Raw = "tlsproxy_client_dkey_file", "$smtp_tls_dkey_file";
    /// tlsproxy(8) copy of smtp_tls_eccert_file, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_ECCERT_FILE: Raw = "tlsproxy_client_eccert_file", "$smtp_tls_eccert_file";
    /// tlsproxy(8) copy of smtp_tls_eckey_file, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_ECKEY_FILE: Raw = "tlsproxy_client_eckey_file", "$smtp_tls_eckey_file";
    /// tlsproxy(8) copy of smtp_enforce_tls, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_ENFORCE_TLS: Raw = "tlsproxy_client_enforce_tls", "$smtp_enforce_tls";
    /// tlsproxy(8) copy of smtp_tls_fingerprint_digest, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_FINGERPRINT_DIGEST: Raw = "tlsproxy_client_fingerprint_digest", "$smtp_tls_fingerprint_digest";
    /// tlsproxy(8) copy of smtp_tls_key_file, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_KEY_FILE: Raw = "tlsproxy_client_key_file", "$smtp_tls_key_file";
    /// tlsproxy(8) copy of smtp_tls_loglevel, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_LOGLEVEL: Raw = "tlsproxy_client_loglevel", "$smtp_tls_loglevel";
    /// Name of the parameter that tlsproxy(8) quotes in log messages; removed in 3.12.
    TLSPROXY_CLIENT_LOGLEVEL_PARAMETER: Raw = "tlsproxy_client_loglevel_parameter", "smtp_tls_loglevel";
    /// tlsproxy(8) copy of smtp_tls_per_site, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_PER_SITE: Raw = "tlsproxy_client_per_site", "$smtp_tls_per_site";
    /// tlsproxy(8) copy of smtp_tls_policy_maps, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_POLICY_MAPS: Raw = "tlsproxy_client_policy_maps", "${tlsproxy_client_policy:$smtp_tls_policy_maps}";
    /// tlsproxy(8) copy of smtp_tls_scert_verifydepth, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_SCERT_VERIFYDEPTH: Raw = "tlsproxy_client_scert_verifydepth", "$smtp_tls_scert_verifydepth";
    /// tlsproxy(8) copy of smtp_tls_security_level, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_SECURITY_LEVEL: Raw = "tlsproxy_client_security_level", "${tlsproxy_client_level:$smtp_tls_security_level}";
    /// tlsproxy(8) copy of smtp_use_tls, which is its default; the host does TLS in-process.
    TLSPROXY_CLIENT_USE_TLS: Raw = "tlsproxy_client_use_tls", "$smtp_use_tls";
    /// tlsproxy(8) setting; the host does TLS in-process with the smtpd_tls_* values.
    TLSPROXY_ENFORCE_TLS: Raw = "tlsproxy_enforce_tls", "$smtpd_enforce_tls";
    /// Names the tlsproxy(8) socket.
    TLSPROXY_SERVICE_NAME: Raw = "tlsproxy_service_name", "tlsproxy";
    /// tlsproxy(8) copy of smtpd_tls_CAfile, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_CAFILE: Raw = "tlsproxy_tls_CAfile", "$smtpd_tls_CAfile";
    /// tlsproxy(8) copy of smtpd_tls_CApath, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_CAPATH: Raw = "tlsproxy_tls_CApath", "$smtpd_tls_CApath";
    /// tlsproxy(8) copy of smtpd_tls_always_issue_session_ids, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_ALWAYS_ISSUE_SESSION_IDS: Raw = "tlsproxy_tls_always_issue_session_ids", "$smtpd_tls_always_issue_session_ids";
    /// tlsproxy(8) copy of smtpd_tls_ask_ccert, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_ASK_CCERT: Raw = "tlsproxy_tls_ask_ccert", "$smtpd_tls_ask_ccert";
    /// tlsproxy(8) copy of smtpd_tls_ccert_verifydepth, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_CCERT_VERIFYDEPTH: Raw = "tlsproxy_tls_ccert_verifydepth", "$smtpd_tls_ccert_verifydepth";
    /// tlsproxy(8) copy of smtpd_tls_cert_file, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_CERT_FILE: Raw = "tlsproxy_tls_cert_file", "$smtpd_tls_cert_file";
    /// tlsproxy(8) copy of smtpd_tls_chain_files, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_CHAIN_FILES: Raw = "tlsproxy_tls_chain_files", "$smtpd_tls_chain_files";
    /// tlsproxy(8) copy of smtpd_tls_ciphers, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_CIPHERS: Raw = "tlsproxy_tls_ciphers", "$smtpd_tls_ciphers";
    /// tlsproxy(8) copy of smtpd_tls_dcert_file, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_DCERT_FILE: Raw = "tlsproxy_tls_dcert_file", "$smtpd_tls_dcert_file";
    /// tlsproxy(8) copy of smtpd_tls_dh1024_param_file, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_DH1024_PARAM_FILE: Raw = "tlsproxy_tls_dh1024_param_file", "$smtpd_tls_dh1024_param_file";
    /// tlsproxy(8) copy of smtpd_tls_dh512_param_file, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_DH512_PARAM_FILE: Raw = "tlsproxy_tls_dh512_param_file", "$smtpd_tls_dh512_param_file";
    /// tlsproxy(8) copy of smtpd_tls_dkey_file, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_DKEY_FILE: Raw = "tlsproxy_tls_dkey_file", "$smtpd_tls_dkey_file";
    /// tlsproxy(8) copy of smtpd_tls_eccert_file, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_ECCERT_FILE: Raw = "tlsproxy_tls_eccert_file", "$smtpd_tls_eccert_file";
    /// tlsproxy(8) copy of smtpd_tls_eckey_file, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_ECKEY_FILE: Raw = "tlsproxy_tls_eckey_file", "$smtpd_tls_eckey_file";
    /// tlsproxy(8) copy of smtpd_tls_eecdh_grade, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_EECDH_GRADE: Raw = "tlsproxy_tls_eecdh_grade", "$smtpd_tls_eecdh_grade";
    /// tlsproxy(8) copy of smtpd_tls_exclude_ciphers, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_EXCLUDE_CIPHERS: Raw = "tlsproxy_tls_exclude_ciphers", "$smtpd_tls_exclude_ciphers";
    /// tlsproxy(8) copy of smtpd_tls_fingerprint_digest, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_FINGERPRINT_DIGEST: Raw = "tlsproxy_tls_fingerprint_digest", "$smtpd_tls_fingerprint_digest";
    /// tlsproxy(8) copy of smtpd_tls_key_file, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_KEY_FILE: Raw = "tlsproxy_tls_key_file", "$smtpd_tls_key_file";
    /// tlsproxy(8) copy of smtpd_tls_loglevel, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_LOGLEVEL: Raw = "tlsproxy_tls_loglevel", "$smtpd_tls_loglevel";
    /// tlsproxy(8) copy of smtpd_tls_mandatory_ciphers, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_MANDATORY_CIPHERS: Raw = "tlsproxy_tls_mandatory_ciphers", "$smtpd_tls_mandatory_ciphers";
    /// tlsproxy(8) copy of smtpd_tls_mandatory_exclude_ciphers, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_MANDATORY_EXCLUDE_CIPHERS: Raw = "tlsproxy_tls_mandatory_exclude_ciphers", "$smtpd_tls_mandatory_exclude_ciphers";
    /// tlsproxy(8) copy of smtpd_tls_mandatory_protocols, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_MANDATORY_PROTOCOLS: Raw = "tlsproxy_tls_mandatory_protocols", "$smtpd_tls_mandatory_protocols";
    /// tlsproxy(8) copy of smtpd_tls_protocols, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_PROTOCOLS: Raw = "tlsproxy_tls_protocols", "$smtpd_tls_protocols";
    /// tlsproxy(8) copy of smtpd_tls_req_ccert, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_REQ_CCERT: Raw = "tlsproxy_tls_req_ccert", "$smtpd_tls_req_ccert";
    /// tlsproxy(8) copy of smtpd_tls_security_level, which is its default; the host does TLS in-process.
    TLSPROXY_TLS_SECURITY_LEVEL: Raw = "tlsproxy_tls_security_level", "$smtpd_tls_security_level";
    /// tlsproxy(8) setting; the host does TLS in-process with the smtpd_tls_* values.
    TLSPROXY_USE_TLS: Raw = "tlsproxy_use_tls", "$smtpd_use_tls";
    /// Watchdog of the tlsproxy(8) process.
    TLSPROXY_WATCHDOG_TIMEOUT: Raw = "tlsproxy_watchdog_timeout", "10s";
    /// Time limit of wake-ups between C programs.
    TRIGGER_TIMEOUT: Raw = "trigger_timeout", "10s";
}
