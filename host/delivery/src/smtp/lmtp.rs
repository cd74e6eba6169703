//! lmtp(8): the agent is that of smtp(8) with a view of main.cf in which each smtp_* parameter has the value of its lmtp_* twin.

use config::Config;

config::parameters! {
    /// LMTP counterpart of smtp_send_xforward_command.
    LMTP_SEND_XFORWARD_COMMAND: Boolean = "lmtp_send_xforward_command", "no";
    /// LMTP counterpart of smtp_xforward_timeout.
    LMTP_XFORWARD_TIMEOUT: Time = "lmtp_xforward_timeout", "300s", unit = s, min = 1;
    /// LMTP counterpart of smtp_address_preference.
    LMTP_ADDRESS_PREFERENCE: Text = "lmtp_address_preference", "any", min = 1;
    /// LMTP counterpart of smtp_bind_address.
    LMTP_BIND_ADDRESS: Text = "lmtp_bind_address", "";
    /// LMTP counterpart of smtp_bind_address6.
    LMTP_BIND_ADDRESS6: Text = "lmtp_bind_address6", "";
    /// LMTP counterpart of smtp_body_checks.
    LMTP_BODY_CHECKS: Text = "lmtp_body_checks", "";
    /// LMTP counterpart of smtp_connect_timeout.
    LMTP_CONNECT_TIMEOUT: Time = "lmtp_connect_timeout", "0s", unit = s, min = 0;
    /// LMTP counterpart of smtp_connection_cache_destinations.
    LMTP_CONNECTION_CACHE_DESTINATIONS: Text = "lmtp_connection_cache_destinations", "";
    /// LMTP counterpart of smtp_connection_cache_on_demand.
    LMTP_CONNECTION_CACHE_ON_DEMAND: Boolean = "lmtp_connection_cache_on_demand", "yes";
    /// LMTP counterpart of smtp_connection_cache_time_limit.
    LMTP_CONNECTION_CACHE_TIME_LIMIT: Time = "lmtp_connection_cache_time_limit", "2s", unit = s, min = 1;
    /// LMTP counterpart of smtp_connection_reuse_count_limit.
    LMTP_CONNECTION_REUSE_COUNT_LIMIT: Count = "lmtp_connection_reuse_count_limit", "0", min = 0;
    /// LMTP counterpart of smtp_connection_reuse_time_limit.
    LMTP_CONNECTION_REUSE_TIME_LIMIT: Time = "lmtp_connection_reuse_time_limit", "300s", unit = s, min = 1;
    /// LMTP counterpart of smtp_data_done_timeout.
    LMTP_DATA_DONE_TIMEOUT: Time = "lmtp_data_done_timeout", "600s", unit = s, min = 1;
    /// LMTP counterpart of smtp_data_init_timeout.
    LMTP_DATA_INIT_TIMEOUT: Time = "lmtp_data_init_timeout", "120s", unit = s, min = 1;
    /// LMTP counterpart of smtp_data_xfer_timeout.
    LMTP_DATA_XFER_TIMEOUT: Time = "lmtp_data_xfer_timeout", "180s", unit = s, min = 1;
    /// LMTP counterpart of smtp_defer_if_no_mx_address_found.
    LMTP_DEFER_IF_NO_MX_ADDRESS_FOUND: Boolean = "lmtp_defer_if_no_mx_address_found", "no";
    /// LHLO keywords to ignore from every server.
    LMTP_DISCARD_LHLO_KEYWORDS: Text = "lmtp_discard_lhlo_keywords", "";
    /// Per-server list of LHLO keywords to ignore.
    LMTP_DISCARD_LHLO_KEYWORD_ADDRESS_MAPS: Text = "lmtp_discard_lhlo_keyword_address_maps", "";
    /// LMTP counterpart of smtp_dns_reply_filter.
    LMTP_DNS_REPLY_FILTER: Text = "lmtp_dns_reply_filter", "";
    /// LMTP counterpart of smtp_dns_support_level.
    LMTP_DNS_SUPPORT_LEVEL: Text = "lmtp_dns_support_level", "";
    /// LMTP counterpart of smtp_reply_filter.
    LMTP_REPLY_FILTER: Text = "lmtp_reply_filter", "";
    /// LMTP counterpart of smtp_quote_rfc821_envelope.
    LMTP_QUOTE_RFC821_ENVELOPE: Boolean = "lmtp_quote_rfc821_envelope", "yes";
    /// LMTP counterpart of smtp_balance_inet_protocols.
    LMTP_BALANCE_INET_PROTOCOLS: Boolean = "lmtp_balance_inet_protocols", "yes";
    /// LMTP counterpart of smtp_sender_dependent_authentication.
    LMTP_SENDER_DEPENDENT_AUTHENTICATION: Boolean = "lmtp_sender_dependent_authentication", "no";
    /// LMTP counterpart of smtp_send_dummy_mail_auth.
    LMTP_SEND_DUMMY_MAIL_AUTH: Boolean = "lmtp_send_dummy_mail_auth", "no";
    /// LMTP counterpart of smtp_fallback_relay.
    LMTP_FALLBACK_RELAY: Text = "lmtp_fallback_relay", "";
    /// LMTP counterpart of smtp_header_checks.
    LMTP_HEADER_CHECKS: Text = "lmtp_header_checks", "";
    /// LMTP counterpart of smtp_host_lookup.
    LMTP_HOST_LOOKUP: Text = "lmtp_host_lookup", "dns", min = 1;
    /// Name sent with LHLO.
    LMTP_LHLO_NAME: Text = "lmtp_lhlo_name", "$myhostname", min = 1;
    /// Time limit of LHLO and of the greeting.
    LMTP_LHLO_TIMEOUT: Time = "lmtp_lhlo_timeout", "300s", unit = s, min = 1;
    /// LMTP counterpart of smtp_line_length_limit.
    LMTP_LINE_LENGTH_LIMIT: Count = "lmtp_line_length_limit", "998", min = 0;
    /// LMTP counterpart of smtp_mail_timeout.
    LMTP_MAIL_TIMEOUT: Time = "lmtp_mail_timeout", "300s", unit = s, min = 1;
    /// LMTP counterpart of smtp_mime_header_checks.
    LMTP_MIME_HEADER_CHECKS: Text = "lmtp_mime_header_checks", "";
    /// LMTP counterpart of smtp_min_data_rate.
    LMTP_MIN_DATA_RATE: Count = "lmtp_min_data_rate", "500", min = 1;
    /// LMTP counterpart of smtp_mx_address_limit.
    LMTP_MX_ADDRESS_LIMIT: Count = "lmtp_mx_address_limit", "5", min = 0;
    /// LMTP counterpart of smtp_mx_session_limit.
    LMTP_MX_SESSION_LIMIT: Count = "lmtp_mx_session_limit", "2", min = 0;
    /// LMTP counterpart of smtp_nested_header_checks.
    LMTP_NESTED_HEADER_CHECKS: Text = "lmtp_nested_header_checks", "";
    /// LMTP counterpart of smtp_per_request_deadline.
    LMTP_PER_REQUEST_DEADLINE: Boolean = "lmtp_per_request_deadline", "${lmtp_per_record_deadline?{$lmtp_per_record_deadline}:{no}}";
    /// LMTP counterpart of smtp_quit_timeout.
    LMTP_QUIT_TIMEOUT: Time = "lmtp_quit_timeout", "300s", unit = s, min = 1;
    /// LMTP counterpart of smtp_randomize_addresses.
    LMTP_RANDOMIZE_ADDRESSES: Boolean = "lmtp_randomize_addresses", "yes";
    /// LMTP counterpart of smtp_rcpt_timeout.
    LMTP_RCPT_TIMEOUT: Time = "lmtp_rcpt_timeout", "300s", unit = s, min = 1;
    /// LMTP counterpart of smtp_rset_timeout.
    LMTP_RSET_TIMEOUT: Time = "lmtp_rset_timeout", "20s", unit = s, min = 1;
    /// LMTP counterpart of smtp_skip_5xx_greeting.
    LMTP_SKIP_5XX_GREETING: Boolean = "lmtp_skip_5xx_greeting", "yes";
    /// LMTP counterpart of smtp_skip_quit_response.
    LMTP_SKIP_QUIT_RESPONSE: Boolean = "lmtp_skip_quit_response", "no";
    /// Port for LMTP destinations without one.
    LMTP_TCP_PORT: Text = "lmtp_tcp_port", "24";
    /// LMTP counterpart of smtp_sasl_auth_enable.
    LMTP_SASL_AUTH_ENABLE: Boolean = "lmtp_sasl_auth_enable", "no";
    /// LMTP counterpart of smtp_sasl_auth_soft_bounce.
    LMTP_SASL_AUTH_SOFT_BOUNCE: Boolean = "lmtp_sasl_auth_soft_bounce", "yes";
    /// LMTP counterpart of smtp_sasl_mechanism_filter.
    LMTP_SASL_MECHANISM_FILTER: Text = "lmtp_sasl_mechanism_filter", "";
    /// LMTP counterpart of smtp_sasl_password_maps.
    LMTP_SASL_PASSWORD_MAPS: Text = "lmtp_sasl_password_maps", "";
    /// LMTP counterpart of smtp_sasl_path.
    LMTP_SASL_PATH: Text = "lmtp_sasl_path", "";
    /// LMTP counterpart of smtp_sasl_security_options.
    LMTP_SASL_SECURITY_OPTIONS: Text = "lmtp_sasl_security_options", "noplaintext, noanonymous";
    /// LMTP counterpart of smtp_sasl_tls_security_options.
    LMTP_SASL_TLS_SECURITY_OPTIONS: Text = "lmtp_sasl_tls_security_options", "$lmtp_sasl_security_options";
    /// LMTP counterpart of smtp_sasl_tls_verified_security_options.
    LMTP_SASL_TLS_VERIFIED_SECURITY_OPTIONS: Text = "lmtp_sasl_tls_verified_security_options", "$lmtp_sasl_tls_security_options";
    /// LMTP counterpart of smtp_sasl_type.
    LMTP_SASL_TYPE: Text = "lmtp_sasl_type", "cyrus", min = 1;
    /// LMTP counterpart of smtp_enforce_tls: Old form of lmtp_tls_security_level = verify.
    LMTP_ENFORCE_TLS: Boolean = "lmtp_enforce_tls", "no";
    /// LMTP counterpart of smtp_starttls_timeout.
    LMTP_STARTTLS_TIMEOUT: Time = "lmtp_starttls_timeout", "300s", unit = s, min = 1;
    /// LMTP counterpart of smtp_tls_CAfile.
    LMTP_TLS_CAFILE: Text = "lmtp_tls_CAfile", "";
    /// LMTP counterpart of smtp_tls_CApath.
    LMTP_TLS_CAPATH: Text = "lmtp_tls_CApath", "";
    /// LMTP counterpart of smtp_tls_cert_file.
    LMTP_TLS_CERT_FILE: Text = "lmtp_tls_cert_file", "";
    /// LMTP counterpart of smtp_tls_chain_files.
    LMTP_TLS_CHAIN_FILES: Text = "lmtp_tls_chain_files", "";
    /// LMTP counterpart of smtp_tls_ciphers.
    LMTP_TLS_CIPHERS: Text = "lmtp_tls_ciphers", "medium", min = 1;
    /// LMTP counterpart of smtp_tls_connection_reuse.
    LMTP_TLS_CONNECTION_REUSE: Boolean = "lmtp_tls_connection_reuse", "no";
    /// LMTP counterpart of smtp_tls_eccert_file.
    LMTP_TLS_ECCERT_FILE: Text = "lmtp_tls_eccert_file", "";
    /// LMTP counterpart of smtp_tls_eckey_file.
    LMTP_TLS_ECKEY_FILE: Text = "lmtp_tls_eckey_file", "$lmtp_tls_eccert_file";
    /// LMTP counterpart of smtp_tls_enforce_peername: Old switch between verify and encrypt with lmtp_enforce_tls.
    LMTP_TLS_ENFORCE_PEERNAME: Boolean = "lmtp_tls_enforce_peername", "yes";
    /// LMTP counterpart of smtp_tls_exclude_ciphers.
    LMTP_TLS_EXCLUDE_CIPHERS: Text = "lmtp_tls_exclude_ciphers", "";
    /// Fingerprints that level fingerprint takes, for LMTP.
    LMTP_TLS_FINGERPRINT_CERT_MATCH: Text = "lmtp_tls_fingerprint_cert_match", "";
    /// LMTP counterpart of smtp_tls_fingerprint_digest.
    LMTP_TLS_FINGERPRINT_DIGEST: Text = "lmtp_tls_fingerprint_digest", "${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}", min = 1;
    /// LMTP counterpart of smtp_tls_key_file.
    LMTP_TLS_KEY_FILE: Text = "lmtp_tls_key_file", "$lmtp_tls_cert_file";
    /// LMTP counterpart of smtp_tls_loglevel.
    LMTP_TLS_LOGLEVEL: Text = "lmtp_tls_loglevel", "0";
    /// LMTP counterpart of smtp_tls_mandatory_ciphers.
    LMTP_TLS_MANDATORY_CIPHERS: Text = "lmtp_tls_mandatory_ciphers", "medium", min = 1;
    /// LMTP counterpart of smtp_tls_mandatory_exclude_ciphers.
    LMTP_TLS_MANDATORY_EXCLUDE_CIPHERS: Text = "lmtp_tls_mandatory_exclude_ciphers", "";
    /// LMTP counterpart of smtp_tls_mandatory_protocols.
    LMTP_TLS_MANDATORY_PROTOCOLS: Text = "lmtp_tls_mandatory_protocols", ">=TLSv1";
    /// LMTP counterpart of smtp_tls_note_starttls_offer.
    LMTP_TLS_NOTE_STARTTLS_OFFER: Boolean = "lmtp_tls_note_starttls_offer", "no";
    /// LMTP counterpart of smtp_tls_per_site.
    LMTP_TLS_PER_SITE: Text = "lmtp_tls_per_site", "";
    /// LMTP counterpart of smtp_tls_policy_maps.
    LMTP_TLS_POLICY_MAPS: Text = "lmtp_tls_policy_maps", "";
    /// LMTP counterpart of smtp_tls_protocols.
    LMTP_TLS_PROTOCOLS: Text = "lmtp_tls_protocols", ">=TLSv1";
    /// LMTP counterpart of smtp_tls_scert_verifydepth.
    LMTP_TLS_SCERT_VERIFYDEPTH: Count = "lmtp_tls_scert_verifydepth", "9", min = 0;
    /// LMTP counterpart of smtp_tls_secure_cert_match.
    LMTP_TLS_SECURE_CERT_MATCH: Text = "lmtp_tls_secure_cert_match", "nexthop", min = 1;
    /// LMTP counterpart of smtp_tls_security_level.
    LMTP_TLS_SECURITY_LEVEL: Text = "lmtp_tls_security_level", "";
    /// LMTP counterpart of smtp_tls_servername.
    LMTP_TLS_SERVERNAME: Text = "lmtp_tls_servername", "";
    /// LMTP counterpart of smtp_tls_session_cache_database.
    LMTP_TLS_SESSION_CACHE_DATABASE: Text = "lmtp_tls_session_cache_database", "";
    /// LMTP counterpart of smtp_tls_session_cache_timeout.
    LMTP_TLS_SESSION_CACHE_TIMEOUT: Time = "lmtp_tls_session_cache_timeout", "3600s", unit = s, min = 0, max = 8_640_000;
    /// LMTP counterpart of smtp_tls_verify_cert_match.
    LMTP_TLS_VERIFY_CERT_MATCH: Text = "lmtp_tls_verify_cert_match", "hostname", min = 1;
    /// LMTP counterpart of smtp_tls_wrappermode.
    LMTP_TLS_WRAPPERMODE: Boolean = "lmtp_tls_wrappermode", "no";
    /// LMTP counterpart of smtp_use_tls: Old form of lmtp_tls_security_level = may.
    LMTP_USE_TLS: Boolean = "lmtp_use_tls", "no";
}

