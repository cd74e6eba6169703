//! The world `delivery-hook`: asked before and after each attempt of any transport, `delivery_plugins`.

use std::sync::Arc;

use hook::{
    AfterAnswer, BeforeAnswer, BoxFuture, DeliveryAttempts, Failure, FailureAction, FailureKind, Outcome,
    RecipientStatus, Request, Route,
};
use mail::{Class, Status};

use crate::{
    bindings::exports::waxwing::plugin::delivery_attempts as wit,
    delivery::{call_of, enhanced, plain_status, wit_request, wit_status},
    describe::write_line,
    instances::Live,
    limits::{Mode, World},
    loaded::{Plugin, not_exported},
    restriction::reply_text,
    state::{Editing, Phase},
};

/// A hook around delivery attempts. Each call has an instance of its own; what `before` wants to tell `after` goes in notes.
pub(crate) struct WasmDeliveryAttempts {
    plugin: Arc<Plugin>,
    wants: (bool, bool),
}

impl WasmDeliveryAttempts {
    /// As the plugin subscribed.
    pub(crate) fn new(plugin: Arc<Plugin>, wanted: Option<wit::AttemptEvents>) -> Self {
        let wants = wanted
            .map(|wanted| (wanted.contains(wit::AttemptEvents::BEFORE), wanted.contains(wit::AttemptEvents::AFTER)));
        Self { plugin, wants: wants.unwrap_or_default() }
    }

    async fn live(&self, request: &Request, function: &str) -> Result<Box<Live>, Failure> {
        let mut live = self.plugin.instance(None, World::DeliveryHook, function).await?;
        live.store.data_mut().begin(Phase::Call, Editing::Forbidden, Some(call_of(request)));
        Ok(live)
    }

    async fn ask_before(&self, request: &Request) -> Result<BeforeAnswer, Failure> {
        let failed = |(kind, cause)| self.plugin.failure(World::DeliveryHook, "before", kind, cause);
        let mut live = self.live(request, "before").await?;
        let Live { store, guests, .. } = &mut *live;
        let limit = self.plugin.limit(World::DeliveryHook);
        let answer = match &guests.delivery_attempts {
            Some(guest) => self.plugin.runner.call(store, limit, guest.func_before(), (&wit_request(request),)).await,
            None => Err(not_exported()),
        };
        let answer = plain_before(answer.map_err(failed)?).map_err(|cause| failed((FailureKind::BadAnswer, cause)))?;
        self.went_well(request, &live);
        Ok(answer)
    }

    async fn ask_after(&self, request: &Request, statuses: &[RecipientStatus]) -> Result<Vec<AfterAnswer>, Failure> {
        let failed = |(kind, cause)| self.plugin.failure(World::DeliveryHook, "after", kind, cause);
        let mut live = self.live(request, "after").await?;
        let Live { store, guests, .. } = &mut *live;
        let limit = self.plugin.limit(World::DeliveryHook);
        let wit_statuses: Vec<_> = statuses.iter().map(wit_status).collect();
        let answers = match &guests.delivery_attempts {
            Some(guest) => {
                let params = (&wit_request(request), &wit_statuses[..]);
                self.plugin.runner.call(store, limit, guest.func_after(), params).await
            }
            None => Err(not_exported()),
        };
        let answers = answers.map_err(failed)?;
        if !answers.is_empty() && answers.len() != statuses.len() {
            let cause = format!("{} answers for {} recipients", answers.len(), statuses.len());
            return Err(failed((FailureKind::BadAnswer, cause)));
        }
        let answers = answers
            .into_iter()
            .zip(statuses)
            .map(|(answer, status)| plain_after(answer, status))
            .collect::<Result<_, _>>();
        let answers = answers.map_err(|cause| failed((FailureKind::BadAnswer, cause)))?;
        self.went_well(request, &live);
        Ok(answers)
    }

    fn went_well(&self, request: &Request, live: &Live) {
        self.plugin.health.well();
        for line in &live.store.data().log {
            write_line(&self.plugin.facts.log, Some(&request.queue_id), &self.plugin.facts.name, line);
        }
    }

