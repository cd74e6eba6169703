//! A plugin as a transport: the `wasm` command word of master.cf. The plugin decides, this agent keeps it honest and logs.

use std::sync::Arc;

use hook::{BoxFuture, Clock, Delivery, Outcome, RecipientStatus, Request};
use mail::{Class, Status, reply};

use crate::StatusLog;

/// The agent of one plugin.
pub struct Wasm {
    plugin: Arc<dyn Delivery>,
    status_log: StatusLog,
    clock: Arc<dyn Clock>,
}

impl Wasm {
    pub fn new(plugin: Arc<dyn Delivery>, status_log: StatusLog, clock: Arc<dyn Clock>) -> Self {
        Self { plugin, status_log, clock }
    }
}

impl Delivery for Wasm {
    fn deliver(&self, request: Request) -> BoxFuture<'_, Vec<RecipientStatus>> {
        Box::pin(async move {
            let begin = self.clock.monotonic();
            let mut statuses = self.plugin.deliver(request.clone()).await;
            if statuses.len() != request.recipients.len() {
                let text = format!("{} statuses for {} recipients", statuses.len(), request.recipients.len());
                let broken = RecipientStatus::new(Outcome::Deferred, Status::temporary(3, 0), text);
                statuses = vec![broken; request.recipients.len()];
            }
            let spent = self.clock.monotonic().saturating_sub(begin).as_secs_f64();
            for status in &mut statuses {
                clean(status);
                if status.connect_seconds == 0.0 && status.transmit_seconds == 0.0 {
                    status.transmit_seconds = spent;
                }
            }
            let attempts = statuses.into_iter().map(Into::into).collect();
            self.status_log.finish(&request, attempts, self.clock.now()).await
        })
    }
}

/// A text of the plugin's must not forge a log line, nor its status another outcome.
fn clean(status: &mut RecipientStatus) {
    let class = match status.outcome {
        Outcome::Delivered => Class::Success,
        Outcome::Deferred => Class::Temporary,
        Outcome::Bounced => Class::Permanent,
    };
    status.status = status.status.with_class(class);
    status.text = reply::clean(&status.text);
    status.relay = reply::clean(&status.relay).replace([' ', ','], "_");
}
