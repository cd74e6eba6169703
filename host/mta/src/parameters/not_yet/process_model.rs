//! Not yet obeyed: processes and their environment.

config::parameters! {
    /// The group that postdrop and postqueue belong to.
    SETGID_GROUP: Text = "setgid_group", "postdrop", min = 1;
}
