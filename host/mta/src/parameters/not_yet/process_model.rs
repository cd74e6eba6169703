//! Not yet obeyed: processes and their environment.

config::parameters! {
    /// Where process id files are, below `queue_directory`.
    PROCESS_ID_DIRECTORY: Text = "process_id_directory", "pid", min = 1;
    /// The group that postdrop and postqueue belong to.
    SETGID_GROUP: Text = "setgid_group", "postdrop", min = 1;
}
