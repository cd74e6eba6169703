//! Not yet obeyed: lmtp(8).

config::parameters! {
    /// LMTP counterpart of smtp_address_preference.
    LMTP_ADDRESS_PREFERENCE: Text = "lmtp_address_preference", "any", min = 1;
    /// Reports 'delivered' instead of 'relayed' for LMTP servers without DSN.
    LMTP_ASSUME_FINAL: Boolean = "lmtp_assume_final", "no";
    /// LMTP counterpart of smtp_balance_inet_protocols.
    LMTP_BALANCE_INET_PROTOCOLS: Boolean = "lmtp_balance_inet_protocols", "yes";
    /// LMTP counterpart of smtp_bind_address.
    LMTP_BIND_ADDRESS: Text = "lmtp_bind_address", "";
    /// LMTP counterpart of smtp_bind_address6.
    LMTP_BIND_ADDRESS6: Text = "lmtp_bind_address6", "";
    /// LMTP counterpart of smtp_bind_address_enforce.
    LMTP_BIND_ADDRESS_ENFORCE: Boolean = "lmtp_bind_address_enforce", "no";
    /// LMTP counterpart of smtp_body_checks.
    LMTP_BODY_CHECKS: Text = "lmtp_body_checks", "", protects;
    /// LMTP counterpart of smtp_cname_overrides_servername.
    LMTP_CNAME_OVERRIDES_SERVERNAME: Boolean = "lmtp_cname_overrides_servername", "no";
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
    /// LMTP counterpart of smtp_delivery_status_filter.
    LMTP_DELIVERY_STATUS_FILTER: Text = "lmtp_delivery_status_filter", "$default_delivery_status_filter";
    /// Per-server list of LHLO keywords to ignore.
    LMTP_DISCARD_LHLO_KEYWORD_ADDRESS_MAPS: Text = "lmtp_discard_lhlo_keyword_address_maps", "";
    /// LHLO keywords to ignore from every server.
    LMTP_DISCARD_LHLO_KEYWORDS: Text = "lmtp_discard_lhlo_keywords", "";
    /// LMTP counterpart of smtp_dns_reply_filter.
    LMTP_DNS_REPLY_FILTER: Text = "lmtp_dns_reply_filter", "", protects;
    /// LMTP counterpart of smtp_dns_resolver_options.
    LMTP_DNS_RESOLVER_OPTIONS: Text = "lmtp_dns_resolver_options", "";
    /// LMTP counterpart of smtp_dns_support_level.
    LMTP_DNS_SUPPORT_LEVEL: Text = "lmtp_dns_support_level", "";
    /// LMTP counterpart of smtp_fallback_relay.
    LMTP_FALLBACK_RELAY: Text = "lmtp_fallback_relay", "";
    /// LMTP counterpart of smtp_header_checks.
    LMTP_HEADER_CHECKS: Text = "lmtp_header_checks", "", protects;
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
    LMTP_MIME_HEADER_CHECKS: Text = "lmtp_mime_header_checks", "", protects;
    /// LMTP counterpart of smtp_min_data_rate.
    LMTP_MIN_DATA_RATE: Count = "lmtp_min_data_rate", "500", min = 1;
    /// LMTP counterpart of smtp_mx_address_limit.
    LMTP_MX_ADDRESS_LIMIT: Count = "lmtp_mx_address_limit", "5", min = 0;
    /// LMTP counterpart of smtp_mx_session_limit.
    LMTP_MX_SESSION_LIMIT: Count = "lmtp_mx_session_limit", "2", min = 0;
    /// LMTP counterpart of smtp_nested_header_checks.
    LMTP_NESTED_HEADER_CHECKS: Text = "lmtp_nested_header_checks", "", protects;
    /// LMTP counterpart of smtp_per_request_deadline.
    LMTP_PER_REQUEST_DEADLINE: Boolean = "lmtp_per_request_deadline", "${lmtp_per_record_deadline?{$lmtp_per_record_deadline}:{no}}";
    /// LMTP counterpart of smtp_pix_workaround_delay_time.
    LMTP_PIX_WORKAROUND_DELAY_TIME: Time = "lmtp_pix_workaround_delay_time", "10s", unit = s, min = 1;
    /// LMTP counterpart of smtp_pix_workaround_maps.
    LMTP_PIX_WORKAROUND_MAPS: Text = "lmtp_pix_workaround_maps", "";
    /// LMTP counterpart of smtp_pix_workaround_threshold_time.
    LMTP_PIX_WORKAROUND_THRESHOLD_TIME: Time = "lmtp_pix_workaround_threshold_time", "500s", unit = s, min = 0;
    /// LMTP counterpart of smtp_pix_workarounds.
    LMTP_PIX_WORKAROUNDS: Text = "lmtp_pix_workarounds", "disable_esmtp,delay_dotcrlf";
    /// LMTP counterpart of smtp_quit_timeout.
    LMTP_QUIT_TIMEOUT: Time = "lmtp_quit_timeout", "300s", unit = s, min = 1;
    /// LMTP counterpart of smtp_quote_rfc821_envelope.
    LMTP_QUOTE_RFC821_ENVELOPE: Boolean = "lmtp_quote_rfc821_envelope", "yes";
    /// LMTP counterpart of smtp_randomize_addresses.
    LMTP_RANDOMIZE_ADDRESSES: Boolean = "lmtp_randomize_addresses", "yes";
    /// LMTP counterpart of smtp_rcpt_timeout.
    LMTP_RCPT_TIMEOUT: Time = "lmtp_rcpt_timeout", "300s", unit = s, min = 1;
    /// LMTP counterpart of smtp_reply_filter.
    LMTP_REPLY_FILTER: Text = "lmtp_reply_filter", "";
    /// LMTP counterpart of smtp_rset_timeout.
    LMTP_RSET_TIMEOUT: Time = "lmtp_rset_timeout", "20s", unit = s, min = 1;
    /// LMTP counterpart of smtp_send_xforward_command.
    LMTP_SEND_XFORWARD_COMMAND: Boolean = "lmtp_send_xforward_command", "no";
    /// LMTP counterpart of smtp_skip_5xx_greeting.
    LMTP_SKIP_5XX_GREETING: Boolean = "lmtp_skip_5xx_greeting", "yes";
    /// LMTP counterpart of smtp_skip_quit_response.
    LMTP_SKIP_QUIT_RESPONSE: Boolean = "lmtp_skip_quit_response", "no";
    /// Port for LMTP destinations without one.
    LMTP_TCP_PORT: Text = "lmtp_tcp_port", "24";
    /// LMTP counterpart of smtp_xforward_timeout.
    LMTP_XFORWARD_TIMEOUT: Time = "lmtp_xforward_timeout", "300s", unit = s, min = 1;
}
