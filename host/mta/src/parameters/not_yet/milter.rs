//! Not yet obeyed: milters.

config::parameters! {
    /// Time limit per milter command.
    MILTER_COMMAND_TIMEOUT: Time = "milter_command_timeout", "30s", unit = s, min = 1;
    /// Macros sent at connect.
    MILTER_CONNECT_MACROS: Text = "milter_connect_macros", "j {daemon_name} {daemon_addr} v _";
    /// Time limit to connect and negotiate.
    MILTER_CONNECT_TIMEOUT: Time = "milter_connect_timeout", "30s", unit = s, min = 1;
    /// Time limit for the answer after content.
    MILTER_CONTENT_TIMEOUT: Time = "milter_content_timeout", "300s", unit = s, min = 1;
    /// Macros sent at DATA.
    MILTER_DATA_MACROS: Text = "milter_data_macros", "i";
    /// What to do when a milter fails: accept, reject, tempfail, quarantine, shutdown.
    MILTER_DEFAULT_ACTION: Text = "milter_default_action", "tempfail", min = 1;
    /// Macros sent after the message.
    MILTER_END_OF_DATA_MACROS: Text = "milter_end_of_data_macros", "i";
    /// Macros sent after the headers.
    MILTER_END_OF_HEADER_MACROS: Text = "milter_end_of_header_macros", "i";
    /// Macros sent at HELO.
    MILTER_HELO_MACROS: Text = "milter_helo_macros", "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}";
    /// Value of {daemon_name}.
    MILTER_MACRO_DAEMON_NAME: Text = "milter_macro_daemon_name", "$myhostname", min = 1;
    /// Default values for macros that have no other source.
    MILTER_MACRO_DEFAULTS: Text = "milter_macro_defaults", "";
    /// Value of the v macro.
    MILTER_MACRO_V: Text = "milter_macro_v", "$mail_name $mail_version", min = 1;
    /// Macros sent at MAIL FROM.
    MILTER_MAIL_MACROS: Text = "milter_mail_macros", "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}";
    /// Milter protocol version.
    MILTER_PROTOCOL: Text = "milter_protocol", "6", min = 1;
    /// Macros sent at RCPT TO.
    MILTER_RCPT_MACROS: Text = "milter_rcpt_macros", "i {rcpt_addr} {rcpt_host} {rcpt_mailer}";
    /// Macros sent with an unknown command.
    MILTER_UNKNOWN_COMMAND_MACROS: Text = "milter_unknown_command_macros", "";
    /// Milters for mail from sendmail(1) and other local input.
    NON_SMTPD_MILTERS: Text = "non_smtpd_milters", "", protects;
    /// Milter list per client address.
    SMTPD_MILTER_MAPS: Text = "smtpd_milter_maps", "", protects;
    /// Milters for mail that arrives by SMTP.
    SMTPD_MILTERS: Text = "smtpd_milters", "", protects;
}
