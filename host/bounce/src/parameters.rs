//! Parameters of bounce(8).

config::parameters! {
    /// Who gets the postmaster copies of bounces.
    pub BOUNCE_NOTICE_RECIPIENT: Text = "bounce_notice_recipient", "postmaster", min = 1;
    /// Who gets notices that could not be returned to their sender.
    pub DOUBLE_BOUNCE_NOTICE_RECIPIENT: Text = "2bounce_notice_recipient", "postmaster", min = 1;
    /// Who gets the postmaster copies of delay warnings.
    pub DELAY_NOTICE_RECIPIENT: Text = "delay_notice_recipient", "postmaster", min = 1;
    /// Largest message (bytes) returned whole; of a larger one only the header goes back.
    pub BOUNCE_SIZE_LIMIT: Size = "bounce_size_limit", "50000", min = 1;
    /// A file with other texts for notices: bounce(5).
    pub BOUNCE_TEMPLATE_FILE: Text = "bounce_template_file", "";
}
