//! Not yet obeyed: address rewriting.

config::parameters! {
    /// How many tokens of an address header are looked at.
    HEADER_ADDRESS_TOKEN_LIMIT: Count = "header_address_token_limit", "10240", min = 1;
    /// LMTP counterpart of smtp_generic_maps.
    LMTP_GENERIC_MAPS: Text = "lmtp_generic_maps", "";
    /// The service that rewrites and resolves addresses.
    REWRITE_SERVICE_NAME: Text = "rewrite_service_name", "rewrite", min = 1;
    /// Rewrites local addresses to public ones while sending.
    SMTP_GENERIC_MAPS: Text = "smtp_generic_maps", "";
}
