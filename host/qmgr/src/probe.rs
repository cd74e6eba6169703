//! Probes of verify(8): one round, whose outcome is told to verify(8). Then they are gone, whatever came of them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::SystemTime,
};

use hook::{Outcome, ProbeStatus};
use mail::Status;
use queue::{Message, Queue};

use crate::{
    destination::Destinations,
    manager::Generation,
    message::{self, Attempted},
    route,
};

/// A probe in hand; counted until it is dropped.
pub struct Pending<'c> {
    count: &'c AtomicUsize,
    too_many: bool,
}

impl<'c> Pending<'c> {
    pub fn new(count: &'c AtomicUsize, limit: usize) -> Self {
        Self { count, too_many: count.fetch_add(1, Ordering::Relaxed) + 1 > limit }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What mail to the address would meet.
pub async fn attempt(
    message: &Message,
    generation: &Generation,
    destinations: &Destinations,
    now: SystemTime,
    pending: &Pending<'_>,
) -> Vec<Attempted> {
    if !pending.too_many && !is_aliased(message) {
        return message::attempt(message, generation, destinations, now, false).await;
    }
    let routes = route::routes(message, generation.addresses.as_ref(), &generation.settings, now).await;
    let mut requests = routes.requests.into_iter().map(|routed| routed.request).chain(routes.discarded);
    if is_aliased(message) {
        // Which of several recipients would have to fail for the alias to be no good? None is asked.
        let Some(mut request) = requests.next() else { return Vec::new() };
        request.recipients.truncate(1);
        for recipient in &mut request.recipients {
            recipient.address = std::mem::take(&mut recipient.original);
        }
        request.nexthop = "aliased to multiple recipients".to_string();
        return message::discard(generation, request).await;
    }
    let mut attempted = Vec::new();
    for request in requests {
        let text = "Too many address verification requests";
        attempted.extend(message::instead(generation, request, "retry", Status::temporary(3, 2), text).await);
    }
    attempted
}

/// An alias that stands for several addresses.
fn is_aliased(message: &Message) -> bool {
    message.envelope.recipients.len() > 1
}

/// Tells verify(8), and drops the probe. What verify(8) does not learn it will ask for again.
pub async fn settle(queue: &Queue, generation: &Generation, message: &Message, attempted: &[Attempted]) {
    for Attempted { recipient, status, .. } in attempted {
        let Some(recipient) = message.envelope.recipients.get(*recipient as usize) else { continue };
        let known = match status.outcome {
            Outcome::Delivered => ProbeStatus::Deliverable,
            Outcome::Deferred => ProbeStatus::Unreachable,
            Outcome::Bounced => ProbeStatus::Undeliverable,
        };
        // What the address became on its way is as good as it is.
        let became = (!recipient.original.is_empty() && !is_aliased(message)).then_some(&recipient.address);
        let asked = if recipient.original.is_empty() { &recipient.address } else { &recipient.original };
        // Whoever waits for the one asked for may ask for the other next.
        for address in became.into_iter().chain([asked]) {
            if let Err(error) = generation.bounce.verified(address, known, &status.text).await {
                generation.log.warning(format_args!("{}: verify service failure: {error}", message.id));
            }
        }
    }
    queue.remove(message.id);
    generation.log.info(format_args!("{}: removed", message.id));
}
