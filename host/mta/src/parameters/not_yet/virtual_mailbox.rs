//! Not yet obeyed: virtual(8).

config::parameters! {
    /// Status filter for virtual deliveries.
    VIRTUAL_DELIVERY_STATUS_FILTER: Text = "virtual_delivery_status_filter", "$default_delivery_status_filter";
}
