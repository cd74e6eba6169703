//! Not yet obeyed: address rewriting.

config::parameters! {
    /// LMTP counterpart of smtp_generic_maps.
    LMTP_GENERIC_MAPS: Text = "lmtp_generic_maps", "";
    /// The service that rewrites and resolves addresses.
    REWRITE_SERVICE_NAME: Text = "rewrite_service_name", "rewrite", min = 1;
}
