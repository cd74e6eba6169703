//! Restriction lists: SMTPD_ACCESS_README, and the part of access(5) that is mechanism.
//!
//! `list` reads smtpd_*_restrictions for one configuration generation, `stage` says which lists run at which command, `eval`
//! walks one, `defer` keeps what defer_if_permit, defer_if_reject and warn_if_reject put off, `reuse` keeps answers whose
//! inputs stand still, `subject` says whom an answer is about, `log` writes what happened.

pub(crate) mod defer;
pub(crate) mod eval;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod reuse;
pub(crate) mod stage;
pub(crate) mod subject;

use std::time::Duration;

use hook::{RestrictionOutcome, Stage};

/// Follows an evaluation step by step, for `waxwing explain`.
pub trait Tracer: Send + Sync {
    /// An item was asked: in which list, as written there, what it said, how long it took, and whether an earlier answer
    /// was taken again.
    fn asked(&mut self, stage: Stage, item: &str, outcome: &RestrictionOutcome, took: Duration, reused: bool);
    /// An item that needs nobody's answer: a class, `warn_if_reject`, or one that cannot work (then `note` says why).
    fn passed(&mut self, stage: Stage, item: &str, note: &str);
}

/// What a list, or all lists of a command, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Nothing stands against it.
    Go,
    Refuse(mail::Reply),
    /// Close without a reply.
    Hangup,
}

/// The name a stage's list has in main.cf.
pub(crate) fn parameter(stage: Stage) -> &'static str {
    match stage {
        Stage::Client => "smtpd_client_restrictions",
        Stage::Helo => "smtpd_helo_restrictions",
        Stage::Sender => "smtpd_sender_restrictions",
        Stage::Relay => "smtpd_relay_restrictions",
        Stage::Recipient => "smtpd_recipient_restrictions",
        Stage::Data => "smtpd_data_restrictions",
        Stage::EndOfData => "smtpd_end_of_data_restrictions",
        Stage::Etrn => "smtpd_etrn_restrictions",
    }
}

/// What a stage's list is about, in replies.
pub(crate) fn class(stage: Stage) -> &'static str {
    match stage {
        Stage::Client => "Client host",
        Stage::Helo => "Helo command",
        Stage::Sender => "Sender address",
        Stage::Relay | Stage::Recipient => "Recipient address",
        Stage::Data => "Data command",
        Stage::EndOfData => "End-of-data",
        Stage::Etrn => "Etrn command",
    }
}
