//! bounce(8): tells senders what became of their mail.
//!
//! What comes in: a message from the queue manager with the recipients that failed, are late, or were delivered to a sender
//! who asked (RFC 3461), each with its status.
//! What goes out: a delivery status notification (RFC 3464) to the sender, copies to postmaster as notify_classes wants
//! them, one log line for each.
//!
//! There is no bounce log on disk: the queue manager keeps the statuses of an attempt in memory and marks a recipient done
//! only after the notice about it is in the queue, so a crash repeats the attempt instead of losing the notice.
//!
//! `notice` decides who is told what; the words for people come from `template` (bounce(5)), the rest is built by `mail::dsn`.
//! `verify` is verify(8): what probes showed of addresses, and when to send one.
//!
//! What it must never do: send a notice about a notice to its sender (mail loops end at postmaster), put another's words into
//! the message header, or report success for a notice that is not durably queued.
#![forbid(unsafe_code)]

mod notice;
pub mod parameters;
mod template;
pub mod verify;

pub use notice::{Bounce, BounceError, Report, Settings, Submit};
pub use template::{Template, TemplateError, Templates};
pub use verify::Verify;
