//! Not yet obeyed: postscreen(8).

config::parameters! {
    /// Permanent permit/reject list by client address, before any other test.
    POSTSCREEN_ACCESS_LIST: Text = "postscreen_access_list", "permit_mynetworks", protects;
    /// Local addresses on which new clients may earn allow-list status; others answer 4xx.
    POSTSCREEN_ALLOWLIST_INTERFACES: Text = "postscreen_allowlist_interfaces", "${postscreen_whitelist_interfaces?{$postscreen_whitelist_interfaces}:{static:all}}";
    /// What to do with a client that sends bare newlines: ignore, enforce, drop.
    POSTSCREEN_BARE_NEWLINE_ACTION: Text = "postscreen_bare_newline_action", "ignore", min = 1, protects;
    /// Turns the bare-newline test on.
    POSTSCREEN_BARE_NEWLINE_ENABLE: Boolean = "postscreen_bare_newline_enable", "no", protects;
    /// How long a passed bare-newline test is remembered.
    POSTSCREEN_BARE_NEWLINE_TTL: Time = "postscreen_bare_newline_ttl", "30d", unit = d, min = 1;
    /// How often old cache entries are purged.
    POSTSCREEN_CACHE_CLEANUP_INTERVAL: Time = "postscreen_cache_cleanup_interval", "12h", unit = h, min = 0;
    /// Table that remembers clients that passed.
    POSTSCREEN_CACHE_MAP: Text = "postscreen_cache_map", "btree:$data_directory/postscreen_cache";
    /// How long expired entries stay before they are removed.
    POSTSCREEN_CACHE_RETENTION_TIME: Time = "postscreen_cache_retention_time", "7d", unit = d, min = 1;
    /// Parallel connections per client at postscreen.
    POSTSCREEN_CLIENT_CONNECTION_COUNT_LIMIT: Count = "postscreen_client_connection_count_limit", "$smtpd_client_connection_count_limit", min = 0, protects;
    /// Commands per session in postscreen's own SMTP engine.
    POSTSCREEN_COMMAND_COUNT_LIMIT: Count = "postscreen_command_count_limit", "20", min = 1, protects;
    /// smtpd_command_filter for postscreen.
    POSTSCREEN_COMMAND_FILTER: Text = "postscreen_command_filter", "";
    /// Time to read one command in postscreen's engine; shorter under stress.
    POSTSCREEN_COMMAND_TIME_LIMIT: Time = "postscreen_command_time_limit", "${stress?{10}:{300}}s", unit = s, min = 1;
    /// What to do with clients that postscreen_access_list rejects.
    POSTSCREEN_DENYLIST_ACTION: Text = "postscreen_denylist_action", "${postscreen_blacklist_action?{$postscreen_blacklist_action}:{ignore}}", min = 1, protects;
    /// disable_vrfy_command for postscreen.
    POSTSCREEN_DISABLE_VRFY_COMMAND: Boolean = "postscreen_disable_vrfy_command", "$disable_vrfy_command";
    /// Per-client EHLO keywords that postscreen does not offer.
    POSTSCREEN_DISCARD_EHLO_KEYWORD_ADDRESS_MAPS: Text = "postscreen_discard_ehlo_keyword_address_maps", "$smtpd_discard_ehlo_keyword_address_maps";
    /// EHLO keywords that postscreen does not offer.
    POSTSCREEN_DISCARD_EHLO_KEYWORDS: Text = "postscreen_discard_ehlo_keywords", "$smtpd_discard_ehlo_keywords";
    /// What to do when the DNSBL score reaches the threshold.
    POSTSCREEN_DNSBL_ACTION: Text = "postscreen_dnsbl_action", "ignore", min = 1, protects;
    /// Negative score at which the greeting tests are skipped.
    POSTSCREEN_DNSBL_ALLOWLIST_THRESHOLD: Count = "postscreen_dnsbl_allowlist_threshold", "${postscreen_dnsbl_whitelist_threshold?{$postscreen_dnsbl_whitelist_threshold}:{0}}", min = 0;
    /// Longest time a passed DNSBL test is remembered.
    POSTSCREEN_DNSBL_MAX_TTL: Time = "postscreen_dnsbl_max_ttl", "${postscreen_dnsbl_ttl?{$postscreen_dnsbl_ttl}:{1}}h", unit = h, min = 1;
    /// Shortest time a passed DNSBL test is remembered.
    POSTSCREEN_DNSBL_MIN_TTL: Time = "postscreen_dnsbl_min_ttl", "60s", unit = s, min = 1;
    /// Hides secret DNSBL names in replies.
    POSTSCREEN_DNSBL_REPLY_MAP: Text = "postscreen_dnsbl_reply_map", "";
    /// DNSBL domains with optional reply filter and weight.
    POSTSCREEN_DNSBL_SITES: Text = "postscreen_dnsbl_sites", "", protects;
    /// Score that counts as listed.
    POSTSCREEN_DNSBL_THRESHOLD: Count = "postscreen_dnsbl_threshold", "1", min = 1, protects;
    /// Time limit of the DNSBL lookups.
    POSTSCREEN_DNSBL_TIMEOUT: Time = "postscreen_dnsbl_timeout", "10s", unit = s, min = 1;
    /// Old form of postscreen_tls_security_level = encrypt.
    POSTSCREEN_ENFORCE_TLS: Boolean = "postscreen_enforce_tls", "$smtpd_enforce_tls", protects;
    /// Characters allowed in expansions of postscreen_reject_footer.
    POSTSCREEN_EXPANSION_FILTER: Raw = "postscreen_expansion_filter", "$smtpd_expansion_filter", min = 1;
    /// Commands that fail the non-SMTP-command test.
    POSTSCREEN_FORBIDDEN_COMMANDS: Text = "postscreen_forbidden_commands", "$smtpd_forbidden_commands", protects;
    /// What to do with a client that talks before the greeting.
    POSTSCREEN_GREET_ACTION: Text = "postscreen_greet_action", "ignore", min = 1, protects;
    /// Text of the 220- teaser line.
    POSTSCREEN_GREET_BANNER: Text = "postscreen_greet_banner", "$smtpd_banner";
    /// How long a passed pregreet test is remembered.
    POSTSCREEN_GREET_TTL: Time = "postscreen_greet_ttl", "1d", unit = d, min = 1;
    /// Length of the pregreet wait.
    POSTSCREEN_GREET_WAIT: Time = "postscreen_greet_wait", "${stress?{2}:{6}}s", unit = s, min = 1;
    /// smtpd_helo_required for postscreen.
    POSTSCREEN_HELO_REQUIRED: Boolean = "postscreen_helo_required", "$smtpd_helo_required";
    /// What to do with a client that sends non-SMTP commands.
    POSTSCREEN_NON_SMTP_COMMAND_ACTION: Text = "postscreen_non_smtp_command_action", "drop", min = 1, protects;
    /// Turns the non-SMTP-command test on.
    POSTSCREEN_NON_SMTP_COMMAND_ENABLE: Boolean = "postscreen_non_smtp_command_enable", "no", protects;
    /// How long a passed non-SMTP-command test is remembered.
    POSTSCREEN_NON_SMTP_COMMAND_TTL: Time = "postscreen_non_smtp_command_ttl", "30d", unit = d, min = 1;
    /// What to do with a client that pipelines without permission.
    POSTSCREEN_PIPELINING_ACTION: Text = "postscreen_pipelining_action", "enforce", min = 1, protects;
    /// Turns the pipelining test on.
    POSTSCREEN_PIPELINING_ENABLE: Boolean = "postscreen_pipelining_enable", "no", protects;
    /// How long a passed pipelining test is remembered.
    POSTSCREEN_PIPELINING_TTL: Time = "postscreen_pipelining_ttl", "30d", unit = d, min = 1;
    /// Clients waiting for a real SMTP session.
    POSTSCREEN_POST_QUEUE_LIMIT: Count = "postscreen_post_queue_limit", "$default_process_limit", min = 5;
    /// Clients waiting for a postscreen decision.
    POSTSCREEN_PRE_QUEUE_LIMIT: Count = "postscreen_pre_queue_limit", "$default_process_limit", min = 10;
    /// smtpd_reject_footer for postscreen.
    POSTSCREEN_REJECT_FOOTER: Raw = "postscreen_reject_footer", "$smtpd_reject_footer";
    /// smtpd_reject_footer_maps for postscreen.
    POSTSCREEN_REJECT_FOOTER_MAPS: Text = "postscreen_reject_footer_maps", "$smtpd_reject_footer_maps";
    /// TLS level offered by postscreen.
    POSTSCREEN_TLS_SECURITY_LEVEL: Text = "postscreen_tls_security_level", "$smtpd_tls_security_level", protects;
    /// haproxy: reads the PROXY header before postscreen.
    POSTSCREEN_UPSTREAM_PROXY_PROTOCOL: Text = "postscreen_upstream_proxy_protocol", "";
    /// Time limit for the PROXY header.
    POSTSCREEN_UPSTREAM_PROXY_TIMEOUT: Time = "postscreen_upstream_proxy_timeout", "5s", unit = s, min = 1;
    /// Old form of postscreen_tls_security_level = may.
    POSTSCREEN_USE_TLS: Boolean = "postscreen_use_tls", "$smtpd_use_tls", protects;
}
