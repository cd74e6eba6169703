//! The mail queue: what qmgr(8) says of its queues, what cleanup(8) and pickup(8) write, and what postsuper(1), postqueue(1)
//! and showq(8) do to it and show of it.
//!
//! What comes in: an envelope and the content of a message. When [`Writer::commit`] returns, both survive a power cut, and
//! only then may anybody say 250. What goes out: every message once, first as an arrival, later when it is due, until the
//! queue manager says that all its recipients are done.
//!
//! A message of ordinary size is one record of the journal, made durable together with those of all sessions that wait at
//! that moment. Most mail is delivered from there and never becomes a file. A large message, and one that is deferred or
//! held, is one file named by its queue id in `incoming/`, `deferred/` or `hold/`. The modules `record` and
//! `queue_file` describe the formats.
//!
//! Only one process at a time has a queue directory open. All file work is done on the committer's thread or on tokio's
//! threads for blocking work.
//!
//! What it must never do: acknowledge what is not durable, take an fsync error for a passing one, deliver bytes whose
//! checksum does not match, drop bytes it cannot read (they go to `corrupt/`), or know what an address means.
#![forbid(unsafe_code)]

mod committer;
mod deferral;
mod directory;
mod disk;
mod envelope_record;
mod error;
mod field;
mod id;
mod index;
mod journal;
mod listing;
pub mod maildrop;
mod message;
pub mod offline;
pub mod parameters;
mod queue;
mod queue_file;
mod queue_name;
mod record;
mod recovery;
mod scan;
mod settings;
mod shared;
mod state_record;
mod superintendent;
mod writer;

pub use disk::{Disk, LocalDisk};
pub use error::QueueError;
pub use id::{InvalidQueueId, QueueId};
pub use listing::{Listed, ListedRecipient};
pub use message::{Message, Reason, RecipientState};
pub use queue::Queue;
pub use queue_name::{NoSuchQueue, QueueName};
pub use settings::Settings;
pub use superintendent::Which;
pub use writer::Writer;
