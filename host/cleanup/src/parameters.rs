//! What cleanup(8) reads besides the parameters in `config::parameters`.

config::parameters! {
    /// Tables and plugins that see the fields of a message's header.
    HEADER_CHECKS: Text = "header_checks", "";
    /// The same for fields that describe a body, and for the headers of parts.
    MIME_HEADER_CHECKS: Text = "mime_header_checks", "$header_checks";
    /// The same for the headers of attached messages.
    NESTED_HEADER_CHECKS: Text = "nested_header_checks", "$header_checks";
    /// Tables and plugins that see all other lines.
    BODY_CHECKS: Text = "body_checks", "";
    /// How many bytes of each body segment body_checks see.
    BODY_CHECKS_SIZE_LIMIT: Count = "body_checks_size_limit", "51200", min = 0;
    /// header_checks for the headers that filters add.
    MILTER_HEADER_CHECKS: Text = "milter_header_checks", "";
    /// Takes all behind the header for one body.
    DISABLE_MIME_INPUT_PROCESSING: Boolean = "disable_mime_input_processing", "no";
    /// Refuses 8-bit text in headers.
    STRICT_7BIT_HEADERS: Boolean = "strict_7bit_headers", "no";
    /// Refuses 8-bit text in bodies that are not labelled so.
    STRICT_8BITMIME_BODY: Boolean = "strict_8bitmime_body", "no";
    /// Both of them.
    STRICT_8BITMIME: Boolean = "strict_8bitmime", "no";
    /// Refuses message/* and multipart/* with an encoding of their own.
    STRICT_MIME_ENCODING_DOMAIN: Boolean = "strict_mime_encoding_domain", "no";
    /// Takes mail for 8-bit mail when a Content-Transfer-Encoding: header says so.
    DETECT_8BIT_ENCODING_HEADER: Boolean = "detect_8bit_encoding_header", "yes";
    /// How many words, strings and specials of one header are looked at for addresses.
    HEADER_ADDRESS_TOKEN_LIMIT: Count = "header_address_token_limit", "10240", min = 1;
    /// Characters, as C escapes, that are taken out of content.
    MESSAGE_STRIP_CHARACTERS: Text = "message_strip_characters", "";
    /// Characters, as C escapes, whose presence refuses a message.
    MESSAGE_REJECT_CHARACTERS: Text = "message_reject_characters", "";
    /// Add missing Message-Id:, Date:, From: and To: headers to all mail, not only to that of local clients.
    ALWAYS_ADD_MISSING_HEADERS: Boolean = "always_add_missing_headers", "no";
    /// The header to add when a message has none that names a recipient; empty: none.
    UNDISCLOSED_RECIPIENTS_HEADER: Text = "undisclosed_recipients_header", "";
    /// Headers to take out.
    MESSAGE_DROP_HEADERS: List = "message_drop_headers", "bcc, content-length, resent-bcc, return-path";
    /// How many Received: headers a message may have.
    HOPCOUNT_LIMIT: Count = "hopcount_limit", "50", min = 1;
    /// Where canonical_maps apply.
    CANONICAL_CLASSES: List = "canonical_classes", "envelope_sender, envelope_recipient, header_sender, header_recipient", min = 1;
    /// Where sender_canonical_maps apply.
    SENDER_CANONICAL_CLASSES: List = "sender_canonical_classes", "envelope_sender, header_sender", min = 1;
    /// Where recipient_canonical_maps apply.
    RECIPIENT_CANONICAL_CLASSES: List = "recipient_canonical_classes", "envelope_recipient, header_recipient", min = 1;
    /// Where masquerade_domains apply.
    MASQUERADE_CLASSES: List = "masquerade_classes", "envelope_sender, header_sender, header_recipient", min = 1;
    /// Domains whose subdomains are hidden; `!domain` is left alone.
    MASQUERADE_DOMAINS: List = "masquerade_domains", "";
    /// Users who are not masqueraded.
    MASQUERADE_EXCEPTIONS: List = "masquerade_exceptions", "";
    /// How long an address virtual_alias_maps may make.
    VIRTUAL_ALIAS_ADDRESS_LENGTH_LIMIT: Count = "virtual_alias_address_length_limit", "1000", min = 1;
    /// How many addresses one recipient may become.
    VIRTUAL_ALIAS_EXPANSION_LIMIT: Count = "virtual_alias_expansion_limit", "1000", min = 1;
    /// How deep virtual aliases may nest.
    VIRTUAL_ALIAS_RECURSION_LIMIT: Count = "virtual_alias_recursion_limit", "1000", min = 1;
    /// One more recipient for all mail from outside.
    ALWAYS_BCC: Text = "always_bcc", "";
    /// One more recipient by sender.
    SENDER_BCC_MAPS: Text = "sender_bcc_maps", "";
    /// One more recipient by recipient.
    RECIPIENT_BCC_MAPS: Text = "recipient_bcc_maps", "";
    /// How a From: header is made from an address and a name: `standard` or `obsolete`.
    HEADER_FROM_FORMAT: Text = "header_from_format", "standard", min = 1, check = known_format;

    // === filters ===

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
    /// What to do when a milter fails: accept, reject, tempfail, quarantine.
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
    NON_SMTPD_MILTERS: Text = "non_smtpd_milters", "";
    /// The cleanup service of master.cf that takes mail of a service into the queue.
    CLEANUP_SERVICE_NAME: Text = "cleanup_service_name", "cleanup", min = 1;
    /// Mail made here that filters and header_checks see nevertheless: bounce, notify.
    INTERNAL_MAIL_FILTER_CLASSES: Text = "internal_mail_filter_classes", "";
}

fn known_format(value: &str) -> Result<(), String> {
    match value.to_ascii_lowercase().as_str() {
        "standard" | "obsolete" => Ok(()),
        _ => Err(format!("invalid setting: header_from_format = {value}")),
    }
}
