//! The SMTP server: smtpd(8) and, for its client counters, anvil(8). STARTTLS and AUTH: TLS_README, SASL_README.
//!
//! What comes in: one stream a client at a time ([`Service::serve`]), the parameters of one configuration generation, the
//! restrictions its plugins offer ([`hook::Catalogue`]), the ports of [`hook::Services`], and the verdict of Dovecot or
//! saslauthd on a login.
//!
//! What goes out: SMTP replies and log lines in Postfix's words, and messages, through [`cleanup::Cleanup`] into the queue.
//! A 250 for a message is said only after cleanup committed it.
//!
//! A command goes one way: line -> `verb` (check: pure) -> `restrict` (which lists run, what the plugins say) -> `verb`
//! (proceed: change the [`session::Session`]) -> reply. `verb::VERBS` is the page of contents.
//!
//! [`explain`] plays an imagined client through the same code and keeps what was asked, for `waxwing explain`.
//!
//! Two deliberate differences from Postfix 3.7: `smtpd_forbid_bare_newline` defaults to `normalize`, as in newer versions, and
//! unless it is `no` a message ends at CR LF . CR LF for every client; `smtpd_forbid_bare_newline_exclusions` only spares its
//! clients the refusals of `reject`.
//!
//! What it must never do: know the name of a restriction beside list syntax and the two that parameters stand for
//! (`reject_unlisted_sender`, `reject_unlisted_recipient`), take a failed plugin or table for consent, keep a whole
//! message in memory itself, let a client's bytes reach a log line or a reply uncleaned, take what came before STARTTLS for
//! part of the session under it, or log a password.
#![forbid(unsafe_code)]

mod anvil;
mod chat;
mod command_filter;
mod content;
mod conversation;
mod dns_reply_filter;
mod ehlo_keywords;
mod error;
pub mod explain;
mod filters;
mod footer;
mod free_space;
mod haproxy;
pub mod parameters;
mod proxy;
pub mod restrict;
pub mod sasl;
mod service;
mod session;
mod settings;
pub mod tls;
mod transaction;
mod transcript;
mod verb;

pub use anvil::{Anvil, Counted};
pub use dns_reply_filter::restriction_dns;
pub use error::SmtpdError;
pub use service::{Flush, Flushed, Service};
pub use session::{Client, Session};
pub use settings::{Settings, cleanup_overrides};
pub use transcript::PostNotice;
