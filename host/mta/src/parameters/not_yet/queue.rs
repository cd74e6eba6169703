//! Not yet obeyed: the queue and flush(8).

config::parameters! {
    /// Debug aid: moves finished queue files to the 'saved' queue instead of removing them.
    DONT_REMOVE: Count = "dont_remove", "0", min = 0;
    /// Removes empty per-site logs after this time.
    FAST_FLUSH_PURGE_TIME: Time = "fast_flush_purge_time", "7d", unit = d, min = 1;
    /// Rewrites unread per-site logs after this time.
    FAST_FLUSH_REFRESH_TIME: Time = "fast_flush_refresh_time", "12h", unit = h, min = 1;
    /// Short pause for each new message when arrivals outrun deliveries.
    IN_FLOW_DELAY: Time = "in_flow_delay", "1s", unit = s, min = 0, max = 10;
    /// Attributes per queue file.
    QUEUE_FILE_ATTRIBUTE_COUNT_LIMIT: Count = "queue_file_attribute_count_limit", "100", min = 1;
}
