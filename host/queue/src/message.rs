//! A message as the queue manager gets it.

use std::{sync::Arc, time::SystemTime};

use hook::Content;
use mail::{Envelope, Status};

use crate::QueueId;

/// One queued message in the queue manager's hands. Clones share envelope and content.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: QueueId,
    /// Tells this message from an earlier or later one that has the same short id.
    pub(crate) serial: u64,
    pub envelope: Arc<Envelope>,
    pub content: Content,
    /// What became of each recipient so far, in the envelope's order.
    pub recipients: Vec<RecipientState>,
    /// Attempts that ended in a deferral.
    pub attempts: u32,
    /// None before the first deferral.
    pub next_attempt: Option<SystemTime>,
    /// postsuper -e: return it to the sender at the next attempt.
    pub force_expire: bool,
    /// The sender was told of the delay; the queue manager sets it before it defers.
    pub delay_warned: bool,
}

impl Message {
    /// A message that was never tried and that no queue holds.
    pub fn new(id: QueueId, envelope: Arc<Envelope>, content: Content) -> Self {
        let recipients = vec![RecipientState::default(); envelope.recipients.len()];
        let (serial, attempts, next_attempt) = (0, 0, None);
        let (force_expire, delay_warned) = (false, false);
        Self { id, serial, envelope, content, recipients, attempts, next_attempt, force_expire, delay_warned }
    }

    /// Bytes of content.
    pub fn size(&self) -> u64 {
        self.content.len()
    }

    /// Numbers of the recipients that are not done.
    pub fn remaining(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).zip(&self.recipients).filter(|(_, state)| !state.done).map(|(number, _)| number)
    }
}

/// What became of one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipientState {
    /// Delivered, or bounced with its notice queued: no further attempt.
    pub done: bool,
    /// Why the last attempt did not get through.
    pub reason: Option<Reason>,
}

/// Why a recipient was deferred: what the queue listing shows and a notice repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub status: Status,
    /// One line, as in brackets in the log and in the queue listing.
    pub text: String,
    /// DSN Remote-MTA and Diagnostic-Code, as in `hook::RecipientStatus`.
    pub remote_mta: Option<String>,
    pub diagnostic: Option<String>,
}

impl Reason {
    /// A reason without a remote server's words.
    pub fn new(status: Status, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), remote_mta: None, diagnostic: None }
    }
}
