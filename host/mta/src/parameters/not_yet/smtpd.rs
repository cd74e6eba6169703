//! Not yet obeyed: smtpd(8) and qmqpd(8).

config::parameters! {
    /// Clients that may use the QMQP service.
    QMQPD_AUTHORIZED_CLIENTS: Text = "qmqpd_authorized_clients", "", protects;
    /// Logs the QMQP client's port.
    QMQPD_CLIENT_PORT_LOGGING: Boolean = "qmqpd_client_port_logging", "no";
    /// Pause before a negative QMQP reply.
    QMQPD_ERROR_DELAY: Time = "qmqpd_error_delay", "1s", unit = s, min = 0;
    /// Network time limit of QMQP.
    QMQPD_TIMEOUT: Time = "qmqpd_timeout", "300s", unit = s, min = 1;
    /// Clients that may send XVERP.
    SMTPD_AUTHORIZED_VERP_CLIENTS: Text = "smtpd_authorized_verp_clients", "$authorized_verp_clients", protects;
}
