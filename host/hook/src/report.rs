//! What happened, told after the fact: `report_plugins` (wit/report.wit).

use std::time::{Duration, SystemTime};

/// What happened. `Expired`: bounced after maximal_queue_lifetime; `Removed`: left the queue, also by postsuper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportKind {
    SessionEnd,
    Queued,
    Delivered,
    Deferred,
    Bounced,
    Expired,
    Removed,
}

/// One event. Texts that do not apply are empty, numbers 0.
#[derive(Clone, Debug)]
pub struct ReportEvent {
    pub kind: ReportKind,
    pub time: SystemTime,
    pub queue_id: String,
    pub client_address: String,
    pub client_name: String,
    pub helo_name: String,
    pub sasl_username: String,
    pub sender: String,
    pub recipient: String,
    pub original_recipient: String,
    pub transport: String,
    pub relay: String,
    pub status: String,
    pub text: String,
    pub size: u64,
    pub recipient_count: u32,
    pub attempts: u32,
    pub delay: Duration,
    pub notes: Vec<(String, String, String)>,
    pub details: Vec<(String, String)>,
}

/// Takes events without waiting; what does not fit its buffer is dropped and counted.
pub trait Report: Send + Sync {
    /// False when nobody wants this kind, so that the event need not be made.
    fn wants(&self, kind: ReportKind) -> bool;
    fn report(&self, event: ReportEvent);
}
