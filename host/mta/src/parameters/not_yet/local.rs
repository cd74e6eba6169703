//! Not yet obeyed: local(8).

config::parameters! {
    /// Status filter for local deliveries.
    LOCAL_DELIVERY_STATUS_FILTER: Text = "local_delivery_status_filter", "$default_delivery_status_filter";
}
