//! The queue from outside: what survives what, and what the commands do.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

mod commands;
mod durability;
mod recovery;
mod support;
