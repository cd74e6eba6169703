//! The follower of an evaluation that writes everything down.

use std::sync::{Arc, Mutex, PoisonError};

use hook::{Edit, LogLine, Stage, Verdict};

use super::{
    Recorder,
    report::{Answered, Item},
};
use crate::restrict::{Asked, Effect, Tracer, parameter};

/// Clones share.
#[derive(Clone)]
pub(super) struct Trace {
    items: Arc<Mutex<Vec<Item>>>,
    recorder: Recorder,
}

impl Trace {
    pub fn new(recorder: Recorder) -> Self {
        Self { items: Arc::default(), recorder }
    }

    /// The items since the last time.
    pub fn take(&self) -> Vec<Item> {
        self.with(std::mem::take)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Item>) -> T) -> T {
        act(&mut self.items.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tracer for Trace {
    fn asked(&mut self, asked: Asked<'_>) {
        let offer = asked.offer;
        let mut answered = Answered {
            restriction: offer.name.clone(),
            argument: asked.argument.map(str::to_string),
            plugin: offer.plugin.clone(),
            version: offer.version.clone(),
            lookups: self.recorder.take_lookups(),
            microseconds: asked.took.as_nanos() as f64 / 1000.0,
            reused: asked.reused,
            ..Answered::default()
        };
        match asked.outcome {
            Ok(answer) => {
                (answered.verdict, answered.detail) = words(&answer.verdict);
                answered.edits = answer.edits.iter().map(edit).collect();
                answered.log = answer.log.iter().map(log_line).collect();
                answered.pause_milliseconds = answer.pause.as_millis() as u64;
            }
            Err(failure) => (answered.verdict, answered.detail) = ("failed", failure.to_string()),
        }
        let (list, item) = (parameter(asked.stage), asked.item.to_string());
        self.with(|items| {
            items.push(Item { list, depth: asked.depth, item, answered: Some(answered), ..Item::default() })
        });
    }

    fn passed(&mut self, stage: Stage, item: &str, depth: usize, note: &str) {
        let (item, note) = (item.to_string(), note.to_string());
        self.with(|items| items.push(Item { list: parameter(stage), depth, item, note, ..Item::default() }));
    }

    fn replies(&mut self, effect: Effect, reply: &mail::Reply) {
        self.with(|items| {
            let Some(last) = items.last_mut() else { return };
            last.effect = Some(match effect {
                Effect::Refuses => "refuses",
                Effect::Warns => "warns",
                Effect::DefersIfPermit => "defers_if_permit",
                Effect::DefersIfReject => "defers_if_reject",
            });
            last.reply = Some(reply.log_text());
        });
    }
}

fn words(verdict: &Verdict) -> (&'static str, String) {
    let word = match verdict {
        Verdict::Dunno => "dunno",
        Verdict::Permit => "permit",
        Verdict::Reject(_) => "reject",
        Verdict::Defer(_) => "defer",
        Verdict::DeferIfPermit(_) => "defer-if-permit",
        Verdict::DeferIfReject(_) => "defer-if-reject",
        Verdict::Restrictions(names) => return ("restrictions", names.clone()),
        Verdict::ServerError(_) => "server-error",
        Verdict::Hangup => "hangup",
    };
    (word, String::new())
}

/// In the words of access(5), where it has one.
fn edit(edit: &Edit) -> String {
    match edit {
        Edit::Hold(text) => format!("HOLD {text}").trim_end().to_string(),
        Edit::Discard(text) => format!("DISCARD {text}").trim_end().to_string(),
        Edit::Filter(destination) => format!("FILTER {destination}"),
        Edit::Redirect(address) => format!("REDIRECT {address}"),
        Edit::Bcc(address) => format!("BCC {address}"),
        Edit::PrependHeader { name, value } => format!("PREPEND {name}: {value}"),
        other => format!("{other:?}"),
    }
}

fn log_line(line: &LogLine) -> String {
    match line {
        LogLine::Write { text, .. } => text.clone(),
        LogLine::Info(text) => format!("INFO {text}"),
        LogLine::Warn(text) => format!("WARN {text}"),
    }
}
