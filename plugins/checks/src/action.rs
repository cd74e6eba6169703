//! One right-hand side of a header_checks(5) table.

use waxwing_sdk::{access::split_status, edits::envelope, log};
use waxwing_sdk_check::{Action, Part, reject};

/// A right-hand side and where it stands.
pub struct Entry<'a> {
    pub parameter: &'a str,
    pub value: &'a str,
    /// The line is a header.
    pub header: bool,
    /// smtp_*_checks: only what changes the line is possible.
    pub delivering: bool,
}

impl Entry<'_> {
    /// Does what the entry says. Words are known whatever their case.
    pub fn action(&self, part: Part) -> Action {
        let word = &self.value[..self.value.find([' ', '\t']).unwrap_or(self.value.len())];
        let text = self.value[word.len()..].trim_start();
        match word.to_ascii_uppercase().as_str() {
            "OK" | "DUNNO" => Action::Dunno,
            "IGNORE" => Action::Ignore,
            "STRIP" => Action::Strip(optional(text)),
            "INFO" => logged(log::info_action, text),
            "WARN" => logged(log::warn_action, text),
            "REPLACE" => self.line("REPLACE", text, Action::Replace),
            // No milter can be told of a line before its own.
            "PREPEND" if part != Part::MilterHeader => self.line("PREPEND", text, Action::Prepend),
            _ if self.delivering => self.dunno(&["unsupported command in ", self.parameter, " map: ", self.value]),
            "REJECT" => self.reject(text),
            "PASS" => Action::Pass(optional(text)),
            "HOLD" => done(envelope::hold, text),
            "DISCARD" => done(envelope::discard, text),
            "FILTER" => self.filter(text),
            "REDIRECT" => self.mailbox("REDIRECT target", text, envelope::redirect),
            "BCC" => self.mailbox("BCC address", text, envelope::bcc),
            _ => self.dunno(&["unknown command in ", self.parameter, " map: ", self.value]),
        }
    }

    fn reject(&self, text: &str) -> Action {
        let (status, rest) = split_status("5.7.1", text);
        let Some(detail) = status.as_str().strip_prefix('2') else { return reject("5.7.1", text) };
        self.dunno(&["bad DSN action in ", text, " -- need 4.x.x or 5.x.x"]);
        reject("5.7.1", &["4", detail, " ", rest].concat())
    }

    fn filter(&self, text: &str) -> Action {
        if text.is_empty() {
            return self.dunno(&["missing FILTER command argument in ", self.parameter, " map"]);
        }
        if !text.contains(':') {
            let need = " -- need transport:destination";
            return self.dunno(&["bad FILTER command ", text, " in ", self.parameter, need]);
        }
        done(envelope::filter, text)
    }

    fn mailbox(&self, what: &str, text: &str, edit: fn(&str)) -> Action {
        if !text.contains('@') {
            let need = " map -- need user@domain";
            return self.dunno(&["bad ", what, " \"", text, "\" in ", self.parameter, need]);
        }
        done(edit, text)
    }

    /// REPLACE and PREPEND.
    fn line(&self, word: &str, text: &str, action: fn(Vec<u8>) -> Action) -> Action {
        if text.is_empty() {
            return self.dunno(&[word, " action without text in ", self.parameter, " map"]);
        }
        if self.header && !is_header(text) {
            let need = " map -- need \"headername: headervalue\"";
            return self.dunno(&["bad ", word, " header text \"", text, "\" in ", self.parameter, need]);
        }
        action(text.into())
    }

    fn dunno(&self, warning: &[&str]) -> Action {
        log::warning(&warning.concat());
        Action::Dunno
    }
}

fn done(edit: fn(&str), text: &str) -> Action {
    edit(text);
    Action::Dunno
}

fn logged(log: fn(&str), text: &str) -> Action {
    log(text);
    Action::Dunno
}

fn optional(text: &str) -> Option<String> {
    Some(text.to_string()).filter(|text| !text.is_empty())
}

/// RFC 5322 section 2.2, with white space before the colon.
fn is_header(text: &str) -> bool {
    let Some((name, _)) = text.split_once(':') else { return false };
    let name = name.trim_end_matches([' ', '\t']);
    !name.is_empty() && name.bytes().all(|byte| (33..127).contains(&byte))
}
