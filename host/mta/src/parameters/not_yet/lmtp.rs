//! Not yet obeyed: lmtp(8).

config::parameters! {
    /// Reports 'delivered' instead of 'relayed' for LMTP servers without DSN.
    LMTP_ASSUME_FINAL: Boolean = "lmtp_assume_final", "no";
    /// LMTP counterpart of smtp_bind_address_enforce.
    LMTP_BIND_ADDRESS_ENFORCE: Boolean = "lmtp_bind_address_enforce", "no";
    /// LMTP counterpart of smtp_cname_overrides_servername.
    LMTP_CNAME_OVERRIDES_SERVERNAME: Boolean = "lmtp_cname_overrides_servername", "no";
    /// LMTP counterpart of smtp_dns_resolver_options.
    LMTP_DNS_RESOLVER_OPTIONS: Text = "lmtp_dns_resolver_options", "";
    /// LMTP counterpart of smtp_pix_workaround_delay_time.
    LMTP_PIX_WORKAROUND_DELAY_TIME: Time = "lmtp_pix_workaround_delay_time", "10s", unit = s, min = 1;
    /// LMTP counterpart of smtp_pix_workaround_maps.
    LMTP_PIX_WORKAROUND_MAPS: Text = "lmtp_pix_workaround_maps", "";
    /// LMTP counterpart of smtp_pix_workaround_threshold_time.
    LMTP_PIX_WORKAROUND_THRESHOLD_TIME: Time = "lmtp_pix_workaround_threshold_time", "500s", unit = s, min = 0;
    /// LMTP counterpart of smtp_pix_workarounds.
    LMTP_PIX_WORKAROUNDS: Text = "lmtp_pix_workarounds", "disable_esmtp,delay_dotcrlf";
}
