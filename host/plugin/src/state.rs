//! What the host keeps beside each instance: whose it is, which call it serves, and what that call asked for so far.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hook::{Call, Edit, FailureKind, Inputs, LogLine, MailLog, Seen, Services};
use wasmtime::{ResourceLimiter, component::ResourceTable};

use crate::{connections::Connections, engine::Ticks, grants::Grants, parameters::Value};

/// What all instances of one plugin share.
pub(crate) struct Facts {
    /// Name in plugins.cf.
    pub name: String,
    pub version: String,
    /// None while it describes itself.
    pub services: Option<Services>,
    pub grants: Grants,
    /// The values of the parameters `describe` declared.
    pub parameters: HashMap<String, Value>,
    /// Those of them that its entry in plugins.cf sets: they hold for every service.
    pub own_options: HashSet<String>,
    /// Table arguments of this plugin's restrictions, opened by `validate`. Readable without the grant `tables`.
    pub tables: RwLock<HashSet<String>>,
    /// Endpoints that stand as arguments of this plugin's restrictions: granted to `socket`.
    pub endpoints: RwLock<HashSet<String>>,
    /// Connections kept for later calls. None while it describes itself.
    pub connections: Option<Arc<Connections>>,
    pub log: MailLog,
    /// How many more calls run on a stack of their own, because one held up its thread.
    pub slow: AtomicU32,
}

impl Facts {
    pub(crate) fn services(&self) -> wasmtime::Result<&Services> {
        self.services.as_ref().ok_or_else(|| Refusal::refused("only `log` answers while a plugin describes itself"))
    }

    /// May the plugin name these tables in `tables`?
    pub(crate) fn may_read_tables(&self, tables: &str) -> bool {
        self.grants.has(crate::grants::Grant::Tables)
            || self.parameters.values().any(|value| value.is_tables(tables))
            || self.tables.read().unwrap_or_else(PoisonError::into_inner).contains(tables)
    }

    /// May the plugin name this parameter in `tables.match-domain` and `match-host`?
    pub(crate) fn may_match(&self, parameter: &str) -> bool {
        self.grants.has(crate::grants::Grant::Tables)
            || self.parameters.get(parameter).is_some_and(Value::is_match_list)
    }

    /// A call held up its thread.
    pub(crate) fn is_slow(&self) {
        self.slow.store(SLOW_CALLS, Ordering::Relaxed);
    }

    /// Whether calls need a stack of their own, because one held up its thread.
    pub(crate) fn is_held_up(&self) -> bool {
        self.slow.load(Ordering::Relaxed) > 0
    }

    /// A call on a stack of its own took less than a tick.
    pub(crate) fn was_quick(&self) {
        let slow = self.slow.load(Ordering::Relaxed);
        if slow > 0 {
            self.slow.store(slow - 1, Ordering::Relaxed);
        }
    }

    /// May the plugin connect to this?
    pub(crate) fn may_connect(&self, endpoint: &str) -> bool {
        self.grants.covers_endpoint(endpoint)
            || self.endpoints.read().unwrap_or_else(PoisonError::into_inner).contains(endpoint)
    }

    /// Remembers the endpoint of an argument: `inet:host:port` or `{ inet:host:port, … }`.
    pub(crate) fn named_endpoint(&self, argument: &str) {
        let inner = config::tokens::strip_braces(argument).unwrap_or(argument);
        if let Some(endpoint) = config::tokens::split(inner, config::tokens::COMMA_SPACE).first() {
            self.endpoints.write().unwrap_or_else(PoisonError::into_inner).insert(endpoint.to_string());
        }
    }

    /// Remembers a table argument the host opened.
    pub(crate) fn opened(&self, tables: &str) {
        self.tables.write().unwrap_or_else(PoisonError::into_inner).insert(tables.to_string());
    }
}

/// Calls made able to yield after one that held up its thread.
const SLOW_CALLS: u32 = 1000;

/// Which imports answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// `describe` and the lists of offers: only `log`.
    Describe,
    /// `validate` and `open`: `parameters` and `tables` as well.
    Validate,
    /// All that the world has.
    Call,
}

/// What a plugin may change in the call it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Editing {
    Forbidden,
    /// Events of a filter before the message is complete: milters may discard it at once.
    Discard,
    /// Restrictions and checks: envelope and header.
    Message,
    /// A filter's end of message.
    MessageAndBody,
}

impl Editing {
    fn allows(self, edit: &Edit) -> bool {
        match self {
            Editing::Forbidden => false,
            Editing::Discard => matches!(edit, Edit::Discard(_)),
            Editing::Message => !matches!(edit, Edit::WriteBody(_)),
            Editing::MessageAndBody => true,
        }
    }
}

/// Data of one `Store`.
pub(crate) struct State {
    pub plugin: Arc<Facts>,
    pub phase: Phase,
    pub editing: Editing,
    pub call: Option<Call>,
    pub edits: Vec<Edit>,
    edit_bytes: usize,
    pub log: Vec<LogLine>,
    pub pause: Duration,
    /// What the call has looked at so far.
    pub seen: Seen,
    pub meter: Meter,
    /// The connections its instance holds.
    pub open: ResourceTable,
    /// Its imports answer at once or give the call up.
    pub at_once: bool,
    pub gave_up: bool,
}

/// An import that ends the call, kept through wasmtime as its own error type.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Refusal {
    pub kind: FailureKind,
    pub text: String,
}

