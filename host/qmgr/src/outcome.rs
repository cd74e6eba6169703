//! What becomes of a message after a round of attempts: gone, deferred, or returned to its sender.

use std::time::{Duration, SystemTime};

use bounce::{BounceError, Report};
use hook::{Outcome, RecipientStatus};
use mail::{Class, dsn::Action};
use queue::{Message, Queue, QueueError, Reason};

use crate::{
    manager::{Generation, QUEUE_RETRY},
    message::Attempted,
    schedule,
};

/// Settles the message: notices first, then marks, then its new place or its end.
pub async fn settle(
    queue: &Queue,
    generation: &Generation,
    mut message: Message,
    mut attempted: Vec<Attempted>,
    now: SystemTime,
) -> Result<(), QueueError> {
    if generation.settings.soft_bounce {
        soften(&mut attempted);
    }
    let delivered: Vec<&Attempted> = attempted.iter().filter(|a| a.status.outcome == Outcome::Delivered).collect();
    for done in &delivered {
        queue.mark_done(message.id, done.recipient);
    }
    report_success(generation, &message, &delivered, now).await;
    let expired = message.force_expire
        || schedule::expiry(&generation.settings, message.envelope.arrival, &message.envelope.sender) <= now;
    let (failed, mut deferred): (Vec<&Attempted>, Vec<&Attempted>) = attempted
        .iter()
        .filter(|a| a.status.outcome != Outcome::Delivered)
        .partition(|a| a.status.outcome == Outcome::Bounced || expired);
    if expired && !deferred_of(&attempted).is_empty() {
        let state = if message.force_expire { "force-expired" } else { "expired" };
        generation.log.info(format_args!(
            "{}: from=<{}>, status={state}, returned to sender",
            message.id, message.envelope.sender
        ));
    }
    if !failed.is_empty() {
        match notify_all_failed(generation, &message, &failed, now).await {
            Ok(()) => failed.iter().for_each(|a| queue.mark_done(message.id, a.recipient)),
            Err(error) => {
                // Without a durable notice the recipients stay, to fail again later.
                generation.log.warning(format_args!("{}: {error}", message.id));
                deferred.extend(failed);
            }
        }
    }
    if deferred.is_empty() {
        queue.remove(message.id);
        generation.log.info(format_args!("{}: removed", message.id));
        return Ok(());
    }
    warn_of_delay(generation, &mut message, &deferred, now).await;
    defer(queue, generation, &message, &deferred, now).await
}

fn deferred_of(attempted: &[Attempted]) -> Vec<&Attempted> {
    attempted.iter().filter(|a| a.status.outcome == Outcome::Deferred).collect()
}

/// The sender hears of what failed; of what an owner- alias answers for, the owner does.
async fn notify_all_failed(
    generation: &Generation,
    message: &Message,
    failed: &[&Attempted],
    now: SystemTime,
) -> Result<(), BounceError> {
    let mut of_sender = Vec::new();
    for attempt in failed.iter().filter(|a| !a.suppress_notice) {
        let unreached = &attempt.status.unreached;
        if unreached.is_empty() || attempt.status.outcome != Outcome::Bounced {
            of_sender.push(report(attempt, Action::Failed));
        }
        for failure in unreached {
            let report = Report {
                address: Some(failure.address.clone()),
                status: failure.status,
                text: failure.text.clone(),
                ..report(attempt, Action::Failed)
            };
            match &failure.tell {
                None => of_sender.push(report),
                Some(owner) => generation.bounce.failed_for(owner, message, &[report], now).await?,
            }
        }
    }
    notify_failed(generation, message, &of_sender, now).await
}

async fn notify_failed(
    generation: &Generation,
    message: &Message,
    reports: &[Report],
    now: SystemTime,
) -> Result<(), BounceError> {
    if reports.is_empty() {
        return Ok(());
    }
    generation.bounce.failed(message, reports, now).await
}

/// A lost success report loses no mail: it is logged and not tried again.
async fn report_success(generation: &Generation, message: &Message, delivered: &[&Attempted], now: SystemTime) {
    let reports: Vec<Report> = delivered
        .iter()
        // RFC 3461 section 5.2.2: the next hop reports when it took over that duty.
        .filter(|a| !a.status.dsn_relayed)
        .map(|a| {
            let relayed = a.status.relayed || a.status.remote_mta.is_some();
            report(a, if relayed { Action::Relayed } else { Action::Delivered })
        })
        .collect();
    if let Err(error) = generation.bounce.succeeded(message, &reports, now).await {
        generation.log.warning(format_args!("{}: {error}", message.id));
    }
}

async fn warn_of_delay(generation: &Generation, message: &mut Message, deferred: &[&Attempted], now: SystemTime) {
    let arrival = message.envelope.arrival;
    if message.delay_warned || !schedule::warning_due(&generation.settings, arrival, now) {
        return;
    }
    let reports: Vec<Report> = deferred.iter().map(|a| report(a, Action::Delayed)).collect();
    let until = schedule::expiry(&generation.settings, arrival, &message.envelope.sender);
    match generation.bounce.delayed(message, &reports, until, now).await {
        Ok(()) => message.delay_warned = true,
        Err(error) => generation.log.warning(format_args!("{}: {error}", message.id)),
    }
}

async fn defer(
    queue: &Queue,
    generation: &Generation,
    message: &Message,
    deferred: &[&Attempted],
    now: SystemTime,
) -> Result<(), QueueError> {
    let asked = deferred.iter().filter_map(|a| a.retry_after).max();
    let next = match asked {
        Some(seconds) => now + Duration::from_secs(u64::from(seconds)),
        None => schedule::next_attempt(&generation.settings, message.envelope.arrival, now),
    };
    let reasons: Vec<_> = deferred.iter().map(|a| (a.recipient, reason(&a.status))).collect();
    loop {
        match queue.defer(message, next, reasons.clone()).await {
            Ok(_still_there) => return Ok(()),
            Err(QueueError::Closed) => return Err(QueueError::Closed),
            // It is in nobody's hands but ours: until the disk takes it, there is nothing else to do with it.
            Err(error) => generation.log.warning(format_args!("{}: {error}", message.id)),
        }
        tokio::time::sleep(QUEUE_RETRY).await;
    }
}

/// soft_bounce: what would be returned stays in the queue.
fn soften(attempted: &mut [Attempted]) {
    for attempt in attempted.iter_mut().filter(|a| a.status.outcome == Outcome::Bounced) {
        attempt.status.outcome = Outcome::Deferred;
        attempt.status.status = attempt.status.status.with_class(Class::Temporary);
    }
}

fn report(attempt: &Attempted, action: Action) -> Report {
    let RecipientStatus { status, text, remote_mta, diagnostic, .. } = &attempt.status;
    Report {
        recipient: attempt.recipient,
        address: None,
        action,
        // An expired delivery keeps its 4.x.x, as in Postfix: the last attempt's failure was a temporary one.
        status: *status,
        text: text.clone(),
        remote_mta: remote_mta.clone(),
        diagnostic: diagnostic.clone(),
    }
}

fn reason(status: &RecipientStatus) -> Reason {
    Reason {
        status: status.status,
        text: status.text.clone(),
        remote_mta: status.remote_mta.clone(),
        diagnostic: status.diagnostic.clone(),
    }
}
