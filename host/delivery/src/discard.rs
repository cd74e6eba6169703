//! discard(8): every message is delivered at once, to nowhere; the nexthop is the reason in the log.

use std::sync::Arc;

use hook::{BoxFuture, Clock, Delivery, Outcome, RecipientStatus, Request};
use mail::Status;

use crate::{StatusLog, error::split_nexthop};

/// The agent.
pub struct Discard {
    status_log: StatusLog,
    clock: Arc<dyn Clock>,
}

impl Discard {
    pub fn new(status_log: StatusLog, clock: Arc<dyn Clock>) -> Self {
        Self { status_log, clock }
    }
}

impl Delivery for Discard {
    fn deliver(&self, request: Request) -> BoxFuture<'_, Vec<RecipientStatus>> {
        let (status, text) = split_nexthop(&request.nexthop, Status::success(0, 0), self.status_log.log(), "sent");
        let mut one = RecipientStatus::new(Outcome::Delivered, status, text);
        one.relay = "none".to_string();
        let attempts = vec![one.into(); request.recipients.len()];
        Box::pin(async move { self.status_log.finish(&request, attempts, self.clock.now()).await })
    }
}
