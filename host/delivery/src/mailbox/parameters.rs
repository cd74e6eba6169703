//! What local(8) and virtual(8) share of main.cf.

config::parameters! {
    /// Refuses a mailbox file that its recipient does not own.
    STRICT_MAILBOX_OWNERSHIP: Boolean = "strict_mailbox_ownership", "yes";
    /// How often a lock is tried for.
    DELIVER_LOCK_ATTEMPTS: Count = "deliver_lock_attempts", "20", min = 1;
    /// The time between two attempts.
    DELIVER_LOCK_DELAY: Time = "deliver_lock_delay", "1s", unit = s, min = 1;
    /// The age at which a dotlock file counts as forgotten.
    STALE_LOCK_TIME: Time = "stale_lock_time", "500s", unit = s, min = 1;
}
