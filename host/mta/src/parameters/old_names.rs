//! Names of earlier versions that are no parameters any more, but whose values still count: the defaults of their
//! successors name them. postconf(1) shows them only where main.cf sets them.

/// The old name, and the parameter whose default it is.
pub const OLD_NAMES: &[(&str, &str)] = &[
    ("authorized_verp_clients", "smtpd_authorized_verp_clients"),
    ("fallback_relay", "smtp_fallback_relay"),
    ("lmtp_per_record_deadline", "lmtp_per_request_deadline"),
    ("postscreen_blacklist_action", "postscreen_denylist_action"),
    ("postscreen_dnsbl_ttl", "postscreen_dnsbl_max_ttl"),
    ("postscreen_dnsbl_whitelist_threshold", "postscreen_dnsbl_allowlist_threshold"),
    ("postscreen_whitelist_interfaces", "postscreen_allowlist_interfaces"),
    ("smtp_per_record_deadline", "smtp_per_request_deadline"),
    ("smtpd_client_connection_limit_exceptions", "smtpd_client_event_limit_exceptions"),
    ("smtpd_per_record_deadline", "smtpd_per_request_deadline"),
    ("tlsproxy_client_level", "tlsproxy_client_security_level"),
    ("tlsproxy_client_policy", "tlsproxy_client_policy_maps"),
    ("virtual_maps", "virtual_alias_maps"),
];
