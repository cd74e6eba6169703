//! trivial-rewrite(8): what an address means here.
//!
//! What comes in: addresses in internal form, from smtpd (which resolves before it accepts), cleanup (which rewrites
//! envelope and header addresses) and qmgr (which needs transport and next hop); parameters and tables of main.cf.
//!
//! What goes out: the canonical form (`user` becomes `user@$myorigin`), or a resolution: address class of
//! ADDRESS_CLASS_README, transport, next hop, and whether the sender tried to route through us. And the answer to
//! "does its class know this address", which reject_unlisted_recipient and reject_unlisted_sender ask through
//! `hook::Addresses`.
//!
//! Tables are reached through `hook::Tables`, which knows their search orders and match lists.
//!
//! What it must never do: decide whether mail is accepted, expand aliases (cleanup and local do), do DNS lookups, or
//! take a table that cannot be read for one without an entry: that is `AddressError::Temporary`.
#![forbid(unsafe_code)]

mod canonical_form;
mod listed_twice;
mod listing;
pub mod parameters;
mod resolve;
mod rewrite;
pub mod settings;
mod transport;

#[cfg(test)]
mod tests;

pub use canonical_form::Context;
pub use rewrite::{Rewrite, RewriteError};
pub use settings::Settings;
