//! Not yet obeyed: pipe(8).

config::parameters! {
    /// The time a command may run that a pipe(8), spawn(8) or local(8) delivery starts.
    COMMAND_TIME_LIMIT: Time = "command_time_limit", "1000s", unit = s, min = 1;
    /// Environment variables given to commands outside the mail system: names, or `name=value`.
    EXPORT_ENVIRONMENT: List = "export_environment", "TZ MAIL_CONFIG LANG";
    /// Status filter for pipe deliveries.
    PIPE_DELIVERY_STATUS_FILTER: Text = "pipe_delivery_status_filter", "$default_delivery_status_filter";
    /// Per service of pipe(8) and spawn(8), see command_time_limit.
    TIME_LIMIT: Time = "_time_limit", "$command_time_limit", unit = s, min = 1, template, commands = &["pipe", "spawn"];
}
