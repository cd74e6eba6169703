//! The world `check`: `wasm:NAME` in header_checks(5) and its relatives.

use std::sync::Arc;

use bytes::Bytes;
use hook::{BoxFuture, Call, Check, CheckAction, CheckPart, Edit, Failure, FailureKind, Level, LogLine};

use crate::{
    bindings::exports::waxwing::plugin::content_checks as wit,
    describe::clean,
    instances::Live,
    limits::{Mode, World},
    loaded::{Plugin, not_exported},
    restriction::typed_reply,
    state::Editing,
};

/// A checker of content lines.
pub(crate) struct WasmCheck {
    plugin: Arc<Plugin>,
    headers: Vec<String>,
}

impl WasmCheck {
    /// `headers` as the plugin subscribed to them.
    pub(crate) fn new(plugin: Arc<Plugin>, headers: Vec<String>) -> Self {
        Self { plugin, headers: headers.into_iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    async fn ask(
        &self,
        part: CheckPart,
        line: &[u8],
        call: &Call,
    ) -> Result<(CheckAction, Vec<Edit>, Vec<LogLine>), Failure> {
        let function = "check";
        let failed = |(kind, cause)| self.plugin.failure(World::Check, function, kind, cause);
        let mut out = self.plugin.checked_out(call, World::Check, function, Editing::Message).await?;
        let Live { store, guests, .. } = &mut *out.live;
        let limit = self.plugin.limit(World::Check);
        let answer = match &guests.content_checks {
            Some(guest) => self.plugin.runner.call(store, limit, guest.func_check(), (wit_part(part), line)).await,
            None => Err(not_exported()),
        };
        let action = plain(answer.map_err(failed)?, part).map_err(|cause| failed((FailureKind::BadAnswer, cause)))?;
        let state = out.live.store.data_mut();
        let (edits, log) = (std::mem::take(&mut state.edits), std::mem::take(&mut state.log));
        self.plugin.keep(call, out.live);
        Ok(match self.plugin.settings.mode {
            Mode::Enforce => (action, edits, log),
            Mode::Warn => (CheckAction::Dunno, Vec::new(), with_intent(log, &action, CheckAction::Dunno, &edits)),
        })
    }
}

/// The log of a plugin in mode=warn, with what it would have done.
pub(crate) fn with_intent<T: std::fmt::Debug + PartialEq>(
    mut log: Vec<LogLine>,
    action: &T,
    nothing: T,
    edits: &[Edit],
) -> Vec<LogLine> {
    if *action != nothing || !edits.is_empty() {
        let edits = if edits.is_empty() { String::new() } else { format!(" with {} edits", edits.len()) };
        log.push(LogLine::Write { level: Level::Info, text: clean(&format!("mode=warn, would: {action:?}{edits}")) });
    }
    log
}

impl Check for WasmCheck {
    fn headers(&self) -> &[String] {
        &self.headers
    }

    fn check<'a>(
        &'a self,
        part: CheckPart,
        line: &'a [u8],
        call: &'a Call,
    ) -> BoxFuture<'a, Result<(CheckAction, Vec<Edit>, Vec<LogLine>), Failure>> {
        Box::pin(self.ask(part, line, call))
    }
}

fn wit_part(part: CheckPart) -> wit::Part {
    match part {
        CheckPart::Header => wit::Part::Header,
        CheckPart::MimeHeader => wit::Part::MimeHeader,
        CheckPart::NestedHeader => wit::Part::NestedHeader,
        CheckPart::Body => wit::Part::Body,
        CheckPart::MilterHeader => wit::Part::MilterHeader,
    }
}

/// The action in plain types; `Err` says how it breaks the contract.
fn plain(action: wit::Action, part: CheckPart) -> Result<CheckAction, String> {
    Ok(match action {
        wit::Action::Dunno => CheckAction::Dunno,
        wit::Action::Ignore => CheckAction::Ignore,
        wit::Action::Strip(text) => CheckAction::Strip(text.as_deref().map(clean)),
        wit::Action::Replace(line) => CheckAction::Replace(one_line("replace", line, part)?),
        wit::Action::Prepend(_) if part == CheckPart::MilterHeader => {
            return Err("prepend in milter_header_checks".to_string());
        }
        wit::Action::Prepend(line) => CheckAction::Prepend(one_line("prepend", line, part)?),
        wit::Action::Reject(reply) => CheckAction::Reject(typed_reply(reply, 5, "reject")?),
        wit::Action::Defer(reply) => CheckAction::Defer(typed_reply(reply, 4, "defer")?),
        wit::Action::Pass(text) => CheckAction::Pass(text.as_deref().map(clean)),
    })
}

/// A body line, or a header field that may fold.
fn one_line(case: &str, line: Vec<u8>, part: CheckPart) -> Result<Bytes, String> {
    let mut rest = &line[..];
    while let Some(at) = rest.iter().position(|&b| matches!(b, b'\r' | b'\n' | 0)) {
        let after = rest[at..].strip_prefix(b"\r\n").or_else(|| rest[at..].strip_prefix(b"\n"));
        // RFC 5322 section 2.2.3: white space continues a field; anything else would begin another line.
        match after {
            Some(after) if part != CheckPart::Body && after.starts_with(b" ") => rest = after,
            Some(after) if part != CheckPart::Body && after.starts_with(b"\t") => rest = after,
            _ => return Err(format!("{case} with more than one line")),
        }
    }
    let colon = line.iter().position(|&b| b == b':');
    let named = colon.is_some_and(|at| at > 0 && line[..at].iter().all(|b| (33..=126).contains(b)));
    // Postfix takes a PREPENDed body line or a header as given, but a header without a name would end the header.
    if part != CheckPart::Body && !named {
        return Err(format!("{case} with a line that is no header field"));
    }
    Ok(line.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_stay_one_line() {
        for (line, part, good) in [
            ("X: a", CheckPart::Header, true),
            ("X: a\r\n b", CheckPart::Header, true),
            ("X: a\n\tb", CheckPart::NestedHeader, true),
            ("X: a\nY: b", CheckPart::Header, false),
            ("X: a\r\n", CheckPart::Header, false),
            ("no name", CheckPart::Header, false),
            ("X: a\r b", CheckPart::Header, false),
            ("any text", CheckPart::Body, true),
            ("a\n b", CheckPart::Body, false),
            ("a\0b", CheckPart::Body, false),
            ("", CheckPart::Body, true),
            ("", CheckPart::Header, false),
        ] {
            assert_eq!(one_line("replace", line.as_bytes().to_vec(), part).is_ok(), good, "{line:?} as {part:?}");
        }
    }
}
