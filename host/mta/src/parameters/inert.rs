//! Parameters that are accepted and mean nothing here, each with the reason: they tune a part of Postfix that Waxwing
//! does not have. `waxwing check` does not call them unused, and postconf shows them.

config::parameters! {
    /// Names the verify(8) socket; the parts of one program need no names for each other.
    ADDRESS_VERIFY_SERVICE_NAME: Text = "address_verify_service_name", "verify", min = 1;
    /// How long postkick(1) waits for a daemon's socket; there is no such socket.
    APPLICATION_EVENT_DRAIN_TIME: Time = "application_event_drain_time", "100s", unit = s, min = 1;
    /// Extra records in bounce logs for Postfix before 2.0; what happened to a recipient stands in the queue file.
    BACKWARDS_BOUNCE_LOGFILE_COMPATIBILITY: Boolean = "backwards_bounce_logfile_compatibility", "yes";
    /// Cache of the Berkeley DB library when writing; there is no Berkeley DB, hash and btree name the text source.
    BERKELEY_DB_CREATE_BUFFER_SIZE: Count = "berkeley_db_create_buffer_size", "16777216", min = 1;
    /// Cache of the Berkeley DB library when reading; there is no Berkeley DB.
    BERKELEY_DB_READ_BUFFER_SIZE: Count = "berkeley_db_read_buffer_size", "131072", min = 1;
    /// Names the bounce(8) socket; the parts of one program need no names for each other.
    BOUNCE_SERVICE_NAME: Text = "bounce_service_name", "bounce", min = 1;
    /// Where Postfix keeps its commands; they are part of one program, and `waxwing install` links them.
    COMMAND_DIRECTORY: Text = "command_directory", "/usr/sbin", min = 1;
    /// Time limit for talking to scache(8); idle connections stay in the one process.
    CONNECTION_CACHE_PROTOCOL_TIMEOUT: Time = "connection_cache_protocol_timeout", "5s", unit = s, min = 1;
    /// Names the scache(8) socket; idle connections stay in the one process.
    CONNECTION_CACHE_SERVICE_NAME: Text = "connection_cache_service_name", "scache", min = 1;
    /// Interval of scache(8)'s statistics; there is no such process.
    CONNECTION_CACHE_STATUS_UPDATE_TIME: Time = "connection_cache_status_update_time", "600s", unit = s, min = 1;
    /// Where Postfix keeps its daemons; they are part of one program.
    DAEMON_DIRECTORY: Text = "daemon_directory", "/usr/lib/postfix/sbin", min = 1;
    /// How long a daemon's request may take before the process gives itself up; requests have limits of their own.
    DAEMON_TIMEOUT: Time = "daemon_timeout", "18000s", unit = s, min = 1;
    /// How much more is logged for debug_peer_list; here it is the same at every level, commands and replies.
    DEBUG_PEER_LEVEL: Count = "debug_peer_level", "2", min = 1;
    /// Runs when a daemon is started with -D; a debugger attaches to the one process instead.
    DEBUGGER_COMMAND: Text = "debugger_command", "";
    /// Names the defer socket of bounce(8); the parts of one program need no names for each other.
    DEFER_SERVICE_NAME: Text = "defer_service_name", "defer", min = 1;
    /// Workaround for the C library's resolver, which is not used for mail.
    DNS_NCACHE_TTL_FIX_ENABLE: Boolean = "dns_ncache_ttl_fix_enable", "no";
    /// Test aid that slows dnsblog(8) down; there is no such process.
    DNSBLOG_REPLY_DELAY: Time = "dnsblog_reply_delay", "0s", unit = s, min = 0;
    /// Names the dnsblog(8) socket; DNS lists are looked up in the one process.
    DNSBLOG_SERVICE_NAME: Text = "dnsblog_service_name", "dnsblog", min = 1;
    /// Names the error(8) socket; the parts of one program need no names for each other.
    ERROR_SERVICE_NAME: Text = "error_service_name", "error", min = 1;
    /// Triggers failures inside Postfix's own code for tests.
    FAULT_INJECTION_CODE: Count = "fault_injection_code", "0";
    /// Names the flush(8) socket; the parts of one program need no names for each other.
    FLUSH_SERVICE_NAME: Text = "flush_service_name", "flush", min = 1;
    /// How often master(8) tries to start a process; services are not processes.
    FORK_ATTEMPTS: Count = "fork_attempts", "5", min = 1;
    /// Pause between attempts to start a process; services are not processes.
    FORK_DELAY: Time = "fork_delay", "1s", unit = s, min = 1;
    /// Where Postfix's HTML pages are; for programs that ask postconf.
    HTML_DIRECTORY: Text = "html_directory", "/usr/share/doc/postfix/html", min = 1;
    /// How long an idle connection between daemons stays open; there are no such connections.
    IPC_IDLE: Time = "ipc_idle", "5s", unit = s, min = 1;
    /// How long one daemon waits for another; they are parts of one program.
    IPC_TIMEOUT: Time = "ipc_timeout", "3600s", unit = s, min = 1;
    /// How long a connection between daemons is used; there are no such connections.
    IPC_TTL: Time = "ipc_ttl", "1000s", unit = s, min = 1;
    /// LMTP counterpart of smtp_tls_dcert_file: DSA certificate; DSA is not in the TLS library.
    LMTP_TLS_DCERT_FILE: Text = "lmtp_tls_dcert_file", "";
    /// LMTP counterpart of smtp_tls_dkey_file: DSA key; DSA is not in the TLS library.
    LMTP_TLS_DKEY_FILE: Text = "lmtp_tls_dkey_file", "$lmtp_tls_dcert_file";
    /// Where Postfix keeps mailq(1); for programs that ask postconf.
    MAILQ_PATH: Text = "mailq_path", "/usr/bin/mailq", min = 1;
    /// Where Postfix's manual pages are; for programs that ask postconf.
    MANPAGE_DIRECTORY: Text = "manpage_directory", "/usr/share/man", min = 1;
    /// How long an idle daemon process lives; services are not processes.
    MAX_IDLE: Time = "max_idle", "100s", unit = s, min = 1;
    /// How many clients a daemon process serves; services are not processes.
    MAX_USE: Count = "max_use", "100", min = 1;
    /// Where Postfix keeps the files of its installer; there are none.
    META_DIRECTORY: Text = "meta_directory", "/etc/postfix", min = 1;
    /// Where Postfix keeps newaliases(1); for programs that ask postconf.
    NEWALIASES_PATH: Text = "newaliases_path", "/usr/bin/newaliases", min = 1;
    /// The openssl(1) command of `postfix tls`, which does not exist here.
    OPENSSL_PATH: Text = "openssl_path", "openssl", min = 1;
    /// Names the pickup(8) socket; the parts of one program need no names for each other.
    PICKUP_SERVICE_NAME: Text = "pickup_service_name", "pickup", min = 1;
    /// Names the postlogd(8) socket; the one process writes its log itself.
    POSTLOG_SERVICE_NAME: Text = "postlog_service_name", "postlog", min = 1;
    /// Watchdog of the postlogd(8) process; there is no such process.
    POSTLOGD_WATCHDOG_TIMEOUT: Time = "postlogd_watchdog_timeout", "10s", unit = s, min = 10;
    /// Watchdog of the postscreen(8) process; there is no such process.
    POSTSCREEN_WATCHDOG_TIMEOUT: Time = "postscreen_watchdog_timeout", "10s", unit = s, min = 10;
    /// Where Postfix's daemons of one process lock each other out; the one program has its lock in pid/master.pid, as Postfix's master(8).
    PROCESS_ID_DIRECTORY: Text = "process_id_directory", "pid", min = 1;
    /// Tables that proxymap(8) may read for other daemons; the one process reads its tables itself, so nothing is refused.
    PROXY_READ_MAPS: Text = "proxy_read_maps", "$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions $smtpd_relay_restrictions $smtpd_recipient_restrictions $address_verify_sender_dependent_default_transport_maps $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps $mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $local_login_sender_maps $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps $tlsproxy_client_policy_maps $default_delivery_status_filter $lmtp_delivery_status_filter $lmtp_dns_reply_filter $lmtp_reply_filter $local_delivery_status_filter $pipe_delivery_status_filter $postscreen_command_filter $smtp_delivery_status_filter $smtp_dns_reply_filter $smtp_reply_filter $smtpd_command_filter $smtpd_dns_reply_filter $virtual_delivery_status_filter $body_checks $header_checks $lmtp_body_checks $lmtp_header_checks $lmtp_mime_header_checks $lmtp_nested_header_checks $milter_header_checks $mime_header_checks $nested_header_checks $smtp_body_checks $smtp_header_checks $smtp_mime_header_checks $smtp_nested_header_checks";
    /// Tables that proxymap(8) may write for other daemons; the one process writes its caches itself.
    PROXY_WRITE_MAPS: Text = "proxy_write_maps", "$smtp_sasl_auth_cache_name $lmtp_sasl_auth_cache_name $address_verify_map $postscreen_cache_map";
    /// Names the proxymap(8) socket; tables are read in the one process.
    PROXYMAP_SERVICE_NAME: Text = "proxymap_service_name", "proxymap", min = 1;
    /// Names the proxywrite socket of proxymap(8); tables are written in the one process.
    PROXYWRITE_SERVICE_NAME: Text = "proxywrite_service_name", "proxywrite", min = 1;
    /// Watchdog of the qmgr(8) process; there is no such process.
    QMGR_DAEMON_TIMEOUT: Time = "qmgr_daemon_timeout", "1000s", unit = s, min = 1;
    /// Read only by oqmgr(8), a scheduler that Postfix replaced long ago.
    QMGR_FUDGE_FACTOR: Count = "qmgr_fudge_factor", "100", min = 10, max = 100;
    /// Time limit of messages between qmgr(8) and other daemons; they are parts of one program.
    QMGR_IPC_TIMEOUT: Time = "qmgr_ipc_timeout", "60s", unit = s, min = 1;
    /// Names the qmgr(8) socket; the parts of one program need no names for each other.
    QUEUE_SERVICE_NAME: Text = "queue_service_name", "qmgr", min = 1;
    /// Where Postfix's README files are; for programs that ask postconf.
    README_DIRECTORY: Text = "readme_directory", "/usr/share/doc/postfix", min = 1;
    /// Where Postfix's sample files are; for programs that ask postconf.
    SAMPLE_DIRECTORY: Text = "sample_directory", "/etc/postfix", min = 1;
    /// Where Postfix keeps sendmail(1); for programs that ask postconf.
    SENDMAIL_PATH: Text = "sendmail_path", "/usr/sbin/sendmail", min = 1;
    /// How long master(8) waits before it restarts a failing process; services are not processes.
    SERVICE_THROTTLE_TIME: Time = "service_throttle_time", "60s", unit = s, min = 1;
    /// Where Postfix keeps its shared libraries; there are none.
    SHLIB_DIRECTORY: Text = "shlib_directory", "/usr/lib/postfix", min = 1;
    /// Names the showq(8) socket; the parts of one program need no names for each other.
    SHOWQ_SERVICE_NAME: Text = "showq_service_name", "showq", min = 1;
    /// DSA certificate; DSA is not in the TLS library.
    SMTP_TLS_DCERT_FILE: Text = "smtp_tls_dcert_file", "";
    /// DSA key; DSA is not in the TLS library.
    SMTP_TLS_DKEY_FILE: Text = "smtp_tls_dkey_file", "$smtp_tls_dcert_file";
    /// The service that postscreen(8) hands clients to; they stay in the one process.
    SMTPD_SERVICE_NAME: Text = "smtpd_service_name", "smtpd", min = 1;
    /// OpenSSL's session identifiers; the TLS library is another.
    SMTPD_TLS_ALWAYS_ISSUE_SESSION_IDS: Boolean = "smtpd_tls_always_issue_session_ids", "yes";
    /// DSA certificate; DSA is not in the TLS library.
    SMTPD_TLS_DCERT_FILE: Text = "smtpd_tls_dcert_file", "";
    /// DH parameters of OpenSSL; the TLS library does ECDHE only.
    SMTPD_TLS_DH1024_PARAM_FILE: Text = "smtpd_tls_dh1024_param_file", "";
    /// Export-grade DH parameters; Postfix itself ignores them since 3.6.
    SMTPD_TLS_DH512_PARAM_FILE: Text = "smtpd_tls_dh512_param_file", "";
    /// DSA key; DSA is not in the TLS library.
    SMTPD_TLS_DKEY_FILE: Text = "smtpd_tls_dkey_file", "$smtpd_tls_dcert_file";
    /// OpenSSL's configuration file; the TLS library is another.
    TLS_CONFIG_FILE: Text = "tls_config_file", "default";
    /// A section of OpenSSL's configuration file; the TLS library is another.
    TLS_CONFIG_NAME: Text = "tls_config_name", "";
    /// Seed taken from tlsmgr(8); the TLS library seeds itself.
    TLS_DAEMON_RANDOM_BYTES: Count = "tls_daemon_random_bytes", "32", min = 1;
    /// OpenSSL's workarounds; the TLS library is another.
    TLS_DISABLE_WORKAROUNDS: Text = "tls_disable_workarounds", "";
    /// OpenSSL cipher string of a grade the TLS library does not have.
    TLS_EXPORT_CIPHERLIST: Text = "tls_export_cipherlist", "aNULL:-aNULL:HIGH:MEDIUM:LOW:EXPORT:+RC4:@STRENGTH", min = 1;
    /// OpenSSL cipher string; the TLS library has a fixed list of strong suites.
    TLS_HIGH_CIPHERLIST: Text = "tls_high_cipherlist", "aNULL:-aNULL:HIGH:@STRENGTH", min = 1;
    /// Repeats a wrong digest of Postfix 2.9.0 to 2.9.5.
    TLS_LEGACY_PUBLIC_KEY_FINGERPRINTS: Boolean = "tls_legacy_public_key_fingerprints", "no";
    /// OpenSSL cipher string of a grade the TLS library does not have.
    TLS_LOW_CIPHERLIST: Text = "tls_low_cipherlist", "aNULL:-aNULL:HIGH:MEDIUM:LOW:+RC4:@STRENGTH", min = 1;
    /// OpenSSL cipher string; the TLS library has a fixed list of strong suites.
    TLS_MEDIUM_CIPHERLIST: Text = "tls_medium_cipherlist", "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH", min = 1;
    /// OpenSSL's unencrypted suites; the TLS library has none.
    TLS_NULL_CIPHERLIST: Text = "tls_null_cipherlist", "eNULL:!aNULL", min = 1;
    /// Seed size of tlsmgr(8); the TLS library seeds itself.
    TLS_RANDOM_BYTES: Count = "tls_random_bytes", "32", min = 1;
    /// State file of tlsmgr(8)'s random numbers; the TLS library seeds itself.
    TLS_RANDOM_EXCHANGE_NAME: Text = "tls_random_exchange_name", "${data_directory}/prng_exch";
    /// How often tlsmgr(8) saves that file; the TLS library seeds itself.
    TLS_RANDOM_PRNG_UPDATE_PERIOD: Time = "tls_random_prng_update_period", "3600s", unit = s, min = 1;
    /// How often tlsmgr(8) seeds anew; the TLS library seeds itself.
    TLS_RANDOM_RESEED_PERIOD: Time = "tls_random_reseed_period", "3600s", unit = s, min = 1;
    /// Where tlsmgr(8) gets randomness; the TLS library seeds itself.
    TLS_RANDOM_SOURCE: Text = "tls_random_source", "dev:/dev/urandom";
    /// OpenSSL cipher of session tickets; the TLS library has its own.
    TLS_SESSION_TICKET_CIPHER: Text = "tls_session_ticket_cipher", "aes-256-cbc";
    /// OpenSSL's option bits; the TLS library is another.
    TLS_SSL_OPTIONS: Text = "tls_ssl_options", "";
    /// Names the tlsmgr(8) socket; there is no such process.
    TLSMGR_SERVICE_NAME: Text = "tlsmgr_service_name", "tlsmgr", min = 1;
    /// tlsproxy(8) copy of smtp_tls_CAfile, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_CAFILE: Text = "tlsproxy_client_CAfile", "$smtp_tls_CAfile";
    /// tlsproxy(8) copy of smtp_tls_CApath, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_CAPATH: Text = "tlsproxy_client_CApath", "$smtp_tls_CApath";
    /// tlsproxy(8) copy of smtp_tls_cert_file, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_CERT_FILE: Text = "tlsproxy_client_cert_file", "$smtp_tls_cert_file";
    /// tlsproxy(8) copy of smtp_tls_chain_files, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_CHAIN_FILES: Text = "tlsproxy_client_chain_files", "$smtp_tls_chain_files";
    /// tlsproxy(8) copy of smtp_tls_dcert_file, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_DCERT_FILE: Text = "tlsproxy_client_dcert_file", "$smtp_tls_dcert_file";
    /// tlsproxy(8) copy of smtp_tls_dkey_file, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_DKEY_FILE: Text = "tlsproxy_client_dkey_file", "$smtp_tls_dkey_file";
    /// tlsproxy(8) copy of smtp_tls_eccert_file, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_ECCERT_FILE: Text = "tlsproxy_client_eccert_file", "$smtp_tls_eccert_file";
    /// tlsproxy(8) copy of smtp_tls_eckey_file, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_ECKEY_FILE: Text = "tlsproxy_client_eckey_file", "$smtp_tls_eckey_file";
    /// tlsproxy(8) copy of smtp_enforce_tls, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_ENFORCE_TLS: Boolean = "tlsproxy_client_enforce_tls", "$smtp_enforce_tls";
    /// tlsproxy(8) copy of smtp_tls_fingerprint_digest, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_FINGERPRINT_DIGEST: Text = "tlsproxy_client_fingerprint_digest", "$smtp_tls_fingerprint_digest", min = 1;
    /// tlsproxy(8) copy of smtp_tls_key_file, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_KEY_FILE: Text = "tlsproxy_client_key_file", "$smtp_tls_key_file";
    /// tlsproxy(8) copy of smtp_tls_loglevel, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_LOGLEVEL: Text = "tlsproxy_client_loglevel", "$smtp_tls_loglevel";
    /// The parameter name that tlsproxy(8) logs; there is no such process.
    TLSPROXY_CLIENT_LOGLEVEL_PARAMETER: Text = "tlsproxy_client_loglevel_parameter", "smtp_tls_loglevel";
    /// tlsproxy(8) copy of smtp_tls_per_site, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_PER_SITE: Text = "tlsproxy_client_per_site", "$smtp_tls_per_site";
    /// tlsproxy(8) copy of smtp_tls_policy_maps, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_POLICY_MAPS: Text = "tlsproxy_client_policy_maps", "${tlsproxy_client_policy:$smtp_tls_policy_maps}";
    /// tlsproxy(8) copy of smtp_tls_scert_verifydepth, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_SCERT_VERIFYDEPTH: Count = "tlsproxy_client_scert_verifydepth", "$smtp_tls_scert_verifydepth", min = 0;
    /// tlsproxy(8) copy of smtp_tls_security_level, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_SECURITY_LEVEL: Text = "tlsproxy_client_security_level", "${tlsproxy_client_level:$smtp_tls_security_level}";
    /// tlsproxy(8) copy of smtp_use_tls, which is its default; TLS happens in the one process.
    TLSPROXY_CLIENT_USE_TLS: Boolean = "tlsproxy_client_use_tls", "$smtp_use_tls";
    /// tlsproxy(8) setting; TLS happens in the one process, with the smtpd_tls_* values.
    TLSPROXY_ENFORCE_TLS: Boolean = "tlsproxy_enforce_tls", "$smtpd_enforce_tls";
    /// Names the tlsproxy(8) socket; there is no such process.
    TLSPROXY_SERVICE_NAME: Text = "tlsproxy_service_name", "tlsproxy", min = 1;
    /// tlsproxy(8) copy of smtpd_tls_CAfile, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_CAFILE: Text = "tlsproxy_tls_CAfile", "$smtpd_tls_CAfile";
    /// tlsproxy(8) copy of smtpd_tls_CApath, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_CAPATH: Text = "tlsproxy_tls_CApath", "$smtpd_tls_CApath";
    /// tlsproxy(8) copy of smtpd_tls_always_issue_session_ids, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_ALWAYS_ISSUE_SESSION_IDS: Boolean = "tlsproxy_tls_always_issue_session_ids", "$smtpd_tls_always_issue_session_ids";
    /// tlsproxy(8) copy of smtpd_tls_ask_ccert, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_ASK_CCERT: Boolean = "tlsproxy_tls_ask_ccert", "$smtpd_tls_ask_ccert";
    /// tlsproxy(8) copy of smtpd_tls_ccert_verifydepth, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_CCERT_VERIFYDEPTH: Count = "tlsproxy_tls_ccert_verifydepth", "$smtpd_tls_ccert_verifydepth", min = 0;
    /// tlsproxy(8) copy of smtpd_tls_cert_file, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_CERT_FILE: Text = "tlsproxy_tls_cert_file", "$smtpd_tls_cert_file";
    /// tlsproxy(8) copy of smtpd_tls_chain_files, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_CHAIN_FILES: Text = "tlsproxy_tls_chain_files", "$smtpd_tls_chain_files";
    /// tlsproxy(8) copy of smtpd_tls_ciphers, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_CIPHERS: Text = "tlsproxy_tls_ciphers", "$smtpd_tls_ciphers", min = 1;
    /// tlsproxy(8) copy of smtpd_tls_dcert_file, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_DCERT_FILE: Text = "tlsproxy_tls_dcert_file", "$smtpd_tls_dcert_file";
    /// tlsproxy(8) copy of smtpd_tls_dh1024_param_file, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_DH1024_PARAM_FILE: Text = "tlsproxy_tls_dh1024_param_file", "$smtpd_tls_dh1024_param_file";
    /// tlsproxy(8) copy of smtpd_tls_dh512_param_file, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_DH512_PARAM_FILE: Text = "tlsproxy_tls_dh512_param_file", "$smtpd_tls_dh512_param_file";
    /// tlsproxy(8) copy of smtpd_tls_dkey_file, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_DKEY_FILE: Text = "tlsproxy_tls_dkey_file", "$smtpd_tls_dkey_file";
    /// tlsproxy(8) copy of smtpd_tls_eccert_file, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_ECCERT_FILE: Text = "tlsproxy_tls_eccert_file", "$smtpd_tls_eccert_file";
    /// tlsproxy(8) copy of smtpd_tls_eckey_file, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_ECKEY_FILE: Text = "tlsproxy_tls_eckey_file", "$smtpd_tls_eckey_file";
    /// tlsproxy(8) copy of smtpd_tls_eecdh_grade, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_EECDH_GRADE: Text = "tlsproxy_tls_eecdh_grade", "$smtpd_tls_eecdh_grade", min = 1;
    /// tlsproxy(8) copy of smtpd_tls_exclude_ciphers, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_EXCLUDE_CIPHERS: Text = "tlsproxy_tls_exclude_ciphers", "$smtpd_tls_exclude_ciphers";
    /// tlsproxy(8) copy of smtpd_tls_fingerprint_digest, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_FINGERPRINT_DIGEST: Text = "tlsproxy_tls_fingerprint_digest", "$smtpd_tls_fingerprint_digest", min = 1;
    /// tlsproxy(8) copy of smtpd_tls_key_file, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_KEY_FILE: Text = "tlsproxy_tls_key_file", "$smtpd_tls_key_file";
    /// tlsproxy(8) copy of smtpd_tls_loglevel, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_LOGLEVEL: Text = "tlsproxy_tls_loglevel", "$smtpd_tls_loglevel";
    /// tlsproxy(8) copy of smtpd_tls_mandatory_ciphers, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_MANDATORY_CIPHERS: Text = "tlsproxy_tls_mandatory_ciphers", "$smtpd_tls_mandatory_ciphers", min = 1;
    /// tlsproxy(8) copy of smtpd_tls_mandatory_exclude_ciphers, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_MANDATORY_EXCLUDE_CIPHERS: Text = "tlsproxy_tls_mandatory_exclude_ciphers", "$smtpd_tls_mandatory_exclude_ciphers";
    /// tlsproxy(8) copy of smtpd_tls_mandatory_protocols, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_MANDATORY_PROTOCOLS: Text = "tlsproxy_tls_mandatory_protocols", "$smtpd_tls_mandatory_protocols";
    /// tlsproxy(8) copy of smtpd_tls_protocols, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_PROTOCOLS: Text = "tlsproxy_tls_protocols", "$smtpd_tls_protocols";
    /// tlsproxy(8) copy of smtpd_tls_req_ccert, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_REQ_CCERT: Boolean = "tlsproxy_tls_req_ccert", "$smtpd_tls_req_ccert";
    /// tlsproxy(8) copy of smtpd_tls_security_level, which is its default; TLS happens in the one process.
    TLSPROXY_TLS_SECURITY_LEVEL: Text = "tlsproxy_tls_security_level", "$smtpd_tls_security_level";
    /// tlsproxy(8) setting; TLS happens in the one process, with the smtpd_tls_* values.
    TLSPROXY_USE_TLS: Boolean = "tlsproxy_use_tls", "$smtpd_use_tls";
    /// Watchdog of the tlsproxy(8) process; there is no such process.
    TLSPROXY_WATCHDOG_TIMEOUT: Time = "tlsproxy_watchdog_timeout", "10s", unit = s, min = 10;
    /// Names the trace socket of bounce(8); the parts of one program need no names for each other.
    TRACE_SERVICE_NAME: Text = "trace_service_name", "trace", min = 1;
    /// Time limit of wake-ups between programs; there are none.
    TRIGGER_TIMEOUT: Time = "trigger_timeout", "10s", unit = s, min = 1;
}
