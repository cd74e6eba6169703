//! Not yet obeyed: addresses and envelopes.

config::parameters! {
    /// The two characters between the parts of a VERP sender.
    DEFAULT_VERP_DELIMITERS: Text = "default_verp_delimiters", "+=", min = 2, max = 2;
    /// Chooses transitional IDNA processing.
    ENABLE_IDNA2003_COMPATIBILITY: Boolean = "enable_idna2003_compatibility", "no";
    /// Built-in service names, so that smtp, submission, smtps resolve without /etc/services.
    KNOWN_TCP_PORTS: Text = "known_tcp_ports", "lmtp=24, smtp=25, smtps=submissions=465, submission=587";
    /// Overrides the TCP window; 0 leaves it to the system.
    TCP_WINDOWSIZE: Count = "tcp_windowsize", "0", min = 0;
    /// The characters allowed as VERP delimiters.
    VERP_DELIMITER_FILTER: Text = "verp_delimiter_filter", "-=+", min = 1;
}
