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

use hook::{Offer, RestrictionOutcome, Stage};

/// Follows an evaluation step by step, for `waxwing explain`. While somebody follows, pauses are told and not waited for.
pub(crate) trait Tracer: Send + Sync {
    /// An item was asked and answered. What it leads to comes after it.
    fn asked(&mut self, asked: Asked<'_>);
    /// An item that needs nobody's answer: a class, `warn_if_reject`, or one that cannot work (then `note` says why).
    fn passed(&mut self, stage: Stage, item: &str, depth: usize, note: &str);
    /// What the item that came last makes of its answer.
    fn replies(&mut self, effect: Effect, reply: &mail::Reply);
}

/// One item and its answer.
pub(crate) struct Asked<'a> {
    pub stage: Stage,
    /// As written in the list.
    pub item: &'a str,
    /// 1 in the list itself, more in classes and in lists that a table or plugin named.
    pub depth: usize,
    pub offer: &'a Offer,
    pub argument: Option<&'a str>,
    pub outcome: &'a RestrictionOutcome,
    pub took: Duration,
    /// An earlier answer was taken again.
    pub reused: bool,
}

/// What becomes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The client is refused.
    Refuses,
    /// Only logged: warn_if_reject, or mode=warn of the plugin.
    Warns,
    /// Kept until something would permit.
    DefersIfPermit,
    /// Kept until something would reject.
    DefersIfReject,
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
