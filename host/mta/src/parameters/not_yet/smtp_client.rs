//! Not yet obeyed: smtp(8).

config::parameters! {
    /// Where to deliver when this host is the best MX for a domain it does not list; empty means bounce with 'mail for X loops back to myself'.
    BEST_MX_TRANSPORT: Text = "best_mx_transport", "";
    /// Upper bound on smtp_connection_cache_time_limit.
    CONNECTION_CACHE_TTL_LIMIT: Time = "connection_cache_ttl_limit", "2s", unit = s, min = 1;
    /// Query used to find out whether the resolver validates DNSSEC; needed for dane levels only.
    DNSSEC_PROBE: Text = "dnssec_probe", "ns:.";
    /// Defers when the source address cannot be used.
    SMTP_BIND_ADDRESS_ENFORCE: Boolean = "smtp_bind_address_enforce", "no";
    /// Uses the CNAME target as server name.
    SMTP_CNAME_OVERRIDES_SERVERNAME: Boolean = "smtp_cname_overrides_servername", "no";
    /// res_defnames, res_dnsrch for short names.
    SMTP_DNS_RESOLVER_OPTIONS: Text = "smtp_dns_resolver_options", "";
    /// Pause before '.CRLF' for old Cisco PIX firewalls.
    SMTP_PIX_WORKAROUND_DELAY_TIME: Time = "smtp_pix_workaround_delay_time", "10s", unit = s, min = 1;
    /// Per-server list of PIX workarounds.
    SMTP_PIX_WORKAROUND_MAPS: Text = "smtp_pix_workaround_maps", "";
    /// Queue age from which the PIX delay is used.
    SMTP_PIX_WORKAROUND_THRESHOLD_TIME: Time = "smtp_pix_workaround_threshold_time", "500s", unit = s, min = 0;
    /// disable_esmtp, delay_dotcrlf; used when the banner looks like a PIX ('220 ***').
    SMTP_PIX_WORKAROUNDS: Text = "smtp_pix_workarounds", "disable_esmtp,delay_dotcrlf";
}
