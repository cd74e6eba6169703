//! Not yet obeyed: verify(8).

config::parameters! {
    /// How often expired probe results are purged from the verify cache; 0 turns the purge off.
    ADDRESS_VERIFY_CACHE_CLEANUP_INTERVAL: Time = "address_verify_cache_cleanup_interval", "12h", unit = h, min = 0;
    /// Persistent store of probe results; empty keeps them in memory only.
    ADDRESS_VERIFY_MAP: Text = "address_verify_map", "btree:$data_directory/verify_cache";
    /// Whether failed probes are remembered.
    ADDRESS_VERIFY_NEGATIVE_CACHE: Boolean = "address_verify_negative_cache", "yes";
    /// A failed probe result is forgotten after this time.
    ADDRESS_VERIFY_NEGATIVE_EXPIRE_TIME: Time = "address_verify_negative_expire_time", "3d", unit = d, min = 1;
    /// A failed probe result is probed again in the background after this time.
    ADDRESS_VERIFY_NEGATIVE_REFRESH_TIME: Time = "address_verify_negative_refresh_time", "3h", unit = h, min = 1;
    /// Upper bound on probes in flight; more requests are answered 'defer' without a new probe.
    ADDRESS_VERIFY_PENDING_REQUEST_LIMIT: Count = "address_verify_pending_request_limit", "5000", min = 1;
    /// How many times smtpd asks for an unfinished probe before it replies 450; default depends on stress.
    ADDRESS_VERIFY_POLL_COUNT: Count = "address_verify_poll_count", "${stress?{1}:{3}}", min = 1;
    /// Pause between the polls of address_verify_poll_count.
    ADDRESS_VERIFY_POLL_DELAY: Time = "address_verify_poll_delay", "3s", unit = s, min = 1;
    /// A successful probe result is forgotten after this time.
    ADDRESS_VERIFY_POSITIVE_EXPIRE_TIME: Time = "address_verify_positive_expire_time", "31d", unit = d, min = 1;
    /// A successful result is probed again after this time; a failed refresh does not overwrite it.
    ADDRESS_VERIFY_POSITIVE_REFRESH_TIME: Time = "address_verify_positive_refresh_time", "7d", unit = d, min = 1;
    /// Envelope sender of probes. Exempt from reject_unverified_sender and reject_unverified_recipient.
    ADDRESS_VERIFY_SENDER: Text = "address_verify_sender", "$double_bounce_sender";
    /// Makes the probe sender's localpart change with time; 0 keeps it fixed.
    ADDRESS_VERIFY_SENDER_TTL: Time = "address_verify_sender_ttl", "0s", unit = s, min = 0;
    /// LMTP counterpart of smtp_address_verify_target.
    LMTP_ADDRESS_VERIFY_TARGET: Text = "lmtp_address_verify_target", "rcpt", min = 1;
    /// Protocol stage at which a probe ends: rcpt or data.
    SMTP_ADDRESS_VERIFY_TARGET: Text = "smtp_address_verify_target", "rcpt", min = 1;
}
