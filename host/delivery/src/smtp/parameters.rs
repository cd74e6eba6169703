//! Parameters of smtp(8).

config::parameters! {
    /// Tables and plugins that see the fields of a message's header on its way out.
    SMTP_HEADER_CHECKS: Text = "smtp_header_checks", "";
    /// The same for fields that describe a body, and for the headers of parts.
    SMTP_MIME_HEADER_CHECKS: Text = "smtp_mime_header_checks", "";
    /// The same for the headers of attached messages.
    SMTP_NESTED_HEADER_CHECKS: Text = "smtp_nested_header_checks", "";
    /// The same for all other lines.
    SMTP_BODY_CHECKS: Text = "smtp_body_checks", "";
    /// Other addresses for those that only mean something here.
    SMTP_GENERIC_MAPS: Text = "smtp_generic_maps", "";
    /// Sends 8-bit text as it is to servers that do not announce 8BITMIME.
    DISABLE_MIME_OUTPUT_CONVERSION: Boolean = "disable_mime_output_conversion", "no";
    /// Tells a content filter the original client with XFORWARD (amavis).
    SMTP_SEND_XFORWARD_COMMAND: Boolean = "smtp_send_xforward_command", "no";
    /// Time limit of XFORWARD.
    SMTP_XFORWARD_TIMEOUT: Time = "smtp_xforward_timeout", "300s", unit = s, min = 1;
    /// The name sent with EHLO and HELO.
    SMTP_HELO_NAME: Text = "smtp_helo_name", "$myhostname", min = 1;
    /// The port, or its name, where a destination names none.
    SMTP_TCP_PORT: Text = "smtp_tcp_port", "smtp", min = 1;
    /// How long a connection may take to be made; 0 is the system's limit.
    SMTP_CONNECT_TIMEOUT: Time = "smtp_connect_timeout", "30s", unit = s, min = 0;
    /// How long to wait for the greeting and the answer to EHLO.
    SMTP_HELO_TIMEOUT: Time = "smtp_helo_timeout", "300s", unit = s, min = 1;
    /// How long to wait for the answer to MAIL FROM.
    SMTP_MAIL_TIMEOUT: Time = "smtp_mail_timeout", "300s", unit = s, min = 1;
    /// How long to wait for the answer to RCPT TO.
    SMTP_RCPT_TIMEOUT: Time = "smtp_rcpt_timeout", "300s", unit = s, min = 1;
    /// How long to wait for the answer to DATA.
    SMTP_DATA_INIT_TIMEOUT: Time = "smtp_data_init_timeout", "120s", unit = s, min = 1;
    /// How long the server may take nothing of the content.
    SMTP_DATA_XFER_TIMEOUT: Time = "smtp_data_xfer_timeout", "180s", unit = s, min = 1;
    /// How long to wait for the answer to the end of the content.
    SMTP_DATA_DONE_TIMEOUT: Time = "smtp_data_done_timeout", "600s", unit = s, min = 1;
    /// How long to wait for the answer to RSET.
    SMTP_RSET_TIMEOUT: Time = "smtp_rset_timeout", "20s", unit = s, min = 1;
    /// How long to wait for the answer to QUIT.
    SMTP_QUIT_TIMEOUT: Time = "smtp_quit_timeout", "300s", unit = s, min = 1;
    /// Does not wait for the answer to QUIT.
    SMTP_SKIP_QUIT_RESPONSE: Boolean = "smtp_skip_quit_response", "yes";
    /// Makes each timeout a limit for a whole command and its answer, not for each system call.
    SMTP_PER_REQUEST_DEADLINE: Boolean = "smtp_per_request_deadline",
        "${smtp_per_record_deadline?{$smtp_per_record_deadline}:{no}}";
    /// Bytes a second that prolong a deadline for a whole request.
    SMTP_MIN_DATA_RATE: Count = "smtp_min_data_rate", "500", min = 1;
    /// Sends EHLO even where the greeting does not say ESMTP.
    SMTP_ALWAYS_SEND_EHLO: Boolean = "smtp_always_send_ehlo", "yes";
    /// Never sends EHLO.
    SMTP_NEVER_SEND_EHLO: Boolean = "smtp_never_send_ehlo", "no";
    /// EHLO keywords of the server that are not looked at.
    SMTP_DISCARD_EHLO_KEYWORDS: List = "smtp_discard_ehlo_keywords", "";
    /// Per-server list of EHLO keywords to ignore.
    SMTP_DISCARD_EHLO_KEYWORD_ADDRESS_MAPS: Text = "smtp_discard_ehlo_keyword_address_maps", "";
    /// Tables that drop or change DNS answers.
    SMTP_DNS_REPLY_FILTER: Text = "smtp_dns_reply_filter", "";
    /// disabled, enabled or dnssec; empty follows disable_dns_lookups.
    SMTP_DNS_SUPPORT_LEVEL: Text = "smtp_dns_support_level", "";
    /// Table that rewrites server replies.
    SMTP_REPLY_FILTER: Text = "smtp_reply_filter", "";
    /// Quotes envelope addresses as the RFC asks.
    SMTP_QUOTE_RFC821_ENVELOPE: Boolean = "smtp_quote_rfc821_envelope", "yes";
    /// Mixes IPv4 and IPv6 within smtp_mx_address_limit.
    SMTP_BALANCE_INET_PROTOCOLS: Boolean = "smtp_balance_inet_protocols", "yes";
    /// Chooses login data by sender; turns connection reuse off.
    SMTP_SENDER_DEPENDENT_AUTHENTICATION: Boolean = "smtp_sender_dependent_authentication", "no";
    /// Adds AUTH=<> to MAIL FROM.
    SMTP_SEND_DUMMY_MAIL_AUTH: Boolean = "smtp_send_dummy_mail_auth", "no";
    /// Takes a 5xx greeting for a temporary error.
    SMTP_SKIP_5XX_GREETING: Boolean = "smtp_skip_5xx_greeting", "yes";
    /// Defers mail whose MX hosts have no address.
    SMTP_DEFER_IF_NO_MX_ADDRESS_FOUND: Boolean = "smtp_defer_if_no_mx_address_found", "no";
    /// Looks for an address record where the MX lookup failed.
    IGNORE_MX_LOOKUP_ERROR: Boolean = "ignore_mx_lookup_error", "no";
    /// Looks up no MX records.
    DISABLE_DNS_LOOKUPS: Boolean = "disable_dns_lookups", "no";
    /// How host addresses are found: `dns`, `native` or both.
    SMTP_HOST_LOOKUP: List = "smtp_host_lookup", "dns", min = 1;
    /// Tries the addresses of equal preference in random order.
    SMTP_RANDOMIZE_ADDRESSES: Boolean = "smtp_randomize_addresses", "yes";
    /// How far a probe of verify(8) goes: `rcpt`, or `data` for servers that refuse recipients only then.
    SMTP_ADDRESS_VERIFY_TARGET: Text = "smtp_address_verify_target", "rcpt", min = 1, check = known_target;
    /// Which kind of address is tried first: `ipv6`, `ipv4` or `any`.
    SMTP_ADDRESS_PREFERENCE: Text = "smtp_address_preference", "any", min = 1;
    /// How many addresses of a destination are tried; 0 is no limit.
    SMTP_MX_ADDRESS_LIMIT: Count = "smtp_mx_address_limit", "5", min = 0;
    /// How many sessions that got past EHLO are tried; 0 is no limit.
    SMTP_MX_SESSION_LIMIT: Count = "smtp_mx_session_limit", "2", min = 0;
    /// The IPv4 address connections come from.
    SMTP_BIND_ADDRESS: Text = "smtp_bind_address", "";
    /// The IPv6 address connections come from.
    SMTP_BIND_ADDRESS6: Text = "smtp_bind_address6", "";
    /// The destinations to try when all others failed.
    SMTP_FALLBACK_RELAY: List = "smtp_fallback_relay", "$fallback_relay";
    /// Longer lines of content are broken with CR LF and a space; 0 leaves them.
    SMTP_LINE_LENGTH_LIMIT: Count = "smtp_line_length_limit", "998", min = 0;
    /// Keeps connections open for further mail while a destination has some.
    SMTP_CONNECTION_CACHE_ON_DEMAND: Boolean = "smtp_connection_cache_on_demand", "yes";
    /// Destinations whose connections are always kept open.
    SMTP_CONNECTION_CACHE_DESTINATIONS: List = "smtp_connection_cache_destinations", "";
    /// How long an unused connection stays open.
    SMTP_CONNECTION_CACHE_TIME_LIMIT: Time = "smtp_connection_cache_time_limit", "2s", unit = s, min = 1;
    /// How long after it was made a connection is used.
    SMTP_CONNECTION_REUSE_TIME_LIMIT: Time = "smtp_connection_reuse_time_limit", "300s", unit = s, min = 1;
    /// For how many messages a connection is used; 0 is no limit.
    SMTP_CONNECTION_REUSE_COUNT_LIMIT: Count = "smtp_connection_reuse_count_limit", "0", min = 0;
}

fn known_target(value: &str) -> Result<(), String> {
    match value {
        "rcpt" | "data" => Ok(()),
        _ => Err(format!("bad smtp_address_verify_target value: {value}; specify rcpt or data")),
    }
}
