//! qmgr(8): takes messages from the queue and hands them to delivery agents, not too many at a time anywhere.
//!
//! What comes in: messages that just arrived, deferred messages that are due, orders to flush.
//! What goes out: a delivery request for each transport and destination of a message's recipients; then marks, a new date
//! for what is deferred, notices for what failed, and the end of the message.
//!
//! `manager` is the loop; `message` carries one message through one round of attempts; `route` sorts its recipients by
//! transport, destination and recipient limit; `destination` holds each destination's concurrency, with Postfix's feedback
//! (SCHEDULER_README) in `feedback`; `outcome` decides what becomes of a message after a round; `schedule` says when
//! deferred mail is due; `probe` reports what probes of verify(8) showed, which are tried once and never kept.
//!
//! Requests wait in order of arrival for a place in their destination and then in their transport. Postfix's preemptive
//! job scheduling is not part of it (docs/design.md).
//!
//! What it must never do: mark a recipient done before its notice is durable, hold more messages in memory than
//! qmgr_message_active_limit, or let one dead destination take all places of a transport.
#![forbid(unsafe_code)]

mod destination;
mod feedback;
mod manager;
mod message;
mod outcome;
pub mod parameters;
mod probe;
mod route;
mod schedule;
mod settings;

pub use manager::{Generation, Manager, Transports};
pub use settings::{Settings, TransportLimits};
