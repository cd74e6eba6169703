//! Not yet obeyed: authentication at other servers.

config::parameters! {
    /// LMTP counterpart of smtp_sasl_auth_cache_name.
    LMTP_SASL_AUTH_CACHE_NAME: Text = "lmtp_sasl_auth_cache_name", "";
    /// LMTP counterpart of smtp_sasl_auth_cache_time.
    LMTP_SASL_AUTH_CACHE_TIME: Time = "lmtp_sasl_auth_cache_time", "90d", unit = d, min = 0;
    /// LMTP counterpart of smtp_send_dummy_mail_auth.
    LMTP_SEND_DUMMY_MAIL_AUTH: Boolean = "lmtp_send_dummy_mail_auth", "no";
    /// LMTP counterpart of smtp_sender_dependent_authentication.
    LMTP_SENDER_DEPENDENT_AUTHENTICATION: Boolean = "lmtp_sender_dependent_authentication", "no";
    /// Sends an authorization id too in SASL PLAIN.
    SEND_CYRUS_SASL_AUTHZID: Boolean = "send_cyrus_sasl_authzid", "no";
    /// Table that remembers failed logins.
    SMTP_SASL_AUTH_CACHE_NAME: Text = "smtp_sasl_auth_cache_name", "";
    /// Lifetime of such entries.
    SMTP_SASL_AUTH_CACHE_TIME: Time = "smtp_sasl_auth_cache_time", "90d", unit = d, min = 0;
    /// Adds AUTH=<> to MAIL FROM.
    SMTP_SEND_DUMMY_MAIL_AUTH: Boolean = "smtp_send_dummy_mail_auth", "no";
    /// Chooses login data by sender; turns connection reuse off.
    SMTP_SENDER_DEPENDENT_AUTHENTICATION: Boolean = "smtp_sender_dependent_authentication", "no";
}
