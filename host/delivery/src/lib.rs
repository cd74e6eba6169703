//! The delivery agents: smtp(8), local(8), pipe(8), virtual(8), discard(8), error(8) with its twin `retry`, and plugins as
//! transports (the `wasm` command word).
//!
//! What comes in: one [`hook::Request`] of the queue manager: recipients of one message with one transport and nexthop.
//! What goes out: one [`hook::RecipientStatus`] for each recipient, in order, after its `to=<...>, relay=...,
//! status=...` line was logged; and the message itself, over SMTP, into a mailbox, to a command, or forwarded.
//!
//! Every agent implements [`hook::Delivery`] and never fails: what an agent cannot do becomes a deferral with a text
//! that says why. An agent reads its main.cf parameters once, into its settings, when it is made.
//!
//! Success is reported only after the other side took responsibility: a remote server's 250 to the end of data, or a
//! mailbox file and its directory synced to disk.
//!
//! What it must never do: bounce what may work later, report delivery on a guess, follow a remote server into unbounded
//! memory or time, let a stray CR or LF of the content become a line end on the wire, put a word of a message where a shell
//! reads it, send in the clear what its policy wants under TLS, or act as another user than the one whose mail it is: what
//! needs another uid goes through [`UserRights`].
#![forbid(unsafe_code)]

pub mod command;
mod delivered_to;
pub mod discard;
pub mod error;
pub mod local;
mod macros;
pub mod mailbox;
pub mod pipe;
mod rights;
pub mod smtp;
pub mod status_log;
#[path = "virtual/mod.rs"]
pub mod virtual_mailbox;
pub mod wasm;

pub use command::{CommandEnd, CommandRun};
pub use discard::Discard;
pub use error::ErrorAgent;
pub use local::Local;
pub use pipe::Pipe;
pub use rights::{FileError, FileFacts, OwnRights, Owner, TEXT_LIMIT, UserRights, look, read};
pub use smtp::Smtp;
pub use status_log::StatusLog;
pub use virtual_mailbox::Virtual;
pub use wasm::Wasm;

/// Every parameter table of this crate.
pub const PARAMETERS: &[&[config::Row]] = &[
    status_log::PARAMETERS,
    status_log::delivery_status_filter::PARAMETERS,
    smtp::parameters::PARAMETERS,
    virtual_mailbox::parameters::PARAMETERS,
    smtp::tls_parameters::PARAMETERS,
    mailbox::parameters::PARAMETERS,
    pipe::parameters::PARAMETERS,
    local::parameters::PARAMETERS,
    smtp::lmtp::PARAMETERS,
];

/// What keeps an agent from starting.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// A parameter whose kind is right has a value that this agent cannot use.
    #[error("bad {parameter} value: {value}: {reason}")]
    Configuration { parameter: &'static str, value: String, reason: String },
    /// A lookup table could not be opened. Text for the log.
    #[error("{0}")]
    Table(String),
}

#[cfg(test)]
mod testing;
