//! Why a service does not start.

/// Named by what has to be repaired.
#[derive(Debug, thiserror::Error)]
pub enum SmtpdError {
    /// Every smtpd service needs relay protection. The text is Postfix's.
    #[error(
        "in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, specify at least one working instance of: \
         reject_unauth_destination, defer_unauth_destination, reject, defer, defer_if_permit or check_relay_domains"
    )]
    ConfigNoRelayProtection,
    /// smtpd_restriction_classes names a class that has no value. The text is Postfix's.
    #[error("restriction class `{0}' needs a definition")]
    ConfigClassUndefined(String),
    /// A parameter's value is none of those it may have.
    #[error("bad parameter value: '{name} = {value}'")]
    ConfigBadValue { name: &'static str, value: String },
    /// smtpd_upstream_proxy_protocol.
    #[error("unsupported smtpd_upstream_proxy_protocol value: {0}")]
    ConfigUpstreamProxy(String),
    /// AUTH is wanted, and what is to check passwords is not to be had. The text names the file.
    #[error("{0}")]
    ConfigSasl(String),
    /// smtpd_tls_security_level.
    #[error("Invalid TLS level \"{0}\"")]
    ConfigTlsLevel(String),
    /// A list of options holds one that does not exist.
    #[error("unknown {name} value \"{option}\" in \"{value}\"")]
    ConfigUnknownOption { name: &'static str, option: String, value: String },
    /// smtpd_milters, or what belongs to it.
    #[error("smtpd_milters: {why}")]
    ConfigFilters { why: String },
}
