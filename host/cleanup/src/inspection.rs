//! What becomes of a message under header_checks(5): the questions, the actions, and the lines that say what happened.

use bytes::Bytes;
use dict::{CheckAnswer, CheckList, CheckTrouble};
use hook::{Call, CheckAction, CheckPart, Edit, Level, LogLine, TypedReply};
use mail::{ClientAttributes, Reply, Status, mime::Fault};

use crate::{Cleanup, CleanupError, settings::Classes};

/// Whose message it is: known before its content comes in.
pub struct MessageOrigin<'a> {
    pub client: &'a ClientAttributes,
    pub sender: &'a str,
    /// The last one.
    pub recipient: Option<&'a str>,
    /// What plugins may ask of the session.
    pub call: Call,
}

/// The state of one message.
pub(crate) struct Inspection {
    cleanup: Cleanup,
    id: String,
    call: Call,
    /// ` from name[address]; from=<> to=<> proto= helo=<>`, and how long it is without the last two.
    details: String,
    parties: usize,
    /// PASS, REJECT, DISCARD and REDIRECT end the checks.
    pub active: bool,
    pub edits: Vec<Edit>,
    held: bool,
}

/// What becomes of a line.
pub(crate) enum Line {
    Keep,
    Drop,
    Replace(Bytes),
    /// This line first, then the present one.
    After(Bytes),
}

impl Inspection {
    pub async fn new(cleanup: Cleanup, id: &str, origin: MessageOrigin<'_>) -> Self {
        let (details, parties) = cleanup.details(id, &origin).await;
        let (id, call, edits) = (id.to_string(), origin.call, Vec::new());
        Self { cleanup, id, call, details, parties, active: true, edits, held: false }
    }

    /// A header or body line under its list.
    pub async fn line(&mut self, list: &CheckList, part: CheckPart, text: &[u8]) -> Result<Line, CleanupError> {
        match list.ask(part, text, &self.call).await {
            Ok(None) => Ok(Line::Keep),
            Ok(Some(answer)) => self.act(part, text, answer),
            Err(CheckTrouble::Table(why)) => {
                let (log, id) = (&self.cleanup.log, &self.id);
                let what = list.parameter();
                log.warning(format_args!("{why}"));
                log.warning(format_args!("{id}: {what} map lookup problem -- message not accepted, try again later"));
                Err(CleanupError::TableLookup(why))
            }
            Err(CheckTrouble::Plugin(failure)) => {
                self.cleanup.log.warning(format_args!("{}: {failure}", self.id));
                match failure.action {
                    hook::FailureAction::Dunno => Ok(Line::Keep),
                    hook::FailureAction::Defer => Err(refused(451, 3, 0, "Error: temporary policy failure")),
                    hook::FailureAction::Reject => Err(refused(554, 3, 0, "Error: policy failure")),
                }
            }
        }
    }

    /// strict_8bitmime and its relatives.
    pub fn fault(&mut self, fault: Fault, text: &[u8]) -> CleanupError {
        self.active = false;
        let (shown, parties) = (shown(text, 100), &self.details[..self.parties]);
        self.cleanup.log.info(format_args!("{}: reject: mime-error {}: {shown}{parties}", self.id, fault.text()));
        refused(550, 6, 0, fault.text())
    }

    /// message_reject_characters.
    pub fn disallowed_character(&mut self, text: &[u8]) -> CleanupError {
        self.active = false;
        let (log, shown, details) = (&self.cleanup.log, shown(text, 200), &self.details);
        log.info(format_args!("{}: reject: content {shown}{details}: 5.7.1 disallowed character", self.id));
        refused(550, 7, 1, "disallowed character")
    }

    fn act(&mut self, part: CheckPart, text: &[u8], answer: CheckAnswer) -> Result<Line, CleanupError> {
        for line in &answer.log {
            self.log_line(part, text, line);
        }
        for edit in answer.edits {
            self.edit(part, text, edit);
        }
        Ok(match answer.action {
            CheckAction::Dunno => Line::Keep,
            CheckAction::Ignore => Line::Drop,
            CheckAction::Strip(why) => {
                self.happened("strip", part, text, why.as_deref().unwrap_or_default());
                Line::Drop
            }
            CheckAction::Replace(line) => {
                self.happened("replace", part, text, &shown(&line, 1000));
                Line::Replace(line)
            }
            CheckAction::Prepend(line) => {
                self.happened("prepend", part, text, &shown(&line, 1000));
                Line::After(line)
            }
            CheckAction::Pass(why) => {
                self.happened("pass", part, text, why.as_deref().unwrap_or_default());
                self.active = false;
                Line::Keep
            }
            CheckAction::Reject(reply) => return Err(self.reject(part, text, 550, "message content rejected", reply)),
            CheckAction::Defer(reply) => return Err(self.reject(part, text, 451, "service unavailable", reply)),
        })
    }

