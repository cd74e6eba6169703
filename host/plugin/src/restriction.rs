//! The world `restriction`: one name in smtpd_*_restrictions, answered by a plugin.

use std::{
    borrow::Cow,
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use hook::{
    Answer, ArgumentKind, BoxFuture, Call, FailureKind, Offer, RestrictionOutcome as Outcome, Seen, TypedReply, Verdict,
};

use crate::{
    bindings::{exports::waxwing::plugin::restrictions, waxwing::plugin::types},
    instances::Live,
    limits::{InstanceScope, Mode, World},
    loaded::{Plugin, not_exported},
    state::{Editing, Phase},
};

/// One restriction of one loaded plugin.
pub(crate) struct WasmRestriction {
    pub plugin: Arc<Plugin>,
    pub offer: Offer,
    /// For failures.
    function: String,
    /// How many more calls are not tried without waiting, because one had to be given up.
    waiting: AtomicU32,
}

/// Calls that are made where they can wait, after one that had to.
const WAITING_CALLS: u32 = 256;

impl WasmRestriction {
    pub(crate) fn new(plugin: Arc<Plugin>, offer: Offer) -> Self {
        let function = format!("check({})", offer.name);
        Self { plugin, offer, function, waiting: AtomicU32::new(0) }
    }

    /// A call that waits for nothing: no future, no stack of its own.
    fn check_here(&self, argument: Option<&str>, call: &Call) -> Outcome {
        self.check_with(self.plugin.kept(call), argument, call).unwrap_or_else(|| {
            let cause = "waits without having asked to".to_string();
            Err(self.plugin.failure(World::Restriction, &self.function, FailureKind::Refused, cause))
        })
    }

    /// None: it has to wait. All it wanted changed is forgotten, and its instance gone.
    fn check_at_once(&self, argument: Option<&str>, call: &Call) -> Option<Outcome> {
        let waiting = self.waiting.load(Ordering::Relaxed);
        if waiting > 0 {
            self.waiting.store(waiting - 1, Ordering::Relaxed);
            return None;
        }
        let outcome = self.check_with(self.plugin.at_once.take(), argument, call);
        if outcome.is_none() {
            self.waiting.store(WAITING_CALLS, Ordering::Relaxed);
        }
        outcome
    }

    /// On this stack. None: the call was given up.
    fn check_with(&self, live: Option<Box<Live>>, argument: Option<&str>, call: &Call) -> Option<Outcome> {
        // No permit of the pool: a call that waits for nothing holds its instance no longer than its thread.
        let mut live = match self.plugin.instance_here(live, World::Restriction, &self.function) {
            Ok(live) => live,
            Err(failure) => return Some(Err(failure)),
        };
        let limit = self.plugin.limit(World::Restriction);
        let Live { store, guests, .. } = &mut *live;
        store.data_mut().begin(Phase::Call, Editing::Message, Some(call.clone()));
        let verdict = match &guests.restrictions {
            Some(guest) => {
                self.plugin.runner.call_here(store, limit, guest.func_check(), (self.offer.name.as_str(), argument))
            }
            None => Err(not_exported()),
        };
        if verdict.is_err() && live.store.data().gave_up {
            return None;
        }
        Some(self.finish(live, call, verdict))
    }

    async fn check_waiting(&self, argument: Option<&str>, call: &Call) -> Outcome {
        let mut out = self.plugin.checked_out(call, World::Restriction, &self.function, Editing::Message).await?;
        let Live { store, guests, .. } = &mut *out.live;
        let limit = self.plugin.limit(World::Restriction);
        let params = (self.offer.name.as_str(), argument);
        let verdict = match &guests.restrictions {
            Some(guest) => self.plugin.runner.call(store, limit, guest.func_check(), params).await,
            None => Err(not_exported()),
        };
        self.finish(out.live, call, verdict).map(|answer| Answer { seen: Seen::EVERYTHING, ..answer })
    }

    fn finish(
        &self,
        mut live: Box<Live>,
        call: &Call,
        verdict: Result<restrictions::Verdict, (FailureKind, String)>,
    ) -> Outcome {
        let failed = |(kind, cause)| self.plugin.failure(World::Restriction, &self.function, kind, cause);
        let verdict = verdict.map_err(failed)?;
        let verdict = plain(verdict).map_err(|cause| failed((FailureKind::BadAnswer, cause)))?;
        let state = live.store.data_mut();
        let answer = Answer {
            verdict,
            edits: std::mem::take(&mut state.edits),
            log: std::mem::take(&mut state.log),
            pause: state.pause,
            warn_only: self.plugin.settings.mode == Mode::Warn,
            // An instance of its own may remember what it was asked before.
            seen: if self.plugin.settings.instance == InstanceScope::Shared { state.seen } else { Seen::EVERYTHING },
        };
        self.plugin.keep(call, live);
        Ok(answer)
    }

    async fn validate_use(&self, argument: Option<&str>) -> Result<(), String> {
        self.check_argument(argument)?;
        if let (ArgumentKind::Table, Some(tables)) = (self.offer.argument, argument) {
            let services = self.plugin.facts.services().map_err(|error| error.to_string())?;
            let tables = table_names(config::tokens::strip_braces(tables)?);
            // One that cannot be opened fails at each lookup, as in Postfix; whoever reads the lists logs why.
            let _ = services.tables.open(&tables);
            self.plugin.facts.opened(&tables);
            // A plugin may hand the argument back as it got it, braces and all.
            self.plugin.facts.opened(argument.unwrap_or_default());
        }
        if let (ArgumentKind::Endpoint, Some(argument)) = (self.offer.argument, argument) {
            self.plugin.facts.named_endpoint(argument);
        }
        let function = format!("validate({})", self.offer.name);
        let limit = self.plugin.limit(World::Restriction);
        let pooled = self.plugin.pooled(World::Restriction, &function, Phase::Validate).await;
        let mut pooled = pooled.map_err(|failure| failure.to_string())?;
        let Live { store, guests, .. } = &mut *pooled.live;
        let answer = match &guests.restrictions {
            Some(guest) => {
                self.plugin.runner.call(store, limit, guest.func_validate(), (self.offer.name.as_str(), argument)).await
            }
            None => Err(not_exported()),
        };
        let answer = self.plugin.finish_pooled(pooled, World::Restriction, &function, answer);
        let answer = answer.map_err(|failure| failure.to_string())?;
        answer.map_err(|text| crate::describe::clean(&text))
    }

    fn check_argument(&self, argument: Option<&str>) -> Result<(), String> {
        let name = &self.offer.name;
        match (self.offer.argument, argument) {
            (ArgumentKind::None, Some(argument)) => Err(format!("{name} takes no argument, but has \"{argument}\"")),
            (ArgumentKind::None, None) | (ArgumentKind::Text, _) => Ok(()),
            (kind, None) => Err(format!("{name} needs {}", wanted(kind))),
            (ArgumentKind::Duration, Some(text)) => {
                use config::Kind;
                config::Time::parse(name, text, &config::Limits::default()).map(drop)
            }
            (ArgumentKind::Table | ArgumentKind::Endpoint, Some(_)) => Ok(()),
        }
    }
}

/// The tables of an argument, without attributes such as `{ search_order = … }` beside them.
fn table_names(inner: &str) -> Cow<'_, str> {
    let parts = config::tokens::split(inner, config::tokens::COMMA_SPACE);
    if !parts.iter().any(|part| part.starts_with('{')) {
        return inner.into();
    }
    parts.into_iter().filter(|part| !part.starts_with('{')).collect::<Vec<_>>().join(", ").into()
}

