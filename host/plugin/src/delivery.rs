//! The world `delivery`: a transport whose master.cf entry has the command word `wasm`.

use std::{sync::Arc, time::UNIX_EPOCH};

use hook::{
    BoxFuture, Call, Failure, FailureAction, FailureKind, Instances, MailLog, Outcome, RecipientStatus, Request, Stage,
};
use mail::{Class, Status};

use crate::{
    bindings::waxwing::plugin::delivery_types as wit,
    describe::write_line,
    instances::Live,
    limits::World,
    loaded::{Plugin, not_exported},
    message::ContentView,
    restriction::reply_text,
    state::{Editing, Phase},
};

/// A transport served by a plugin.
pub(crate) struct WasmDelivery {
    pub plugin: Arc<Plugin>,
    pub log: MailLog,
}

impl WasmDelivery {
    async fn attempt(&self, request: &Request) -> Result<Vec<RecipientStatus>, Failure> {
        let fails = |kind, cause: String| self.plugin.failure(World::Delivery, "deliver", kind, cause);
        let limit = self.plugin.limit(World::Delivery);
        let mut live = self.plugin.instance(None, World::Delivery, "deliver").await?;
        let Live { store, guests, .. } = &mut *live;
        store.data_mut().begin(Phase::Call, Editing::Forbidden, Some(call_of(request)));
        let wit_request = wit_request(request);
        let answered = match &guests.transport {
            Some(guest) => self.plugin.runner.call(store, limit, guest.func_deliver(), (&wit_request,)).await,
            None => Err(not_exported()),
        };
        let statuses = answered.map_err(|(kind, cause)| fails(kind, cause))?;
        if statuses.len() != request.recipients.len() {
            let cause = format!("{} statuses for {} recipients", statuses.len(), request.recipients.len());
            return Err(fails(FailureKind::BadAnswer, cause));
        }
        let statuses = statuses.into_iter().map(plain_status).collect::<Result<_, _>>();
        let statuses = statuses.map_err(|cause| fails(FailureKind::BadAnswer, cause))?;
        self.plugin.health.well();
        for line in &live.store.data().log {
            write_line(&self.log, Some(&request.queue_id), &self.plugin.facts.name, line);
        }
        Ok(statuses)
    }

    fn failed(&self, request: &Request, failure: &Failure) -> Vec<RecipientStatus> {
        self.log.warning(format_args!("{}: {failure}", request.queue_id));
        let status = match failure.action {
            FailureAction::Reject => {
                RecipientStatus::new(Outcome::Bounced, Status::permanent(3, 0), "mail system configuration error")
            }
            // There is no way to have no opinion about a delivery.
            FailureAction::Defer | FailureAction::Dunno => RecipientStatus::new(
                Outcome::Deferred,
                Status::temporary(3, 0),
                format!("plugin {} failed", failure.plugin),
            ),
        };
        vec![status; request.recipients.len()]
    }
}

impl hook::Delivery for WasmDelivery {
    fn deliver(&self, request: Request) -> BoxFuture<'_, Vec<RecipientStatus>> {
        Box::pin(async move {
            match self.attempt(&request).await {
                Ok(statuses) => statuses,
                Err(failure) => self.failed(&request, &failure),
            }
        })
    }
}

/// What a delivery plugin sees beside the request.
pub(crate) fn call_of(request: &Request) -> Call {
    Call {
        session: request.session.clone(),
        message: Some(Arc::new(ContentView::new(request.content.clone()))),
        stage: Stage::EndOfData,
        notes: request.notes.clone(),
        instances: Instances::default(),
    }
}

/// The request in the types of `wit/`.
pub(crate) fn wit_request(request: &Request) -> wit::Request {
    wit::Request {
        queue_id: request.queue_id.clone(),
        transport: request.transport.clone(),
        nexthop: request.nexthop.clone(),
        sender: request.sender.clone(),
        recipients: request
            .recipients
            .iter()
            .map(|recipient| wit::Recipient {
                address: recipient.address.clone(),
                original: recipient.original.clone(),
                dsn_original: recipient.dsn_original.clone(),
                notify: notify(recipient.notify),
            })
            .collect(),
        arrival: request.arrival.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
        attempts: request.attempts,
        envelope_id: request.envelope_id.clone(),
        probe: request.probe,
    }
}

fn notify(notify: hook::Notify) -> wit::Notify {
    [
        (hook::Notify::NEVER, wit::Notify::NEVER),
        (hook::Notify::SUCCESS, wit::Notify::SUCCESS),
        (hook::Notify::FAILURE, wit::Notify::FAILURE),
        (hook::Notify::DELAY, wit::Notify::DELAY),
    ]
    .into_iter()
    .filter(|(ours, _)| notify.contains(*ours))
    .fold(wit::Notify::empty(), |all, (_, theirs)| all | theirs)
}

/// A plugin's status in plain types; `Err` says how it breaks the contract.
pub(crate) fn plain_status(status: wit::RecipientStatus) -> Result<RecipientStatus, String> {
    let (outcome, default) = match status.outcome {
        wit::Outcome::Delivered => (Outcome::Delivered, Status::success(0, 0)),
        wit::Outcome::Deferred => (Outcome::Deferred, Status::temporary(3, 0)),
        wit::Outcome::Bounced => (Outcome::Bounced, Status::permanent(3, 0)),
    };
    let enhanced = enhanced(status.status.map(|s| (s.subject, s.detail)), default.class)?.unwrap_or(default);
    let mut plain = RecipientStatus::new(outcome, enhanced, reply_text(&status.text));
    plain.relay = reply_text(&status.relay);
    Ok(plain)
}

/// Subject and detail in a class; `Err` when out of range.
pub(crate) fn enhanced(status: Option<(u16, u16)>, class: Class) -> Result<Option<Status>, String> {
    match status {
        Some((subject, detail)) if subject > 999 || detail > 999 => {
            Err(format!("enhanced status {}.{subject}.{detail}", class.digit()))
        }
        Some((subject, detail)) => Ok(Some(Status::new(class, subject, detail))),
        None => Ok(None),
    }
}

/// What a request and its statuses look like to a hook around the attempt.
pub(crate) fn wit_status(status: &RecipientStatus) -> wit::RecipientStatus {
    wit::RecipientStatus {
        outcome: match status.outcome {
            Outcome::Delivered => wit::Outcome::Delivered,
            Outcome::Deferred => wit::Outcome::Deferred,
            Outcome::Bounced => wit::Outcome::Bounced,
        },
        status: Some(crate::bindings::waxwing::plugin::types::EnhancedStatus {
            subject: status.status.subject,
            detail: status.status.detail,
        }),
        text: status.text.clone(),
        relay: status.relay.clone(),
    }
}
