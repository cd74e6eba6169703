//! error(8): bounces, or as the service `retry` defers, all mail; the nexthop is the status code and the reason.

use std::sync::Arc;

use hook::{BoxFuture, Clock, Delivery, Outcome, RecipientStatus, Request};
use mail::{Class, Status};

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
        let class = if self.outcome == Outcome::Deferred { Class::Temporary } else { Class::Permanent };
        let (status, text) = split_nexthop(&request.nexthop, Status::new(class, 0, 0));
        let mut one = RecipientStatus::new(self.outcome, status.with_class(class), text);
        one.relay = "none".to_string();
        let attempts = vec![one.into(); request.recipients.len()];
        let statuses = self.status_log.finish(&request, attempts, self.clock.now());
        Box::pin(std::future::ready(statuses))
    }
}

/// `4.7.0 text` or text alone.
pub(crate) fn split_nexthop(nexthop: &str, default: Status) -> (Status, &str) {
    Status::split(nexthop).filter(|(_, text)| !text.is_empty()).unwrap_or((default, nexthop))
}
