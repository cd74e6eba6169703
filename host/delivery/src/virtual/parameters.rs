//! Parameters of virtual(8).

config::parameters! {
    /// A directory put before every path from `virtual_mailbox_maps`.
    VIRTUAL_MAILBOX_BASE: Text = "virtual_mailbox_base", "";
    /// Tables from recipient to the numeric user id that owns its mailbox.
    VIRTUAL_UID_MAPS: Text = "virtual_uid_maps", "";
    /// Tables from recipient to the numeric group id that owns its mailbox.
    VIRTUAL_GID_MAPS: Text = "virtual_gid_maps", "";
    /// The lowest user id that is accepted from `virtual_uid_maps`.
    VIRTUAL_MINIMUM_UID: Count = "virtual_minimum_uid", "100", min = 1;
    /// The largest mailbox file, or maildir message file, in bytes; 0 is no limit.
    VIRTUAL_MAILBOX_LIMIT: Size = "virtual_mailbox_limit", "51200000", min = 0;
    /// How a mailbox file is locked: any of `fcntl`, `flock`, `dotlock`.
    VIRTUAL_MAILBOX_LOCK: List = "virtual_mailbox_lock", "fcntl, dotlock", min = 1;
}