/// Each parameter, and the one whose place it takes.
const TWINS: &[(&str, &str)] = &[
    ("lmtp_send_xforward_command", "smtp_send_xforward_command"),
    ("lmtp_xforward_timeout", "smtp_xforward_timeout"),
    ("lmtp_address_preference", "smtp_address_preference"),
    ("lmtp_bind_address", "smtp_bind_address"),
    ("lmtp_bind_address6", "smtp_bind_address6"),
    ("lmtp_body_checks", "smtp_body_checks"),
    ("lmtp_connect_timeout", "smtp_connect_timeout"),
    ("lmtp_connection_cache_destinations", "smtp_connection_cache_destinations"),
    ("lmtp_connection_cache_on_demand", "smtp_connection_cache_on_demand"),
    ("lmtp_connection_cache_time_limit", "smtp_connection_cache_time_limit"),
    ("lmtp_connection_reuse_count_limit", "smtp_connection_reuse_count_limit"),
    ("lmtp_connection_reuse_time_limit", "smtp_connection_reuse_time_limit"),
    ("lmtp_data_done_timeout", "smtp_data_done_timeout"),
    ("lmtp_data_init_timeout", "smtp_data_init_timeout"),
    ("lmtp_data_xfer_timeout", "smtp_data_xfer_timeout"),
    ("lmtp_defer_if_no_mx_address_found", "smtp_defer_if_no_mx_address_found"),
    ("lmtp_discard_lhlo_keywords", "smtp_discard_ehlo_keywords"),
    ("lmtp_discard_lhlo_keyword_address_maps", "smtp_discard_ehlo_keyword_address_maps"),
    ("lmtp_delivery_status_filter", "smtp_delivery_status_filter"),
    ("lmtp_dns_reply_filter", "smtp_dns_reply_filter"),
    ("lmtp_dns_support_level", "smtp_dns_support_level"),
    ("lmtp_reply_filter", "smtp_reply_filter"),
    ("lmtp_quote_rfc821_envelope", "smtp_quote_rfc821_envelope"),
    ("lmtp_balance_inet_protocols", "smtp_balance_inet_protocols"),
    ("lmtp_sender_dependent_authentication", "smtp_sender_dependent_authentication"),
    ("lmtp_send_dummy_mail_auth", "smtp_send_dummy_mail_auth"),
    ("lmtp_fallback_relay", "smtp_fallback_relay"),
    ("lmtp_header_checks", "smtp_header_checks"),
    ("lmtp_host_lookup", "smtp_host_lookup"),
    ("lmtp_lhlo_name", "smtp_helo_name"),
    ("lmtp_lhlo_timeout", "smtp_helo_timeout"),
    ("lmtp_line_length_limit", "smtp_line_length_limit"),
    ("lmtp_mail_timeout", "smtp_mail_timeout"),
    ("lmtp_mime_header_checks", "smtp_mime_header_checks"),
    ("lmtp_min_data_rate", "smtp_min_data_rate"),
    ("lmtp_mx_address_limit", "smtp_mx_address_limit"),
    ("lmtp_mx_session_limit", "smtp_mx_session_limit"),
    ("lmtp_nested_header_checks", "smtp_nested_header_checks"),
    ("lmtp_per_request_deadline", "smtp_per_request_deadline"),
    ("lmtp_quit_timeout", "smtp_quit_timeout"),
    ("lmtp_randomize_addresses", "smtp_randomize_addresses"),
    ("lmtp_rcpt_timeout", "smtp_rcpt_timeout"),
    ("lmtp_rset_timeout", "smtp_rset_timeout"),
    ("lmtp_skip_5xx_greeting", "smtp_skip_5xx_greeting"),
    ("lmtp_skip_quit_response", "smtp_skip_quit_response"),
    ("lmtp_tcp_port", "smtp_tcp_port"),
    ("lmtp_sasl_auth_enable", "smtp_sasl_auth_enable"),
    ("lmtp_sasl_auth_soft_bounce", "smtp_sasl_auth_soft_bounce"),
    ("lmtp_sasl_mechanism_filter", "smtp_sasl_mechanism_filter"),
    ("lmtp_sasl_password_maps", "smtp_sasl_password_maps"),
    ("lmtp_sasl_path", "smtp_sasl_path"),
    ("lmtp_sasl_security_options", "smtp_sasl_security_options"),
    ("lmtp_sasl_tls_security_options", "smtp_sasl_tls_security_options"),
    ("lmtp_sasl_tls_verified_security_options", "smtp_sasl_tls_verified_security_options"),
    ("lmtp_sasl_type", "smtp_sasl_type"),
    ("lmtp_enforce_tls", "smtp_enforce_tls"),
    ("lmtp_starttls_timeout", "smtp_starttls_timeout"),
    ("lmtp_tls_CAfile", "smtp_tls_CAfile"),
    ("lmtp_tls_CApath", "smtp_tls_CApath"),
    ("lmtp_tls_cert_file", "smtp_tls_cert_file"),
    ("lmtp_tls_chain_files", "smtp_tls_chain_files"),
    ("lmtp_tls_ciphers", "smtp_tls_ciphers"),
    ("lmtp_tls_connection_reuse", "smtp_tls_connection_reuse"),
    ("lmtp_tls_eccert_file", "smtp_tls_eccert_file"),
    ("lmtp_tls_eckey_file", "smtp_tls_eckey_file"),
    ("lmtp_tls_enforce_peername", "smtp_tls_enforce_peername"),
    ("lmtp_tls_exclude_ciphers", "smtp_tls_exclude_ciphers"),
    ("lmtp_tls_fingerprint_cert_match", "smtp_tls_fingerprint_cert_match"),
    ("lmtp_tls_fingerprint_digest", "smtp_tls_fingerprint_digest"),
    ("lmtp_tls_key_file", "smtp_tls_key_file"),
    ("lmtp_tls_loglevel", "smtp_tls_loglevel"),
    ("lmtp_tls_mandatory_ciphers", "smtp_tls_mandatory_ciphers"),
    ("lmtp_tls_mandatory_exclude_ciphers", "smtp_tls_mandatory_exclude_ciphers"),
    ("lmtp_tls_mandatory_protocols", "smtp_tls_mandatory_protocols"),
    ("lmtp_tls_note_starttls_offer", "smtp_tls_note_starttls_offer"),
    ("lmtp_tls_per_site", "smtp_tls_per_site"),
    ("lmtp_tls_policy_maps", "smtp_tls_policy_maps"),
    ("lmtp_tls_protocols", "smtp_tls_protocols"),
    ("lmtp_tls_scert_verifydepth", "smtp_tls_scert_verifydepth"),
    ("lmtp_tls_secure_cert_match", "smtp_tls_secure_cert_match"),
    ("lmtp_tls_security_level", "smtp_tls_security_level"),
    ("lmtp_tls_servername", "smtp_tls_servername"),
    ("lmtp_tls_session_cache_database", "smtp_tls_session_cache_database"),
    ("lmtp_tls_session_cache_timeout", "smtp_tls_session_cache_timeout"),
    ("lmtp_tls_verify_cert_match", "smtp_tls_verify_cert_match"),
    ("lmtp_tls_wrappermode", "smtp_tls_wrappermode"),
    ("lmtp_use_tls", "smtp_use_tls"),
];

/// The service's configuration as the agent reads it.
pub(super) fn view(config: &Config) -> Config {
    let twins = TWINS.iter().map(|(lmtp, smtp)| (smtp.to_string(), config.text(lmtp).unwrap_or_default()));
    // What has no twin is not for LMTP.
    let none = [("smtp_generic_maps".to_string(), String::new())];
    config.with_overrides(&twins.chain(none).collect::<Vec<_>>())
}
