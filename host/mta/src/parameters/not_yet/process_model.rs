//! Not yet obeyed: processes and their environment.

config::parameters! {
    /// Environment variables taken over from the process that starts the server: names, or `name=value`.
    IMPORT_ENVIRONMENT: List = "import_environment", "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME";
    /// Where process id files are, below `queue_directory`.
    PROCESS_ID_DIRECTORY: Text = "process_id_directory", "pid", min = 1;
    /// The group that postdrop and postqueue belong to.
    SETGID_GROUP: Text = "setgid_group", "postdrop", min = 1;
}
