//! Not yet obeyed: plugins.

config::parameters! {
    /// The plugins told what happens to sessions and messages.
    REPORT_PLUGINS: List = "report_plugins", "";
}