    fn warns(&self, request: &Request, what: &str) -> bool {
        let warns = self.plugin.settings.mode == Mode::Warn;
        if warns {
            let log = &self.plugin.facts.log;
            log.info(format_args!("{}: plugin {}: mode=warn, would: {what}", request.queue_id, self.plugin.facts.name));
        }
        warns
    }
}

impl DeliveryAttempts for WasmDeliveryAttempts {
    fn wants(&self) -> (bool, bool) {
        self.wants
    }

    fn before<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, BeforeAnswer> {
        Box::pin(async move {
            let failure = match self.ask_before(request).await {
                Ok(BeforeAnswer::Proceed) => return BeforeAnswer::Proceed,
                Ok(answer) if self.warns(request, &format!("{answer:?}")) => return BeforeAnswer::Proceed,
                Ok(answer) => return answer,
                Err(failure) => failure,
            };
            self.plugin.facts.log.warning(format_args!("{}: {failure}", request.queue_id));
            let text = format!("plugin {} failed", failure.plugin);
            match failure.action {
                FailureAction::Dunno => BeforeAnswer::Proceed,
                FailureAction::Defer => BeforeAnswer::Defer(Status::temporary(3, 0), text),
                FailureAction::Reject => BeforeAnswer::Bounce(Status::permanent(3, 0), text),
            }
        })
    }

    fn after<'a>(&'a self, request: &'a Request, statuses: &'a [RecipientStatus]) -> BoxFuture<'a, Vec<AfterAnswer>> {
        Box::pin(async move {
            match self.ask_after(request, statuses).await {
                Ok(answers) if answers.iter().all(|answer| matches!(answer, AfterAnswer::Keep)) => Vec::new(),
                Ok(answers) if self.warns(request, &format!("{answers:?}")) => Vec::new(),
                Ok(answers) => answers,
                Err(failure) => {
                    // The attempt is over; there is nothing better than what it gave.
                    self.plugin.facts.log.warning(format_args!("{}: {failure}", request.queue_id));
                    Vec::new()
                }
            }
        })
    }
}

fn refusal(refusal: wit::Refusal, class: Class) -> Result<(Status, String), String> {
    let status = enhanced(refusal.status.map(|status| (status.subject, status.detail)), class)?;
    Ok((status.unwrap_or(Status::new(class, 3, 0)), reply_text(&refusal.text)))
}

/// `Err` says how an answer breaks the contract.
fn plain_before(answer: wit::BeforeAnswer) -> Result<BeforeAnswer, String> {
    Ok(match answer {
        wit::BeforeAnswer::Proceed => BeforeAnswer::Proceed,
        wit::BeforeAnswer::Reroute(route)
            if route.transport.is_empty() || route.transport.contains(char::is_control) =>
        {
            return Err("reroute to no transport".to_string());
        }
        wit::BeforeAnswer::Reroute(route) => {
            BeforeAnswer::Reroute(Route { transport: route.transport, nexthop: mail::reply::clean(&route.nexthop) })
        }
        wit::BeforeAnswer::Defer(why) => {
            let (status, text) = refusal(why, Class::Temporary)?;
            BeforeAnswer::Defer(status, text)
        }
        wit::BeforeAnswer::Bounce(why) => {
            let (status, text) = refusal(why, Class::Permanent)?;
            BeforeAnswer::Bounce(status, text)
        }
    })
}

fn plain_after(answer: wit::AfterAnswer, status: &RecipientStatus) -> Result<AfterAnswer, String> {
    Ok(match answer {
        wit::AfterAnswer::Keep => AfterAnswer::Keep,
        // wit/delivery.wit: delivered stays delivered.
        _ if status.outcome == Outcome::Delivered => AfterAnswer::Keep,
        wit::AfterAnswer::Change(changed) => match plain_status(changed)? {
            changed if changed.outcome == Outcome::Delivered => {
                return Err("change of a failed delivery to delivered".to_string());
            }
            changed => AfterAnswer::Change(changed),
        },
        wit::AfterAnswer::RetryAfter(seconds) => AfterAnswer::RetryAfter(seconds),
        wit::AfterAnswer::SuppressNotice => AfterAnswer::SuppressNotice,
    })
}
