//! access(5): what the result of an access table, or of a policy server, does.

mod action;
mod status;
#[cfg(test)]
mod tests;

pub use action::Action;
pub use status::{Status, split_status};

use crate::{
    Attribute, Parameter, Subject, Verdict,
    address::domain,
    configuration_error,
    edits::{envelope, headers},
    log, reply, session,
};

/// `554`, for the REJECT action.
pub const ACCESS_MAP_REJECT_CODE: Parameter =
    Parameter::new_code("access_map_reject_code", "554", "Reply code for the access(5) action REJECT");

/// `450`, for DEFER, DEFER_IF_PERMIT and DEFER_IF_REJECT.
pub const ACCESS_MAP_DEFER_CODE: Parameter =
    Parameter::new_code("access_map_defer_code", "450", "Reply code for the access(5) action DEFER and its kin");

/// A result and where it came from, for warnings.
pub struct Entry<'a> {
    /// `type:name`, or the policy server.
    pub table: &'a str,
    /// What was looked up.
    pub key: &'a str,
    /// The right-hand side.
    pub value: &'a str,
}

impl Entry<'_> {
    /// Does what the result says. Needs [`ACCESS_MAP_REJECT_CODE`] and [`ACCESS_MAP_DEFER_CODE`] declared.
    pub fn apply(&self, subject: &Subject) -> Verdict {
        match Action::parse(self.value) {
            Action::Dunno => Verdict::Dunno,
            Action::Permit => Verdict::Permit,
            Action::Reject(text) => self.refuse(subject, ACCESS_MAP_REJECT_CODE.code(), "5.7.1", text),
            Action::Defer(text) => self.refuse(subject, ACCESS_MAP_DEFER_CODE.code(), "4.7.1", text),
            Action::Code(code, text) => self.refuse(subject, code, if code < 500 { "4.7.1" } else { "5.7.1" }, text),
            Action::DeferIfPermit(text) => deferred(subject, text, Verdict::DeferIfPermit),
            Action::DeferIfReject(text) => deferred(subject, text, Verdict::DeferIfReject),
            Action::Info(text) => {
                log::info_action(text);
                Verdict::Dunno
            }
            Action::Warn(text) => {
                log::warn_action(text);
                Verdict::Dunno
            }
            Action::Hangup => Verdict::Hangup,
            Action::Prepend(header) => self.prepend(header),
            Action::Filter(_) | Action::Hold(_) | Action::Discard(_) | Action::Redirect(_) | Action::Bcc(_) => {
                self.change_envelope(subject)
            }
            Action::Restrictions(names) => self.restrictions(names),
            Action::Empty => {
                self.warn(&["entry ", self.key, " has empty value"]);
                Verdict::Permit
            }
        }
    }

    fn refuse(&self, subject: &Subject, code: u16, default_status: &str, text: &str) -> Verdict {
        let (status, text) = split_status(default_status, text);
        let text = if text.is_empty() { "Access denied" } else { text };
        subject.refuse(code, status.for_class(subject.class).as_str(), text)
    }

    fn restrictions(&self, names: &str) -> Verdict {
        if !names.contains(':') {
            return Verdict::Restrictions(names.into());
        }
        self.warn(&["has entry with lookup table: ", names]);
        log::warning("do not specify lookup tables inside SMTPD access maps");
        log::warning("define a restriction class and specify its name instead.");
        configuration_error()
    }

    fn prepend(&self, header: &str) -> Verdict {
        let [sender, state] = session::attributes([Attribute::Sender, Attribute::ProtocolState]);
        if sender.is_none() {
            self.warn_early("PREPEND");
        } else if state.is_some_and(|state| state == "END-OF-MESSAGE") {
            self.warn(&[": action PREPEND must be used before smtpd_end_of_data_restrictions"]);
        } else {
            match split_header(header) {
                Some((name, value)) => headers::prepend(name, value),
                None => self.warn_entry("requires header: text"),
            }
        }
        Verdict::Dunno
    }

    /// Actions that cleanup(8) carries out: not for ETRN, and not before there is a sender.
    fn change_envelope(&self, subject: &Subject) -> Verdict {
        let action = Action::parse(self.value);
        let [sender, state] = session::attributes([Attribute::Sender, Attribute::ProtocolState]);
        if state.is_some_and(|state| state == "ETRN") {
            self.warn(&[": action ", action.name(), " is unavailable in smtpd_etrn_restrictions"]);
            return Verdict::Dunno;
        }
        if sender.is_none() {
            self.warn_early(action.name());
            return Verdict::Dunno;
        }
        match action {
            Action::Filter("") => self.warn_entry("has FILTER entry without value"),
            Action::Filter(destination) if !destination.contains(':') => {
                self.warn_entry("requires transport:destination");
            }
            Action::Filter(destination) => envelope::filter(destination),
            Action::Hold(text) => envelope::hold(&subject.log_line(or(text, "triggers HOLD action"))),
            Action::Redirect(address) | Action::Bcc(address) if domain(address).is_none() => {
                self.warn_entry("requires user@domain target");
            }
            Action::Redirect(address) => envelope::redirect(address),
            Action::Bcc(address) => envelope::bcc(address),
            Action::Discard(text) => {
                envelope::discard(&subject.log_line(or(text, "triggers DISCARD action")));
                return Verdict::Permit;
            }
            _ => {}
        }
        Verdict::Dunno
    }

    fn warn(&self, parts: &[&str]) {
        let space = if parts[0].starts_with(':') { "" } else { " " };
        log::warning(&["access table ", self.table, space, &parts.concat()].concat());
    }

    fn warn_entry(&self, what: &str) {
        self.warn(&["entry \"", self.key, "\" ", what]);
    }

    fn warn_early(&self, action: &str) {
        self.warn(&[
            ": with smtpd_delay_reject=no, action ",
            action,
            " is always skipped in Client host or Helo command restrictions",
        ]);
    }
}

fn deferred(subject: &Subject, text: &str, verdict: fn(crate::Reply) -> Verdict) -> Verdict {
    let (status, text) = split_status("4.7.1", text);
    let text = subject.rejected(or(text, "Service unavailable"));
    verdict(reply(ACCESS_MAP_DEFER_CODE.code(), status.for_class(subject.class).as_str(), text))
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}

/// Name and value of a header field; none where it is no header field (is_header(3)).
fn split_header(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(':')?;
    let name = name.trim_end_matches([' ', '\t']);
    let printable = !name.is_empty() && name.bytes().all(|byte| (33..127).contains(&byte));
    printable.then(|| (name, value.strip_prefix(' ').unwrap_or(value)))
}
