//! Not yet obeyed: policy services.

config::parameters! {
    /// Action when a policy server fails; default 451 4.3.5.
    SMTPD_POLICY_SERVICE_DEFAULT_ACTION: Text = "smtpd_policy_service_default_action", "451 4.3.5 Server configuration problem", min = 1;
    /// Closes idle policy connections.
    SMTPD_POLICY_SERVICE_MAX_IDLE: Time = "smtpd_policy_service_max_idle", "300s", unit = s, min = 1;
    /// Closes old policy connections.
    SMTPD_POLICY_SERVICE_MAX_TTL: Time = "smtpd_policy_service_max_ttl", "1000s", unit = s, min = 1;
    /// Value of the policy_context attribute.
    SMTPD_POLICY_SERVICE_POLICY_CONTEXT: Text = "smtpd_policy_service_policy_context", "";
    /// Requests per policy connection.
    SMTPD_POLICY_SERVICE_REQUEST_LIMIT: Count = "smtpd_policy_service_request_limit", "0", min = 0;
    /// Pause between two tries of a policy request.
    SMTPD_POLICY_SERVICE_RETRY_DELAY: Time = "smtpd_policy_service_retry_delay", "1s", unit = s, min = 1;
    /// Time limit of a policy request.
    SMTPD_POLICY_SERVICE_TIMEOUT: Time = "smtpd_policy_service_timeout", "100s", unit = s, min = 1;
    /// How often a policy request is tried.
    SMTPD_POLICY_SERVICE_TRY_LIMIT: Count = "smtpd_policy_service_try_limit", "2", min = 1;
}
