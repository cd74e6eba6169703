//! Parameters of qmgr(8).

config::parameters! {
    /// Messages in the active queue.
    pub QMGR_MESSAGE_ACTIVE_LIMIT: Count = "qmgr_message_active_limit", "20000", min = 1;
    /// First wait before a deferred message is tried again.
    pub MINIMAL_BACKOFF_TIME: Time = "minimal_backoff_time", "300s", min = 1;
    /// Longest wait between two attempts.
    pub MAXIMAL_BACKOFF_TIME: Time = "maximal_backoff_time", "4000s", min = 1;
    /// How often the queue directory is looked through for mail that others put there. Deferred mail needs no such run: it is
    /// tried when its time has come.
    pub QUEUE_RUN_DELAY: Time = "queue_run_delay", "300s", min = 1;
    /// Destination of a content_filter or FILTER that names none; empty: the recipient's domain.
    pub DEFAULT_FILTER_NEXTHOP: Text = "default_filter_nexthop", "";
    /// Deliveries at the same time to a destination not known yet.
    pub INITIAL_DESTINATION_CONCURRENCY: Count = "initial_destination_concurrency", "5", min = 1;
    /// Most deliveries at the same time to one destination; 0: no limit.
    pub DEFAULT_DESTINATION_CONCURRENCY_LIMIT: Count = "default_destination_concurrency_limit", "20", min = 0;
    /// Most recipients of one delivery; 0: no limit.
    pub DEFAULT_DESTINATION_RECIPIENT_LIMIT: Count = "default_destination_recipient_limit", "50", min = 0;
    /// By how much a success raises a destination's concurrency.
    pub DEFAULT_DESTINATION_CONCURRENCY_POSITIVE_FEEDBACK: Text = "default_destination_concurrency_positive_feedback", "1", min = 1;
    /// By how much a failure lowers it.
    pub DEFAULT_DESTINATION_CONCURRENCY_NEGATIVE_FEEDBACK: Text = "default_destination_concurrency_negative_feedback", "1", min = 1;
    /// Failed rounds of a destination's concurrency after which it is left alone.
    pub DEFAULT_DESTINATION_CONCURRENCY_FAILED_COHORT_LIMIT: Count = "default_destination_concurrency_failed_cohort_limit", "1", min = 0;
    /// Least time between two deliveries to one destination.
    pub DEFAULT_DESTINATION_RATE_DELAY: Time = "default_destination_rate_delay", "0s", min = 0;
    /// Least time between two deliveries of one transport.
    pub DEFAULT_TRANSPORT_RATE_DELAY: Time = "default_transport_rate_delay", "0s", min = 0;
    /// local(8) writes one mailbox at a time.
    pub LOCAL_DESTINATION_CONCURRENCY_LIMIT: Count = "local_destination_concurrency_limit", "2", min = 0;
    /// local(8) takes one recipient at a time.
    pub LOCAL_DESTINATION_RECIPIENT_LIMIT: Count = "local_destination_recipient_limit", "1", min = 0;

    /// Per transport, see default_destination_concurrency_limit.
    pub DESTINATION_CONCURRENCY_LIMIT: Count = "_destination_concurrency_limit", "$default_destination_concurrency_limit", min = 0, template;
    /// Per transport, see default_destination_recipient_limit.
    pub DESTINATION_RECIPIENT_LIMIT: Count = "_destination_recipient_limit", "$default_destination_recipient_limit", min = 0, template;
    /// Per transport, see initial_destination_concurrency.
    pub TRANSPORT_INITIAL_DESTINATION_CONCURRENCY: Count = "_initial_destination_concurrency", "$initial_destination_concurrency", min = 1, template;
    /// Per transport, see default_destination_concurrency_positive_feedback.
    pub DESTINATION_CONCURRENCY_POSITIVE_FEEDBACK: Text = "_destination_concurrency_positive_feedback", "$default_destination_concurrency_positive_feedback", template;
    /// Per transport, see default_destination_concurrency_negative_feedback.
    pub DESTINATION_CONCURRENCY_NEGATIVE_FEEDBACK: Text = "_destination_concurrency_negative_feedback", "$default_destination_concurrency_negative_feedback", template;
    /// Per transport, see default_destination_concurrency_failed_cohort_limit.
    pub DESTINATION_CONCURRENCY_FAILED_COHORT_LIMIT: Count = "_destination_concurrency_failed_cohort_limit", "$default_destination_concurrency_failed_cohort_limit", min = 0, template;
    /// Per transport, see default_destination_rate_delay.
    pub DESTINATION_RATE_DELAY: Time = "_destination_rate_delay", "$default_destination_rate_delay", min = 0, template;
    /// Per transport, see default_transport_rate_delay.
    pub TRANSPORT_RATE_DELAY: Time = "_transport_rate_delay", "$default_transport_rate_delay", min = 0, template;
}
