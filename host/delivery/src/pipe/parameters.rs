//! Parameters of pipe(8).

config::parameters! {
    /// The time one run of the transport's command may take.
    TIME_LIMIT: Time = "_time_limit", "$command_time_limit", unit = s, min = 1, template, commands = &["pipe", "spawn"];
}
