//! Items of smtpd_*_restrictions: what a plugin offers, and what it answers (wit/restriction.wit).

use std::{sync::Arc, time::Duration};

use crate::{BoxFuture, Call, Edit, Failure, LogLine};

/// The restriction list under evaluation. With smtpd_delay_reject = yes the client, helo and sender lists run at RCPT TO;
/// this still names the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    Client,
    Helo,
    Sender,
    Relay,
    Recipient,
    Data,
    EndOfData,
    Etrn,
}

bitflags::bitflags! {
    /// A set of [`Stage`]s, in the order of `wit/types.wit`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Stages: u8 {
        const CLIENT = 1; const HELO = 2; const SENDER = 4; const RELAY = 8;
        const RECIPIENT = 16; const DATA = 32; const END_OF_DATA = 64; const ETRN = 128;
    }

    /// What an answer depends on: the host reuses it, with its edits and log lines, while none of these changed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Inputs: u8 {
        const CONNECTION = 1; const TLS = 2; const HELO = 4; const AUTH = 8;
        const SENDER = 16; const RECIPIENT = 32; const CONTENT = 64; const VOLATILE = 128;
    }

    /// What the host must know of a restriction to check lists at start.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Traits: u8 {
        /// Counts as relay protection in smtpd_relay_restrictions or smtpd_recipient_restrictions.
        const GUARDS_RELAY = 1;
        /// Always decides: the host warns of items after it.
        const FINAL = 2;
    }
}

impl Stage {
    /// The set that holds only this stage.
    pub fn set(self) -> Stages {
        match self {
            Stage::Client => Stages::CLIENT,
            Stage::Helo => Stages::HELO,
            Stage::Sender => Stages::SENDER,
            Stage::Relay => Stages::RELAY,
            Stage::Recipient => Stages::RECIPIENT,
            Stage::Data => Stages::DATA,
            Stage::EndOfData => Stages::END_OF_DATA,
            Stage::Etrn => Stages::ETRN,
        }
    }
}

/// What follows the restriction's name in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    None,
    /// One word, or `{ … }`, handed over as written.
    Text,
    /// `type:name`, or `{ type:name, … }`.
    Table,
    /// A server: `inet:host:port`, `unix:path` or `{ server, name=value … }`.
    Endpoint,
    /// A time such as `5s`.
    Duration,
}

/// One restriction on offer, as its plugin describes it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// As in main.cf.
    pub name: String,
    /// Other names for exactly the same restriction.
    pub aliases: Vec<String>,
    pub argument: ArgumentKind,
    pub stages: Stages,
    /// Lists in which a bare `type:table` item means this restriction.
    pub bare_table: Stages,
    pub depends_on: Inputs,
    pub traits: Traits,
    /// Warning logged at start when a list uses it (deprecated names).
    pub warning: Option<String>,
    pub summary: String,
    /// The plugin's name in plugins.cf (or its own, for default plugins), and its version.
    pub plugin: String,
    pub version: String,
}

/// What the client is told; the case of [`Verdict`] gives the class, so a refusal can never say 2xx.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedReply {
    /// Three digits of the verdict's class, or the host's default. 421 and 521 end the session after the reply.
    pub code: Option<u16>,
    /// Subject and detail of RFC 3463.
    pub status: Option<(u16, u16)>,
    pub text: Option<String>,
}

/// One answer. Edits and log lines stand beside it in [`Answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No opinion: the next item decides.
    Dunno,
    /// OK: ends this list, no more.
    Permit,
    /// 5xx, or 4xx under soft_bounce.
    Reject(TypedReply),
    /// 4xx.
    Defer(TypedReply),
    /// Defers if a later item, or the end of the list, would permit.
    DeferIfPermit(TypedReply),
    /// Defers if a later item would reject.
    DeferIfReject(TypedReply),
    /// Evaluate these restrictions and classes here; names separated by comma or white space.
    Restrictions(String),
    /// The server is at fault: 451 4.3.5 that warn_if_reject does not soften.
    ServerError(TypedReply),
    /// Close the connection without a reply.
    Hangup,
}

/// What a call looked at before it answered. Where that is less than [`Offer::depends_on`], its answer holds for longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub inputs: Inputs,
    /// The list it was asked in.
    pub stage: bool,
}

impl Seen {
    pub const NOTHING: Self = Self { inputs: Inputs::empty(), stage: false };
    /// Also where it is not known.
    pub const EVERYTHING: Self = Self { inputs: Inputs::all(), stage: true };
}

/// A verdict with everything the plugin asked for during the call. Cloned when the host reuses it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub verdict: Verdict,
    /// In the order of the calls; to be applied only when the call did not fail.
    pub edits: Vec<Edit>,
    /// Lines the plugin logged, not yet written.
    pub log: Vec<LogLine>,
    /// How long the host shall wait before it acts on the verdict (`sleep`, tarpits).
    pub pause: Duration,
    /// mode=warn: log what it would do, change nothing.
    pub warn_only: bool,
    pub seen: Seen,
}

impl Answer {
    /// A bare verdict.
    pub fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            edits: Vec::new(),
            log: Vec::new(),
            pause: Duration::ZERO,
            warn_only: false,
            seen: Seen::EVERYTHING,
        }
    }
}

/// What a restriction call gives.
pub type Outcome = Result<Answer, Failure>;

/// One restriction of one loaded plugin.
pub trait Restriction: Send + Sync {
    /// What it says of itself.
    fn offer(&self) -> &Offer;

    /// Checks one use in the configuration, at start and reload, and opens what the argument names.
    /// `Err` is text for the log; the item then answers 451 4.3.5.
    fn validate<'a>(&'a self, argument: Option<&'a str>) -> BoxFuture<'a, Result<(), String>>;

    /// Answers for the session and stage of `call`.
    fn check<'a>(&'a self, argument: Option<&'a str>, call: &'a Call) -> BoxFuture<'a, Outcome>;
}

/// All restrictions of one generation of loaded plugins. A session keeps the generation it began with.
pub trait Catalogue: Send + Sync {
    /// By its main.cf name or an alias, ASCII case ignored.
    fn find(&self, name: &str) -> Option<Arc<dyn Restriction>>;

    /// What a bare `type:table` item means in this list.
    fn bare_table(&self, stage: Stage) -> Option<Arc<dyn Restriction>>;

    /// `check_plugin NAME` (its only restriction) or `check_plugin NAME:restriction`; `Err` says what is wrong.
    fn of_plugin(&self, argument: &str) -> Result<Arc<dyn Restriction>, String>;

    /// Everything on offer, for documentation and `waxwing plugin list`.
    fn offers(&self) -> Vec<Offer>;

    /// Counts up with each reload.
    fn generation(&self) -> u64;
}
