//! What the outcome of a probe means.

use waxwing_sdk::{
    addresses::{self, ProbeStatus},
    log,
    prelude::*,
    reply,
};

/// The parameters of one of the two restrictions.
pub struct Settings {
    pub class: &'static str,
    /// X.1.Z for addresses of this kind that cannot be verified.
    pub status: &'static str,
    pub reject_code: Parameter,
    pub defer_code: Parameter,
    pub reject_reason: Parameter,
    pub tempfail_action: Parameter,
}

/// Longest reason of an unverified address in a reply.
const REASON_LIMIT: usize = 250;

pub fn check(address: Option<String>, settings: &Settings) -> Verdict {
    let Some(address) = address.filter(|address| !address.is_empty()) else { return Verdict::Dunno };
    let probe = addresses::probe(&address);
    let subject = Subject::new(address, settings.class);
    let Ok(probe) = probe else {
        log::warning("verify service failure");
        return settings.defer(450, subject.rejected("address verification problem"));
    };
    let code = match probe.status {
        ProbeStatus::Deliverable => return Verdict::Dunno,
        ProbeStatus::Undeliverable => settings.reject_code.code(),
        ProbeStatus::Unreachable | ProbeStatus::InProgress => settings.defer_code.code(),
    };
    let own = settings.reject_reason.text();
    let reason = if code >= 400 && !own.is_empty() { own } else { probe.text };
    match code / 100 {
        2 => Verdict::Dunno,
        4 => settings.defer(code, subject.rejected(&["unverified address: ", cut(&reason)].concat())),
        _ => subject.refuse(code, settings.status, &["undeliverable address: ", &reason].concat()),
    }
}

impl Settings {
    fn defer(&self, code: u16, text: String) -> Verdict {
        let reply = reply(code, self.status, text);
        if self.tempfail_action.text() == "defer" { Verdict::Defer(reply) } else { Verdict::DeferIfPermit(reply) }
    }
}

fn cut(reason: &str) -> &str {
    let mut end = reason.len().min(REASON_LIMIT);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}
