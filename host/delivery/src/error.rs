//! error(8): bounces, or as the service `retry` defers, all mail; the nexthop is the status code and the reason.

use std::sync::Arc;

use hook::{BoxFuture, Clock, Delivery, MailLog, Outcome, RecipientStatus, Request};
use mail::Status;

use crate::StatusLog;

/// The agent of one master.cf service.
pub struct ErrorAgent {
    outcome: Outcome,
    status_log: StatusLog,
    clock: Arc<dyn Clock>,
}

impl ErrorAgent {
    /// The service's name decides, as in error(8): `retry` defers, every other bounces.
    pub fn new(service: &str, status_log: StatusLog, clock: Arc<dyn Clock>) -> Self {
        let outcome = if service == "retry" { Outcome::Deferred } else { Outcome::Bounced };
        Self { outcome, status_log, clock }
    }
}

impl Delivery for ErrorAgent {
    fn deliver(&self, request: Request) -> BoxFuture<'_, Vec<RecipientStatus>> {
        let (default, caller) = match self.outcome {
            Outcome::Deferred => (Status::temporary(0, 0), "defer_append"),
            _ => (Status::permanent(0, 0), "bounce_append"),
        };
        let (status, text) = split_nexthop(&request.nexthop, default, self.status_log.log(), caller);
        let mut one = RecipientStatus::new(self.outcome, status, text);
        one.relay = "none".to_string();
        let attempts = vec![one.into(); request.recipients.len()];
        Box::pin(async move { self.status_log.finish(&request, attempts, self.clock.now()).await })
    }
}

/// `4.7.0 text` or text alone. A code of another class than the outcome's is ignored with a warning of `caller`'s.
pub(crate) fn split_nexthop<'n>(nexthop: &'n str, default: Status, log: &MailLog, caller: &str) -> (Status, &'n str) {
    match Status::split(nexthop).filter(|(_, text)| !text.is_empty()) {
        Some((status, text)) if status.class == default.class => (status, text),
        Some((status, text)) => {
            log.warning(format_args!("{caller}: ignoring dsn code \"{status}\""));
            (default, text)
        }
        None => (default, nexthop),
    }
}
