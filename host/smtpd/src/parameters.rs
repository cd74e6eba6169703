//! The parameters of smtpd(8) and anvil(8), with the defaults of Postfix 3.7.11 but for smtpd_forbid_bare_newline.

config::parameters! {
    // === the session ===

    /// The text after the 220 of the greeting.
    SMTPD_BANNER: Text = "smtpd_banner", "$myhostname ESMTP $mail_name", min = 1;
    /// How long the server waits for the client to send or to take data.
    SMTPD_TIMEOUT: Time = "smtpd_timeout", "${stress?{10}:{300}}s", unit = s, min = 1;
    /// One time limit for a whole request and its answer, instead of one for each read and write.
    SMTPD_PER_REQUEST_DEADLINE: Boolean = "smtpd_per_request_deadline",
        "${smtpd_per_record_deadline?{$smtpd_per_record_deadline}:{${stress?{yes}:{no}}}}";
    /// Bytes a second that prolong the deadline of DATA and BDAT.
    SMTPD_MIN_DATA_RATE: Count = "smtpd_min_data_rate", "500", min = 1;
    /// Look up the client's name.
    SMTPD_PEERNAME_LOOKUP: Boolean = "smtpd_peername_lookup", "yes";
    /// Log the client's port after its address.
    SMTPD_CLIENT_PORT_LOGGING: Boolean = "smtpd_client_port_logging", "no";
    /// Who gets transcripts of sessions in which something of notify_classes happened.
    ERROR_NOTICE_RECIPIENT: Text = "error_notice_recipient", "postmaster", min = 1;
    /// Lines of such a transcript that are kept when nothing happened, at EHLO, RSET or the end of a message.
    SMTPD_HISTORY_FLUSH_THRESHOLD: Count = "smtpd_history_flush_threshold", "100", min = 1;
    /// Require HELO or EHLO before MAIL FROM and ETRN.
    SMTPD_HELO_REQUIRED: Boolean = "smtpd_helo_required", "no";
    /// Evaluate the client, helo and sender lists at RCPT TO.
    SMTPD_DELAY_REJECT: Boolean = "smtpd_delay_reject", "yes";
    /// Begin a queue file only at the first accepted recipient.
    SMTPD_DELAY_OPEN_UNTIL_VALID_RCPT: Boolean = "smtpd_delay_open_until_valid_rcpt", "yes";
    /// Envelope addresses must stand in angle brackets, without comments and phrases.
    STRICT_RFC821_ENVELOPES: Boolean = "strict_rfc821_envelopes", "no";
    /// Refuse VRFY.
    DISABLE_VRFY_COMMAND: Boolean = "disable_vrfy_command", "no";
    /// Commands answered with 250 and otherwise ignored.
    SMTPD_NOOP_COMMANDS: Text = "smtpd_noop_commands", "";
    /// Commands that end the session.
    SMTPD_FORBIDDEN_COMMANDS: Text = "smtpd_forbidden_commands", "CONNECT GET POST regexp:{{/^[^A-Z]/ Bogus}}";
    /// A line end without CR: `normalize` (and `yes`), `reject`, or `no`.
    SMTPD_FORBID_BARE_NEWLINE: Text = "smtpd_forbid_bare_newline", "normalize", min = 1;
    /// Clients that `reject` does not refuse.
    SMTPD_FORBID_BARE_NEWLINE_EXCLUSIONS: Text = "smtpd_forbid_bare_newline_exclusions", "$mynetworks";
    /// The code of that refusal.
    SMTPD_FORBID_BARE_NEWLINE_REJECT_CODE: ReplyCode = "smtpd_forbid_bare_newline_reject_code", "550";
    /// End the session of a client that sends commands before it may.
    SMTPD_FORBID_UNAUTH_PIPELINING: Boolean = "smtpd_forbid_unauth_pipelining", "no";
    /// EHLO keywords not offered.
    SMTPD_DISCARD_EHLO_KEYWORDS: Text = "smtpd_discard_ehlo_keywords", "";
    /// The same by client address.
    SMTPD_DISCARD_EHLO_KEYWORD_ADDRESS_MAPS: Text = "smtpd_discard_ehlo_keyword_address_maps", "";
    /// What the reject_* restrictions do after a DNS or probe time-out that have no parameter of their own set for it.
    REJECT_TEMPFAIL_ACTION: Text = "reject_tempfail_action", "defer_if_permit", min = 1;
    /// Tables that name DNS records, as lines of a zone file, which restrictions do not get to see.
    SMTPD_DNS_REPLY_FILTER: Text = "smtpd_dns_reply_filter", "";
    /// Clients that may use XCLIENT.
    SMTPD_AUTHORIZED_XCLIENT_HOSTS: Text = "smtpd_authorized_xclient_hosts", "";
    /// Clients that may use XFORWARD.
    SMTPD_AUTHORIZED_XFORWARD_HOSTS: Text = "smtpd_authorized_xforward_hosts", "";
    /// Domains ETRN works for.
    FAST_FLUSH_DOMAINS: Text = "fast_flush_domains", "$relay_domains";
    /// Clients whose headers are completed as local ones.
    LOCAL_HEADER_REWRITE_CLIENTS: Text = "local_header_rewrite_clients", "permit_inet_interfaces";
    /// Where all mail goes first: `transport:destination`.
    CONTENT_FILTER: Text = "content_filter", "";
    /// What is not done to the mail of this service: no_unknown_recipient_checks, no_address_mappings,
    /// no_header_body_checks, no_milters.
    RECEIVE_OVERRIDE_OPTIONS: List = "receive_override_options", "";
    /// Text appended to 4XX and 5XX replies.
    SMTPD_REJECT_FOOTER: Raw = "smtpd_reject_footer", "";
    /// The same by reply.
    SMTPD_REJECT_FOOTER_MAPS: Text = "smtpd_reject_footer_maps", "";
    /// The form of addresses in log lines: `external` or `internal`.
    INFO_LOG_ADDRESS_FORMAT: Text = "info_log_address_format", "external", min = 1;
    /// Milter list per client address.
    SMTPD_MILTER_MAPS: Text = "smtpd_milter_maps", "";
    /// A table that puts other words in the place of a client's command.
    SMTPD_COMMAND_FILTER: Text = "smtpd_command_filter", "", protects;
    /// `haproxy`: clients come through a proxy that says who they are.
    SMTPD_UPSTREAM_PROXY_PROTOCOL: Text = "smtpd_upstream_proxy_protocol", "", protects;
    /// How long the proxy may take to say it.
    SMTPD_UPSTREAM_PROXY_TIMEOUT: Time = "smtpd_upstream_proxy_timeout", "5s", unit = s, min = 1;
    /// Milters for mail that arrives by SMTP.
    SMTPD_MILTERS: Text = "smtpd_milters", "";
    /// Name sent to the before-queue filter.
    SMTPD_PROXY_EHLO: Text = "smtpd_proxy_ehlo", "$myhostname";
    /// host:port of a before-queue SMTP filter (amavis can run so).
    SMTPD_PROXY_FILTER: Text = "smtpd_proxy_filter", "";
    /// How the before-queue filter is fed: `speed_adjust` waits for the whole message first.
    SMTPD_PROXY_OPTIONS: Text = "smtpd_proxy_options", "";
    /// Time limit of the before-queue filter.
    SMTPD_PROXY_TIMEOUT: Time = "smtpd_proxy_timeout", "100s", unit = s, min = 1;

    // === log ===

    /// Names and addresses of clients whose sessions are logged line by line.
    DEBUG_PEER_LIST: Text = "debug_peer_list", "";

    // === limits ===

    /// Errors after which the server answers slowly.
    SMTPD_SOFT_ERROR_LIMIT: Count = "smtpd_soft_error_limit", "10", min = 1;
    /// Errors after which it hangs up.
    SMTPD_HARD_ERROR_LIMIT: Count = "smtpd_hard_error_limit", "${stress?{1}:{20}}", min = 1;
    /// How slowly.
    SMTPD_ERROR_SLEEP_TIME: Time = "smtpd_error_sleep_time", "1s", unit = s, min = 0;
    /// Commands that do nothing, after which each counts as an error.
    SMTPD_JUNK_COMMAND_LIMIT: Count = "smtpd_junk_command_limit", "${stress?{1}:{100}}", min = 1;
    /// Recipients of one message.
    SMTPD_RECIPIENT_LIMIT: Count = "smtpd_recipient_limit", "1000", min = 1;
    /// Recipients beyond that before each counts as an error.
    SMTPD_RECIPIENT_OVERSHOOT_LIMIT: Count = "smtpd_recipient_overshoot_limit", "1000", min = 1;

    // === anvil ===

    /// The time unit of the rate limits.
    ANVIL_RATE_TIME_UNIT: Time = "anvil_rate_time_unit", "60s", unit = s, min = 1;
    /// How often the peaks are logged.
    ANVIL_STATUS_UPDATE_TIME: Time = "anvil_status_update_time", "600s", unit = s, min = 1;
    /// Connections of one client at a time; 0: any number.
    SMTPD_CLIENT_CONNECTION_COUNT_LIMIT: Count = "smtpd_client_connection_count_limit", "50", min = 0;
    /// New connections of one client in a time unit.
    SMTPD_CLIENT_CONNECTION_RATE_LIMIT: Count = "smtpd_client_connection_rate_limit", "0", min = 0;
    /// MAIL FROM commands of one client in a time unit.
    SMTPD_CLIENT_MESSAGE_RATE_LIMIT: Count = "smtpd_client_message_rate_limit", "0", min = 0;
    /// RCPT TO commands of one client in a time unit.
    SMTPD_CLIENT_RECIPIENT_RATE_LIMIT: Count = "smtpd_client_recipient_rate_limit", "0", min = 0;
    /// New TLS sessions of one client in a time unit.
    SMTPD_CLIENT_NEW_TLS_SESSION_RATE_LIMIT: Count = "smtpd_client_new_tls_session_rate_limit", "0", min = 0;
    /// AUTH commands of one client in a time unit.
    SMTPD_CLIENT_AUTH_RATE_LIMIT: Count = "smtpd_client_auth_rate_limit", "0", min = 0;
    /// Clients these limits do not hold for.
    SMTPD_CLIENT_EVENT_LIMIT_EXCEPTIONS: Text = "smtpd_client_event_limit_exceptions",
        "${smtpd_client_connection_limit_exceptions:$mynetworks}";

    // === restrictions ===

    /// Restrictions on clients.
    SMTPD_CLIENT_RESTRICTIONS: Text = "smtpd_client_restrictions", "";
    /// Restrictions on HELO and EHLO.
    SMTPD_HELO_RESTRICTIONS: Text = "smtpd_helo_restrictions", "";
    /// Restrictions on MAIL FROM.
    SMTPD_SENDER_RESTRICTIONS: Text = "smtpd_sender_restrictions", "";
    /// Restrictions on relaying, at RCPT TO.
    SMTPD_RELAY_RESTRICTIONS: Text = "smtpd_relay_restrictions",
        "${{$compatibility_level} <level {1} ? {} : {permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination}}";
    /// Restrictions on RCPT TO.
    SMTPD_RECIPIENT_RESTRICTIONS: Text = "smtpd_recipient_restrictions", "";
    /// Which of these two goes first.
    SMTPD_RELAY_BEFORE_RECIPIENT_RESTRICTIONS: Boolean = "smtpd_relay_before_recipient_restrictions",
        "${{$compatibility_level} <level {3.6} ? {no} : {yes}}";
    /// Restrictions on DATA.
    SMTPD_DATA_RESTRICTIONS: Text = "smtpd_data_restrictions", "";
    /// Restrictions at the end of the message.
    SMTPD_END_OF_DATA_RESTRICTIONS: Text = "smtpd_end_of_data_restrictions", "";
    /// Restrictions on ETRN.
    SMTPD_ETRN_RESTRICTIONS: Text = "smtpd_etrn_restrictions", "";
    /// Refuse unknown recipients even where no list says so.
    SMTPD_REJECT_UNLISTED_RECIPIENT: Boolean = "smtpd_reject_unlisted_recipient", "yes";
    /// Likewise senders.
    SMTPD_REJECT_UNLISTED_SENDER: Boolean = "smtpd_reject_unlisted_sender", "no";
    /// Permitting actions to log.
    SMTPD_LOG_ACCESS_PERMIT_ACTIONS: Text = "smtpd_log_access_permit_actions", "";
}
