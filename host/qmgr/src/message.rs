//! One message through one round of attempts: every recipient that is not done gets a status.

use std::time::SystemTime;

use futures_util::{StreamExt, stream::FuturesUnordered};
use hook::{AfterAnswer, BeforeAnswer, Outcome, RecipientStatus, Request};
use mail::{Class, Status};
use queue::{Message, Reason};

use crate::{
    destination::{Destinations, News},
    manager::Generation,
    route::{self, Routed},
};

/// A recipient's number and status, and what a delivery hook asked for besides.
pub struct Attempted {
    pub recipient: u32,
    pub status: RecipientStatus,
    pub suppress_notice: bool,
    /// Seconds until the next try at the earliest.
    pub retry_after: Option<u32>,
}

/// Tries all recipients once. Requests run side by side, each waiting for its place.
pub async fn attempt(
    message: &Message,
    generation: &Generation,
    destinations: &Destinations,
    now: SystemTime,
    flushed: bool,
) -> Vec<Attempted> {
    let routes = route::routes(message, generation.addresses.as_ref(), &generation.settings, now).await;
    let mut attempted = Vec::new();
    if let Some(request) = routes.discarded {
        attempted.extend(discard(generation, request).await);
    }
    let unresolved = routes.unresolved.into_iter().map(|(recipient, reason)| {
        Attempted::plain(recipient, RecipientStatus::new(Outcome::Deferred, reason.status, reason.text))
    });
    attempted.extend(unresolved);
    let mut running: FuturesUnordered<_> =
        routes.requests.into_iter().map(|routed| one(routed, generation, destinations, flushed)).collect();
    while let Some(statuses) = running.next().await {
        attempted.extend(statuses);
    }
    attempted
}

impl Attempted {
    fn plain(recipient: u32, status: RecipientStatus) -> Self {
        Self { recipient, status, suppress_notice: false, retry_after: None }
    }
}

/// One request: hooks, place, agent, hooks.
async fn one(routed: Routed, generation: &Generation, destinations: &Destinations, flushed: bool) -> Vec<Attempted> {
    let Routed { mut request, mut destination } = routed;
    for hook in generation.attempts.iter().filter(|hook| hook.wants().0) {
        match hook.before(&request).await {
            BeforeAnswer::Proceed => {}
            BeforeAnswer::Reroute(route) => {
                destination = route.nexthop.to_lowercase();
                (request.transport, request.nexthop) = (route.transport, route.nexthop);
            }
            BeforeAnswer::Defer(status, text) => {
                return instead(generation, request, "retry", status.with_class(Class::Temporary), &text).await;
            }
            BeforeAnswer::Bounce(status, text) => {
                return instead(generation, request, "error", status.with_class(Class::Permanent), &text).await;
            }
        }
    }
    if generation.settings.defer_transports.contains(&request.transport) && !flushed {
        return instead(generation, request, "retry", Status::temporary(3, 2), "deferred transport").await;
    }
    let limits = generation.settings.transports.get(&request.transport);
    let (Some(agent), Some(limits)) = (generation.transports.find(&request.transport), limits) else {
        let text = format!("mail transport unavailable: no entry {} in master.cf", request.transport);
        generation.log.warning(format_args!("{}: {text}", request.queue_id));
        return instead(generation, request, "retry", Status::temporary(3, 0), "mail transport unavailable").await;
    };
    let place = match destinations.place(&request.transport, &destination, limits).await {
        Ok(place) => place,
        Err(reason) => {
            let text = format!("delivery temporarily suspended: {}", reason.text);
            return instead(generation, request, "retry", reason.status.with_class(Class::Temporary), &text).await;
        }
    };
    let kept = (!generation.attempts.is_empty()).then(|| request.clone());
    let recipients: Vec<u32> = request.recipients.iter().map(|r| r.index).collect();
    let mut statuses = agent.deliver(request).await;
    let failed = statuses.iter().find(|s| s.destination_failed && s.outcome == Outcome::Deferred);
    let news = match failed {
        Some(status) => News::OutOfReach(Reason::new(status.status, status.text.clone())),
        None => News::Reached,
    };
    place.done(news, generation.settings.minimal_backoff);
    // An agent that breaks its word must not lose a recipient.
    statuses.resize_with(recipients.len(), || {
        RecipientStatus::new(Outcome::Deferred, Status::temporary(3, 0), "delivery agent gave no status")
    });
    let attempted =
        recipients.into_iter().zip(statuses).map(|(number, status)| Attempted::plain(number, status)).collect();
    match kept {
        Some(request) => after(generation, &request, attempted).await,
        None => attempted,
    }
}

/// Throws mail away, and calls it delivered; the nexthop says why.
pub async fn discard(generation: &Generation, request: Request) -> Vec<Attempted> {
    let recipients: Vec<u32> = request.recipients.iter().map(|r| r.index).collect();
    let text = request.nexthop.clone();
    let mut statuses = match generation.transports.discarding() {
        Some(agent) => agent.deliver(request).await,
        None => Vec::new(),
    };
    statuses.resize_with(recipients.len(), || {
        RecipientStatus::new(Outcome::Delivered, Status::success(0, 0), text.clone())
    });
    recipients.into_iter().zip(statuses).map(|(number, status)| Attempted::plain(number, status)).collect()
}

/// The error or retry transport in place of the one meant: it logs and answers for every recipient.
pub async fn instead(
    generation: &Generation,
    mut request: Request,
    transport: &str,
    status: Status,
    text: &str,
) -> Vec<Attempted> {
    let outcome = if status.class == Class::Permanent { Outcome::Bounced } else { Outcome::Deferred };
    let recipients: Vec<u32> = request.recipients.iter().map(|r| r.index).collect();
    request.transport = transport.to_string();
    request.nexthop = format!("{status} {text}");
    let mut statuses = match generation.transports.find(transport) {
        Some(agent) => agent.deliver(request).await,
        None => Vec::new(),
    };
    statuses.resize_with(recipients.len(), || RecipientStatus::new(outcome, status, text));
    recipients.into_iter().zip(statuses).map(|(number, status)| Attempted::plain(number, status)).collect()
}

/// What the delivery hooks make of the outcome.
async fn after(generation: &Generation, request: &Request, mut attempted: Vec<Attempted>) -> Vec<Attempted> {
    for hook in generation.attempts.iter().filter(|hook| hook.wants().1) {
        let statuses: Vec<RecipientStatus> = attempted.iter().map(|a| a.status.clone()).collect();
        for (attempt, answer) in attempted.iter_mut().zip(hook.after(request, &statuses).await) {
            match answer {
                AfterAnswer::Keep => {}
                // What is delivered cannot be taken back, nor what is not declared delivered.
                AfterAnswer::Change(status)
                    if attempt.status.outcome != Outcome::Delivered && status.outcome != Outcome::Delivered =>
                {
                    attempt.status = status;
                }
                AfterAnswer::Change(_) => {}
                AfterAnswer::RetryAfter(seconds) if attempt.status.outcome != Outcome::Delivered => {
                    attempt.status.outcome = Outcome::Deferred;
                    attempt.status.status = attempt.status.status.with_class(Class::Temporary);
                    attempt.retry_after = Some(seconds);
                }
                AfterAnswer::RetryAfter(_) => {}
                AfterAnswer::SuppressNotice => attempt.suppress_notice = true,
            }
        }
    }
    attempted
}