impl Refusal {
    pub(crate) fn refused(text: impl Into<String>) -> wasmtime::Error {
        wasmtime::Error::new(Self { kind: FailureKind::Refused, text: text.into() })
    }

    pub(crate) fn bad_answer(text: impl Into<String>) -> wasmtime::Error {
        wasmtime::Error::new(Self { kind: FailureKind::BadAnswer, text: text.into() })
    }
}

/// Most lines one call may log, and bytes of each; what is over is cut.
const LOG_LINES: usize = 100;
const LOG_LINE_BYTES: usize = 1000;
/// Most edits of one call, and their bytes together. A new body has its own limit, the message size limit of cleanup(8).
const EDITS: usize = 1000;
const EDIT_BYTES: usize = 1024 * 1024;

impl State {
    pub(crate) fn new(plugin: Arc<Facts>, phase: Phase, memory_limit: usize, ticks: Ticks) -> Self {
        Self {
            plugin,
            phase,
            editing: Editing::Forbidden,
            call: None,
            edits: Vec::new(),
            edit_bytes: 0,
            log: Vec::new(),
            pause: Duration::ZERO,
            seen: Seen::NOTHING,
            meter: Meter::new(memory_limit, ticks),
            open: ResourceTable::new(),
            at_once: false,
            gave_up: false,
        }
    }

    /// Makes the state fit for the next call.
    pub(crate) fn begin(&mut self, phase: Phase, editing: Editing, call: Option<Call>) {
        self.phase = phase;
        self.editing = editing;
        self.call = call;
        self.edits.clear();
        self.edit_bytes = 0;
        self.log.clear();
        self.pause = Duration::ZERO;
        self.seen = Seen::NOTHING;
    }

    /// The session behind the call, to look at these inputs; refuses where there is none.
    pub(crate) fn session(&mut self, inputs: Inputs) -> wasmtime::Result<&dyn hook::SessionView> {
        self.seen.inputs |= inputs;
        Ok(&*self.current()?.session)
    }

    /// The call looks at what may be something else next time, or at the list it is asked in.
    pub(crate) fn sees_everything(&mut self) {
        self.seen = Seen::EVERYTHING;
    }

    /// The call; refuses where it has neither session nor message (table, report, describe).
    pub(crate) fn current(&self) -> wasmtime::Result<&Call> {
        self.call.as_ref().ok_or_else(|| Refusal::refused("no session or message can be read here"))
    }

    /// Refuses imports that only answer in a call, or (`validate` true) also while a configuration is checked.
    pub(crate) fn needs(&self, import: &str, validate: bool) -> wasmtime::Result<()> {
        let allowed = match self.phase {
            Phase::Call => true,
            Phase::Validate => validate,
            Phase::Describe => false,
        };
        if allowed { Ok(()) } else { Err(Refusal::refused(format!("{import} may not be called here"))) }
    }

    /// Buffers a log line, or writes it at once while there is no call.
    pub(crate) fn log_line(&mut self, line: LogLine) {
        if self.log.len() < LOG_LINES {
            self.log.push(line);
        }
    }

    /// Buffers an edit of about so many bytes.
    pub(crate) fn edit(&mut self, edit: Edit, bytes: usize) -> wasmtime::Result<()> {
        if self.phase != Phase::Call || !self.editing.allows(&edit) {
            return Err(Refusal::bad_answer("an edit that is not possible here"));
        }
        self.edit_bytes += if matches!(edit, Edit::WriteBody(_)) { 0 } else { bytes };
        if self.edits.len() >= EDITS || self.edit_bytes > EDIT_BYTES {
            return Err(Refusal::bad_answer(format!(
                "more than {EDITS} edits or {EDIT_BYTES} bytes of them in one call"
            )));
        }
        self.edits.push(edit);
        Ok(())
    }
}

/// A log text as it may be written: control characters become `?`, length limited.
pub(crate) fn log_text(text: &str) -> String {
    let mut end = text.len().min(LOG_LINE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// What a call has used of its limits.
pub(crate) struct Meter {
    memory_limit: usize,
    /// Growth over the limit was refused during this call.
    pub memory_hit: bool,
    ticks: Ticks,
    deadline: u64,
    /// Ticks in which the call was computing, and how many it may have.
    pub slices: u64,
    compute_limit: u64,
    /// The call runs on its own stack and can let others run.
    pub yields: bool,
}

impl Meter {
    fn new(memory_limit: usize, ticks: Ticks) -> Self {
        Self { memory_limit, memory_hit: false, ticks, deadline: 0, slices: 0, compute_limit: 0, yields: false }
    }

    /// Starts the measurement of one call.
    pub(crate) fn begin(&mut self, limit: crate::limits::Limit, yields: bool) {
        self.memory_hit = false;
        self.slices = 0;
        self.compute_limit = limit.compute.as_millis() as u64;
        self.deadline = self.ticks.now().saturating_add(limit.wait.as_millis() as u64 + 1);
        self.yields = yields;
    }

    pub(crate) fn memory_limit(&self) -> usize {
        self.memory_limit
    }

    /// One tick passed while the call was computing: may it go on?
    pub(crate) fn tick(&mut self) -> bool {
        self.slices += 1;
        self.slices <= self.compute_limit && self.ticks.now() <= self.deadline
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let allowed = desired <= self.memory_limit;
        self.memory_hit |= !allowed;
        Ok(allowed)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // A function table entry takes 16 bytes.
        let allowed = desired.saturating_mul(16) <= self.memory_limit;
        self.memory_hit |= !allowed;
        Ok(allowed)
    }
}
