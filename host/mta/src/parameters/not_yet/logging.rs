//! Not yet obeyed: the log.

config::parameters! {
    /// The command that compresses a rotated log file.
    MAILLOG_FILE_COMPRESSOR: Text = "maillog_file_compressor", "gzip", min = 1;
    /// What `maillog_file` must begin with.
    MAILLOG_FILE_PREFIXES: List = "maillog_file_prefixes", "/var, /dev/stdout", min = 1;
    /// What is appended to the name of a rotated log file; strftime(3) format.
    MAILLOG_FILE_ROTATE_SUFFIX: Text = "maillog_file_rotate_suffix", "%Y%m%d-%H%M%S", min = 1;
    /// Chooses the allow/deny words in postscreen log lines.
    RESPECTFUL_LOGGING: Boolean = "respectful_logging", "${{$compatibility_level} <level {3.6} ? {no} : {yes}}";
}
