//! Not yet obeyed: authentication at other servers.

config::parameters! {
    /// LMTP counterpart of smtp_sasl_auth_cache_name.
    LMTP_SASL_AUTH_CACHE_NAME: Text = "lmtp_sasl_auth_cache_name", "";
    /// LMTP counterpart of smtp_sasl_auth_cache_time.
    LMTP_SASL_AUTH_CACHE_TIME: Time = "lmtp_sasl_auth_cache_time", "90d", unit = d, min = 0;
    /// Sends an authorization id too in SASL PLAIN.
    SEND_CYRUS_SASL_AUTHZID: Boolean = "send_cyrus_sasl_authzid", "no";
    /// Table that remembers failed logins.
    SMTP_SASL_AUTH_CACHE_NAME: Text = "smtp_sasl_auth_cache_name", "";
    /// Lifetime of such entries.
    SMTP_SASL_AUTH_CACHE_TIME: Time = "smtp_sasl_auth_cache_time", "90d", unit = d, min = 0;
}
