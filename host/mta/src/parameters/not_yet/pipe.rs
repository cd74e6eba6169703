//! Not yet obeyed: pipe(8).

config::parameters! {
    /// Status filter for pipe deliveries.
    PIPE_DELIVERY_STATUS_FILTER: Text = "pipe_delivery_status_filter", "$default_delivery_status_filter";
}
