//! Not yet obeyed: lookup tables.

config::parameters! {
    /// Whether a table that cannot be opened stops the service or gives temporary errors at lookup.
    DAEMON_TABLE_OPEN_ERROR_IS_FATAL: Boolean = "daemon_table_open_error_is_fatal", "no";
}
