//! Parameters of verify(8). Those that say where probes go (address_verify_transport_maps and the like) are
//! trivial-rewrite(8)'s.

config::parameters! {
    /// Where outcomes of probes are kept; empty: in memory only. Whatever the type, the file is the server's own: `.redb` is
    /// appended to its name.
    ADDRESS_VERIFY_MAP: Text = "address_verify_map", "btree:$data_directory/verify_cache";
    /// How long an address counts as deliverable after a probe that was.
    ADDRESS_VERIFY_POSITIVE_EXPIRE_TIME: Time = "address_verify_positive_expire_time", "31d", unit = d, min = 1;
    /// When a deliverable address is probed again.
    ADDRESS_VERIFY_POSITIVE_REFRESH_TIME: Time = "address_verify_positive_refresh_time", "7d", unit = d, min = 1;
    /// Remembers probes that failed.
    pub ADDRESS_VERIFY_NEGATIVE_CACHE: Boolean = "address_verify_negative_cache", "yes";
    /// How long a failed probe is remembered.
    ADDRESS_VERIFY_NEGATIVE_EXPIRE_TIME: Time = "address_verify_negative_expire_time", "3d", unit = d, min = 1;
    /// When an address whose probe failed is probed again.
    ADDRESS_VERIFY_NEGATIVE_REFRESH_TIME: Time = "address_verify_negative_refresh_time", "3h", unit = h, min = 1;
    /// How often what has expired is removed; 0: never.
    ADDRESS_VERIFY_CACHE_CLEANUP_INTERVAL: Time = "address_verify_cache_cleanup_interval", "12h", unit = h, min = 0;
    /// How often a session asks for the outcome of a probe that is under way.
    ADDRESS_VERIFY_POLL_COUNT: Count = "address_verify_poll_count", "${stress?{1}:{3}}", min = 1;
    /// How long it waits between two questions.
    ADDRESS_VERIFY_POLL_DELAY: Time = "address_verify_poll_delay", "3s", unit = s, min = 1;
    /// Sender of probes; empty or `<>`: the null sender.
    ADDRESS_VERIFY_SENDER: Text = "address_verify_sender", "$double_bounce_sender", check = has_both_parts;
    /// How often the local part of that sender changes; 0: never.
    ADDRESS_VERIFY_SENDER_TTL: Time = "address_verify_sender_ttl", "0s", unit = s, min = 0;
    /// How many probes may be under way; what is more is answered as unreachable.
    pub ADDRESS_VERIFY_PENDING_REQUEST_LIMIT: Count = "address_verify_pending_request_limit", "5000", min = 1;
}

fn has_both_parts(value: &str) -> Result<(), String> {
    let wrong = |how: &str| Err(format!("parameter address_verify_sender: value \"{value}\" must not {how} with '@'"));
    match () {
        () if value.starts_with('@') => wrong("start"),
        () if value.ends_with('@') => wrong("end"),
        () => Ok(()),
    }
}
