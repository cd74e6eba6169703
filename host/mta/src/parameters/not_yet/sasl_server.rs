//! Not yet obeyed: authentication of clients.

config::parameters! {
    /// Adds the AUTH=mech form to the EHLO reply for very old clients.
    BROKEN_SASL_AUTH_CLIENTS: Boolean = "broken_sasl_auth_clients", "no";
    /// Offers AUTH.
    SMTPD_SASL_AUTH_ENABLE: Boolean = "smtpd_sasl_auth_enable", "no", protects;
    /// Adds 'Authenticated sender:' to Received:.
    SMTPD_SASL_AUTHENTICATED_HEADER: Boolean = "smtpd_sasl_authenticated_header", "no";
    /// Clients that are not offered AUTH.
    SMTPD_SASL_EXCEPTIONS_NETWORKS: Text = "smtpd_sasl_exceptions_networks", "", protects;
    /// Realm added to bare login names.
    SMTPD_SASL_LOCAL_DOMAIN: Text = "smtpd_sasl_local_domain", "";
    /// Mechanisms announced (3.6).
    SMTPD_SASL_MECHANISM_FILTER: Text = "smtpd_sasl_mechanism_filter", "!external, static:rest", protects;
    /// Dovecot's socket, relative to queue_directory, or inet:host:port; for cyrus the service name.
    SMTPD_SASL_PATH: Text = "smtpd_sasl_path", "smtpd", min = 1;
    /// Longest client response.
    SMTPD_SASL_RESPONSE_LIMIT: Count = "smtpd_sasl_response_limit", "12288", min = 12288;
    /// noanonymous, noplaintext and so on.
    SMTPD_SASL_SECURITY_OPTIONS: Text = "smtpd_sasl_security_options", "noanonymous", protects;
    /// Service name given to the SASL server.
    SMTPD_SASL_SERVICE: Text = "smtpd_sasl_service", "smtp", min = 1;
    /// As smtpd_sasl_security_options, under TLS.
    SMTPD_SASL_TLS_SECURITY_OPTIONS: Text = "smtpd_sasl_tls_security_options", "$smtpd_sasl_security_options", protects;
    /// Which server checks passwords: dovecot or cyrus.
    SMTPD_SASL_TYPE: Text = "smtpd_sasl_type", "cyrus", min = 1;
}
