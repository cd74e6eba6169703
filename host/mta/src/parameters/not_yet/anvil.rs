//! Not yet obeyed: anvil(8).

config::parameters! {
    /// How often the peaks are logged.
    ANVIL_STATUS_UPDATE_TIME: Time = "anvil_status_update_time", "600s", unit = s, min = 1;
}
