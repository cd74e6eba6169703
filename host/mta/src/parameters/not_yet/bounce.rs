//! Not yet obeyed: bounce(8).

config::parameters! {
    /// Tells the sender when a message reported late is delivered after all.
    CONFIRM_DELAY_CLEARED: Boolean = "confirm_delay_cleared", "no";
    /// One bounce for all recipients of VERP mail.
    DISABLE_VERP_BOUNCES: Boolean = "disable_verp_bounces", "no";
    /// Adds References and In-Reply-To to notices.
    ENABLE_THREADED_BOUNCES: Boolean = "enable_threaded_bounces", "no";
}
