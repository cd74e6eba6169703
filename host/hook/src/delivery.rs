//! Delivery requests: deliver_request(3), and the hooks around each attempt (wit/delivery.wit).

use std::{sync::Arc, time::SystemTime};

use mail::Status;

use crate::{BoxFuture, Content, Notes, SessionView};

bitflags::bitflags! {
    /// RFC 3461 NOTIFY; empty: not given.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Notify: u8 { const NEVER = 1; const SUCCESS = 2; const FAILURE = 4; const DELAY = 8; }
}

/// One recipient of a request.
#[derive(Clone, Debug, Default)]
pub struct Recipient {
    /// Internal form.
    pub address: String,
    /// Before aliasing and rewriting; empty when the same.
    pub original: String,
    /// ORCPT as `type;address`, xtext decoded; empty when not given.
    pub dsn_original: String,
    pub notify: Notify,
    /// The recipient's number in the queue file's envelope.
    pub index: u32,
}

/// One delivery request of the queue manager.
#[derive(Clone)]
pub struct Request {
    pub queue_id: String,
    /// The master.cf transport, and the destination of the resolver.
    pub transport: String,
    pub nexthop: String,
    /// Empty: the null sender.
    pub sender: String,
    /// At least one, at most transport_destination_recipient_limit.
    pub recipients: Vec<Recipient>,
    pub content: Content,
    pub arrival: SystemTime,
    /// When the queue manager took the message into the active queue, and when it handed out this request (for delays=).
    pub active_since: SystemTime,
    /// Earlier attempts of this message.
    pub attempts: u32,
    /// ENVID, decoded; empty: not given.
    pub envelope_id: String,
    /// RET=: Some(true) FULL, Some(false) HDRS.
    pub return_full: Option<bool>,
    /// BODY=8BITMIME or content with 8-bit bytes.
    pub eight_bit: bool,
    pub smtputf8: bool,
    /// A probe of verify(8): say what would happen, deliver nothing.
    pub probe: bool,
    /// Session attributes kept with the message.
    pub session: Arc<dyn SessionView>,
    pub notes: Notes,
}

/// As `status=` in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    Deferred,
    Bounced,
}

/// How it went for one recipient: becomes the log line, the per-recipient mark and the DSN.
#[derive(Clone, Debug)]
pub struct RecipientStatus {
    pub outcome: Outcome,
    /// RFC 3463; its class goes with the outcome (2, 4, 5).
    pub status: Status,
    /// One line, as in brackets in the log.
    pub text: String,
    /// `relay=` of the log line; empty: the transport's name.
    pub relay: String,
    /// DSN Remote-MTA (type;name) and Diagnostic-Code text, where a remote server spoke.
    pub remote_mta: Option<String>,
    pub diagnostic: Option<String>,
    /// Seconds spent on the connection and on the transmission (c and d of delays=a/b/c/d).
    pub connect_seconds: f64,
    pub transmit_seconds: f64,
    /// The next hop takes over the DSN duty (it offered DSN), so no success notice is due from us.
    pub dsn_relayed: bool,
    /// The whole destination is out of reach (no connection, no greeting): qmgr lowers its concurrency and, for 4xx, may mark it dead.
    pub destination_failed: bool,
    /// Handed to somebody who gives no account of it, such as a command: the sender is told `relayed`, not `delivered`.
    pub relayed: bool,
    /// What failed for good of what the recipient stands for (an alias of several addresses). With it the outcome is
    /// `Bounced`, and a notice names these in the recipient's place.
    pub unreached: Vec<Unreached>,
}

/// One address behind a recipient that could not be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    pub address: String,
    /// Class 5.
    pub status: Status,
    pub text: String,
    /// Who is told in the sender's place: the owner- alias of a list.
    pub tell: Option<String>,
}

impl RecipientStatus {
    /// A status without the remote's words.
    pub fn new(outcome: Outcome, status: Status, text: impl Into<String>) -> Self {
        Self {
            outcome,
            status,
            text: text.into(),
            relay: String::new(),
            remote_mta: None,
            diagnostic: None,
            connect_seconds: 0.0,
            transmit_seconds: 0.0,
            dsn_relayed: false,
            destination_failed: false,
            relayed: false,
            unreached: Vec::new(),
        }
    }
}

/// A delivery agent: one for each master.cf transport.
pub trait Delivery: Send + Sync {
    /// Delivers; one status for each recipient in the request's order. Never fails: trouble is a deferral.
    fn deliver(&self, request: Request) -> BoxFuture<'_, Vec<RecipientStatus>>;
}

/// A master.cf transport and its destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub transport: String,
    pub nexthop: String,
}

/// What to do with an attempt.
#[derive(Clone, Debug)]
pub enum BeforeAnswer {
    Proceed,
    /// Through another transport; not asked again for this attempt.
    Reroute(Route),
    Defer(Status, String),
    Bounce(Status, String),
}

/// Change of one recipient's outcome.
#[derive(Clone, Debug)]
pub enum AfterAnswer {
    Keep,
    /// Another outcome; delivered stays delivered.
    Change(RecipientStatus),
    /// Deferred, next try after so many seconds at the earliest.
    RetryAfter(u32),
    /// Bounced, but send no notice.
    SuppressNotice,
}

/// Asked around every delivery attempt of any transport: `delivery_plugins`.
pub trait DeliveryAttempts: Send + Sync {
    /// Which of the two it wants.
    fn wants(&self) -> (bool, bool);
    fn before<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, BeforeAnswer>;
    /// One answer for each recipient; an empty list keeps all.
    fn after<'a>(&'a self, request: &'a Request, statuses: &'a [RecipientStatus]) -> BoxFuture<'a, Vec<AfterAnswer>>;
}