    fn reject(&mut self, part: CheckPart, line: &[u8], code: u16, why: &str, typed: TypedReply) -> CleanupError {
        let (subject, detail) = typed.status.unwrap_or((7, 1));
        let text = typed.text.unwrap_or_else(|| why.to_string());
        let reply = Reply::new(typed.code.unwrap_or(code), Status::permanent(subject, detail), &text);
        // The code is not logged: Postfix knows it only later.
        let reason = reply.log_text();
        self.happened("reject", part, line, reason.split_once(' ').map_or(reason.as_str(), |(_, reason)| reason));
        self.active = false;
        CleanupError::PeerContentRefused(Box::new(reply))
    }

    fn edit(&mut self, part: CheckPart, text: &[u8], edit: Edit) {
        match &edit {
            Edit::Hold(_) if self.held => return,
            Edit::Hold(why) => {
                self.held = true;
                self.happened("hold", part, text, why);
            }
            Edit::Discard(why) => {
                self.happened("discard", part, text, why);
                self.active = false;
            }
            Edit::Filter(to) => self.happened("filter", part, text, to),
            Edit::Redirect(to) => {
                self.happened("redirect", part, text, to);
                self.active = false;
            }
            Edit::Bcc(to) => self.happened("bcc", part, text, to),
            _ => {}
        }
        self.edits.push(edit);
    }

    fn log_line(&self, part: CheckPart, text: &[u8], line: &LogLine) {
        let (log, id) = (&self.cleanup.log, &self.id);
        match line {
            LogLine::Info(why) => self.happened("info", part, text, why),
            LogLine::Warn(why) => self.happened("warning", part, text, why),
            LogLine::Write { level: Level::Debug, text } => log.debug(format_args!("{id}: {text}")),
            LogLine::Write { level: Level::Info, text } => log.info(format_args!("{id}: {text}")),
            LogLine::Write { level: Level::Warning, text } => log.warning(format_args!("{text}")),
            LogLine::Write { level: Level::Error, text } => log.error(format_args!("{id}: {text}")),
        }
    }

    fn happened(&self, word: &str, part: CheckPart, text: &[u8], why: &str) {
        let (before, class, most) = match part {
            CheckPart::Body => ("", "body", 200),
            CheckPart::MilterHeader => ("milter-header-", "header", 60),
            CheckPart::Header | CheckPart::MimeHeader | CheckPart::NestedHeader => ("", "header", 200),
        };
        let colon = if why.is_empty() && before.is_empty() { "" } else { ": " };
        let (id, details) = (&self.id, &self.details);
        self.cleanup.log.info(format_args!("{id}: {before}{word}: {class} {}{details}{colon}{why}", shown(text, most)));
    }
}

impl Cleanup {
    pub(crate) async fn details(&self, id: &str, origin: &MessageOrigin<'_>) -> (String, usize) {
        let MessageOrigin { client, sender, recipient, .. } = origin;
        let mut out = match client.address.is_empty() {
            true => " from local;".to_string(),
            false => format!(" from {}[{}];", client.name, client.address),
        };
        let mut add = |name: &str, value: &str| out.push_str(&format!(" {name}=<{value}>"));
        let mapped = |address: &str| self.rewrite.rewrite(address, true);
        let mut from = if sender.is_empty() { String::new() } else { mapped(sender) };
        // A table that fails is told of when the envelope is cleaned.
        let _ = self.canonical(id, &mut from, Classes::ENVELOPE_SENDER).await;
        add("from", &mail::address::quote(&from));
        if let Some(recipient) = recipient {
            add("to", &mail::address::quote(&mapped(recipient)));
        }
        let parties = out.len();
        if !client.protocol.is_empty() {
            out.push_str(&format!(" proto={}", client.protocol));
        }
        if !client.helo.is_empty() {
            out.push_str(&format!(" helo=<{}>", client.helo));
        }
        (out, parties)
    }
}

fn refused(code: u16, subject: u16, detail: u16, text: &str) -> CleanupError {
    CleanupError::PeerContentRefused(Box::new(Reply::new(code, Status::permanent(subject, detail), text)))
}

/// Bytes of a message for the log: control characters show as `?`.
fn shown(text: &[u8], most: usize) -> String {
    let cut = String::from_utf8_lossy(&text[..text.len().min(most)]).into_owned();
    cut.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