fn wanted(kind: ArgumentKind) -> &'static str {
    match kind {
        ArgumentKind::None => "nothing",
        ArgumentKind::Text => "an argument",
        ArgumentKind::Table => "a type:name table",
        ArgumentKind::Endpoint => "a server",
        ArgumentKind::Duration => "a time",
    }
}

impl hook::Restriction for WasmRestriction {
    fn offer(&self) -> &Offer {
        &self.offer
    }

    fn validate<'a>(&'a self, argument: Option<&'a str>) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.validate_use(argument))
    }

    fn check<'a>(&'a self, argument: Option<&'a str>, call: &'a Call) -> BoxFuture<'a, Outcome> {
        if self.plugin.answers_at_once() {
            return Box::pin(ready(self.check_here(argument, call)));
        }
        let tried = if self.plugin.tries_at_once() { self.check_at_once(argument, call) } else { None };
        match tried {
            Some(outcome) => Box::pin(ready(outcome)),
            None => Box::pin(self.check_waiting(argument, call)),
        }
    }
}

/// The verdict in plain types; `Err` says how it breaks the contract.
fn plain(verdict: restrictions::Verdict) -> Result<Verdict, String> {
    use restrictions::Verdict as W;
    Ok(match verdict {
        W::Dunno => Verdict::Dunno,
        W::Permit => Verdict::Permit,
        W::Reject(reply) => Verdict::Reject(typed_reply(reply, 5, "reject")?),
        W::Defer(reply) => Verdict::Defer(typed_reply(reply, 4, "defer")?),
        W::DeferIfPermit(reply) => Verdict::DeferIfPermit(typed_reply(reply, 4, "defer-if-permit")?),
        W::DeferIfReject(reply) => Verdict::DeferIfReject(typed_reply(reply, 4, "defer-if-reject")?),
        W::Restrictions(names) => Verdict::Restrictions(names),
        W::ServerError(reply) => Verdict::ServerError(typed_reply(reply, 4, "server-error")?),
        W::Hangup => Verdict::Hangup,
    })
}

/// Longest reply text taken: the reply line is cut at 510 bytes in any case.
const REPLY_TEXT: usize = 510;

/// A reply whose code fits the class of the case that carries it.
pub(crate) fn typed_reply(reply: types::Reply, class: u16, case: &str) -> Result<TypedReply, String> {
    if let Some(code) = reply.code.filter(|code| code / 100 != class) {
        return Err(format!("{case} with reply code {code}, want {class}xx"));
    }
    let status = reply.status.map(|status| (status.subject, status.detail));
    if let Some((subject, detail)) = status.filter(|(subject, detail)| *subject > 999 || *detail > 999) {
        return Err(format!("{case} with enhanced status {class}.{subject}.{detail}, at most {class}.999.999"));
    }
    let text = reply.text.map(|text| reply_text(&text));
    Ok(TypedReply { code: reply.code, status, text })
}

/// Control characters become spaces, as in Postfix, and the length is limited.
pub(crate) fn reply_text(text: &str) -> String {
    let mut end = text.len().min(REPLY_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    mail::reply::clean(&text[..end])
}
