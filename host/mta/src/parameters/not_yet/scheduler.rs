//! Not yet obeyed: the scheduler of qmgr(8).

config::parameters! {
    /// Scheduler: how often a small message may overtake a large one; default of TRANSPORT_delivery_slot_cost.
    DEFAULT_DELIVERY_SLOT_COST: Count = "default_delivery_slot_cost", "5", min = 0;
    /// Scheduler: percentage that makes overtaking start earlier.
    DEFAULT_DELIVERY_SLOT_DISCOUNT: Count = "default_delivery_slot_discount", "50", min = 0, max = 100;
    /// Scheduler: slots lent so that overtaking starts earlier.
    DEFAULT_DELIVERY_SLOT_LOAN: Count = "default_delivery_slot_loan", "3", min = 0;
    /// Extra in-memory recipients for the scheduler per transport.
    DEFAULT_EXTRA_RECIPIENT_LIMIT: Count = "default_extra_recipient_limit", "1000", min = 0;
    /// Messages with fewer recipients never let others overtake.
    DEFAULT_MINIMUM_DELIVERY_SLOTS: Count = "default_minimum_delivery_slots", "3", min = 0;
    /// In-memory recipients per transport.
    DEFAULT_RECIPIENT_LIMIT: Count = "default_recipient_limit", "20000", min = 0;
    /// How long to wait before reading more recipients of a big message.
    DEFAULT_RECIPIENT_REFILL_DELAY: Time = "default_recipient_refill_delay", "5s", unit = s, min = 1;
    /// How many recipients to read at once.
    DEFAULT_RECIPIENT_REFILL_LIMIT: Count = "default_recipient_refill_limit", "100", min = 1;
    /// Logs each step of the concurrency feedback.
    DESTINATION_CONCURRENCY_FEEDBACK_DEBUG: Boolean = "destination_concurrency_feedback_debug", "no";
    /// Interval of warnings that one destination fills the active queue.
    QMGR_CLOG_WARN_TIME: Time = "qmgr_clog_warn_time", "300s", unit = s, min = 0;
    /// Recipients held in memory.
    QMGR_MESSAGE_RECIPIENT_LIMIT: Count = "qmgr_message_recipient_limit", "20000", min = 1;
    /// Recipients held in memory for every message, whatever the other limits.
    QMGR_MESSAGE_RECIPIENT_MINIMUM: Count = "qmgr_message_recipient_minimum", "10", min = 1;
    /// How long a transport that cannot be reached is left alone.
    TRANSPORT_RETRY_TIME: Time = "transport_retry_time", "60s", unit = s, min = 1;

    /// Per transport, see default_delivery_slot_cost.
    DELIVERY_SLOT_COST: Count = "_delivery_slot_cost", "$default_delivery_slot_cost", min = 0, template;
    /// Per transport, see default_delivery_slot_discount.
    DELIVERY_SLOT_DISCOUNT: Count = "_delivery_slot_discount", "$default_delivery_slot_discount", min = 0, max = 100, template;
    /// Per transport, see default_delivery_slot_loan.
    DELIVERY_SLOT_LOAN: Count = "_delivery_slot_loan", "$default_delivery_slot_loan", min = 0, template;
    /// Per transport, see default_extra_recipient_limit.
    EXTRA_RECIPIENT_LIMIT: Count = "_extra_recipient_limit", "$default_extra_recipient_limit", min = 0, template;
    /// Per transport, see default_minimum_delivery_slots.
    MINIMUM_DELIVERY_SLOTS: Count = "_minimum_delivery_slots", "$default_minimum_delivery_slots", min = 0, template;
    /// Per transport, see default_recipient_limit.
    RECIPIENT_LIMIT: Count = "_recipient_limit", "$default_recipient_limit", min = 0, template;
    /// Per transport, see default_recipient_refill_delay.
    RECIPIENT_REFILL_DELAY: Time = "_recipient_refill_delay", "$default_recipient_refill_delay", unit = s, min = 1, template;
    /// Per transport, see default_recipient_refill_limit.
    RECIPIENT_REFILL_LIMIT: Count = "_recipient_refill_limit", "$default_recipient_refill_limit", min = 1, template;
}
