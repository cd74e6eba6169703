//! Not yet obeyed: what cleanup(8) does to headers and bodies.

config::parameters! {
    /// Pattern tables applied to each body line.
    BODY_CHECKS: Text = "body_checks", "", protects;
    /// How many bytes of each body segment body_checks sees.
    BODY_CHECKS_SIZE_LIMIT: Count = "body_checks_size_limit", "51200", min = 0;
    /// Turns bare CR and LF in content into spaces before queueing.
    CLEANUP_REPLACE_STRAY_CR_LF: Boolean = "cleanup_replace_stray_cr_lf", "yes";
    /// The service that receives mail into the queue.
    CLEANUP_SERVICE_NAME: Text = "cleanup_service_name", "cleanup", min = 1;
    /// Takes 8BITMIME from Content-Transfer-Encoding headers.
    DETECT_8BIT_ENCODING_HEADER: Boolean = "detect_8bit_encoding_header", "yes";
    /// Treats everything after the primary headers as body.
    DISABLE_MIME_INPUT_PROCESSING: Boolean = "disable_mime_input_processing", "no";
    /// Pattern tables applied to primary headers.
    HEADER_CHECKS: Text = "header_checks", "", protects;
    /// Lets bounces and postmaster notices pass the content checks and milters.
    INTERNAL_MAIL_FILTER_CLASSES: Text = "internal_mail_filter_classes", "", protects;
    /// Refuses mail that contains any of these characters.
    MESSAGE_REJECT_CHARACTERS: Text = "message_reject_characters", "", protects;
    /// Characters removed from content.
    MESSAGE_STRIP_CHARACTERS: Text = "message_strip_characters", "";
    /// The longest MIME boundary that is told apart.
    MIME_BOUNDARY_LENGTH_LIMIT: Count = "mime_boundary_length_limit", "2048", min = 1;
    /// Pattern tables for MIME headers; defaults to header_checks.
    MIME_HEADER_CHECKS: Text = "mime_header_checks", "$header_checks", protects;
    /// How deep MIME parts may nest.
    MIME_NESTING_LIMIT: Count = "mime_nesting_limit", "100", min = 1;
    /// Pattern tables for headers of attached messages; defaults to header_checks.
    NESTED_HEADER_CHECKS: Text = "nested_header_checks", "$header_checks", protects;
    /// Refuses 8-bit headers.
    STRICT_7BIT_HEADERS: Boolean = "strict_7bit_headers", "no", protects;
    /// Both strict_7bit_headers and strict_8bitmime_body.
    STRICT_8BITMIME: Boolean = "strict_8bitmime", "no", protects;
    /// Refuses 8-bit bodies without a declaration.
    STRICT_8BITMIME_BODY: Boolean = "strict_8bitmime_body", "no", protects;
    /// Refuses wrong Content-Transfer-Encoding on message/* and multipart/*.
    STRICT_MIME_ENCODING_DOMAIN: Boolean = "strict_mime_encoding_domain", "no", protects;
}
