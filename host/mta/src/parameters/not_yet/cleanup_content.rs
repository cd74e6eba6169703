//! Not yet obeyed: what cleanup(8) does to headers and bodies.

config::parameters! {
    /// Turns bare CR and LF in content into spaces before queueing.
    CLEANUP_REPLACE_STRAY_CR_LF: Boolean = "cleanup_replace_stray_cr_lf", "yes";
}
