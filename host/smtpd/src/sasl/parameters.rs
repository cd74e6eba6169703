//! Parameters of AUTH in smtpd(8), with the defaults of Postfix 3.7.11.

config::parameters! {
    /// Offer AUTH.
    SMTPD_SASL_AUTH_ENABLE: Boolean = "smtpd_sasl_auth_enable", "no";
    /// Who checks passwords: `dovecot` by its auth socket, or `cyrus`, of which saslauthd is supported.
    SMTPD_SASL_TYPE: Text = "smtpd_sasl_type", "cyrus", min = 1;
    /// Dovecot's auth socket, `unix:path`, `path` or `inet:host:port`; for cyrus the name of its configuration file without
    /// `.conf`.
    SMTPD_SASL_PATH: Text = "smtpd_sasl_path", "smtpd", min = 1;
    /// The service name that passwords are checked for.
    SMTPD_SASL_SERVICE: Text = "smtpd_sasl_service", "smtp", min = 1;
    /// The realm of logins that have none. Dovecot has a setting of its own for that.
    SMTPD_SASL_LOCAL_DOMAIN: Text = "smtpd_sasl_local_domain", "";
    /// Kinds of mechanisms not to offer: noplaintext, noactive, nodictionary, noanonymous, forward_secrecy, mutual_auth.
    SMTPD_SASL_SECURITY_OPTIONS: List = "smtpd_sasl_security_options", "noanonymous";
    /// The same under TLS.
    SMTPD_SASL_TLS_SECURITY_OPTIONS: List = "smtpd_sasl_tls_security_options", "$smtpd_sasl_security_options";
    /// Mechanisms to offer, by name.
    SMTPD_SASL_MECHANISM_FILTER: Text = "smtpd_sasl_mechanism_filter", "!external, static:rest";
    /// Clients that AUTH is not offered to.
    SMTPD_SASL_EXCEPTIONS_NETWORKS: Text = "smtpd_sasl_exceptions_networks", "";
    /// Write the login name into Received:.
    SMTPD_SASL_AUTHENTICATED_HEADER: Boolean = "smtpd_sasl_authenticated_header", "no";
    /// The longest line of a client in an AUTH exchange, in bytes.
    SMTPD_SASL_RESPONSE_LIMIT: Count = "smtpd_sasl_response_limit", "12288", min = 1;
    /// Offer `AUTH=` as well, for very old clients.
    BROKEN_SASL_AUTH_CLIENTS: Boolean = "broken_sasl_auth_clients", "no";
    /// Where the configuration file of cyrus is looked for: directories separated by colons.
    CYRUS_SASL_CONFIG_PATH: Text = "cyrus_sasl_config_path", "";
}
