//! Not yet obeyed: restrictions and access lists.

config::parameters! {
    /// With no, addresses such as user@remote@site never pass relay checks.
    ALLOW_UNTRUSTED_ROUTING: Boolean = "allow_untrusted_routing", "no";
    /// What a reject_* restriction does after a DNS or probe time-out.
    REJECT_TEMPFAIL_ACTION: Text = "reject_tempfail_action", "defer_if_permit", min = 1;
}
