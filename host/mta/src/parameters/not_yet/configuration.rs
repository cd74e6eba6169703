//! Not yet obeyed: the configuration itself.

config::parameters! {
    /// Configuration directories that set-gid commands accept through -c and MAIL_CONFIG.
    ALTERNATE_CONFIG_DIRECTORIES: Text = "alternate_config_directories", "";
    /// Read-only; date of the release.
    MAIL_RELEASE_DATE: Text = "mail_release_date", "20240304", min = 1;
}
