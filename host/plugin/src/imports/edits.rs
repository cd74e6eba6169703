//! `envelope-edits`, `header-edits` and `body-edits`: collected here, applied by the host after the call.

use hook::Edit;

use crate::{
    bindings::waxwing::plugin::{body_edits, envelope_edits, header_edits},
    state::{Refusal, State},
};

/// Most bytes one `body-edits.write` takes.
const PIECE: usize = 64 * 1024;

impl envelope_edits::Host for State {
    fn hold(&mut self, reason: String) -> wasmtime::Result<()> {
        self.line("hold", Edit::Hold, reason)
    }

    fn discard(&mut self, reason: String) -> wasmtime::Result<()> {
        self.line("discard", Edit::Discard, reason)
    }

    fn filter(&mut self, destination: String) -> wasmtime::Result<()> {
        self.line("filter", Edit::Filter, destination)
    }

    fn redirect(&mut self, address: String) -> wasmtime::Result<()> {
        self.line("redirect", Edit::Redirect, address)
    }

    fn bcc(&mut self, address: String) -> wasmtime::Result<()> {
        self.line("bcc", Edit::Bcc, address)
    }

    fn set_sender(&mut self, address: String, parameters: String) -> wasmtime::Result<()> {
        one_line("set-sender", &parameters)?;
        self.line("set-sender", |address| Edit::SetSender { address, parameters }, address)
    }

    fn add_recipient(&mut self, address: String, parameters: String) -> wasmtime::Result<()> {
        one_line("add-recipient", &parameters)?;
        self.line("add-recipient", |address| Edit::AddRecipient { address, parameters }, address)
    }

    fn remove_recipient(&mut self, address: String) -> wasmtime::Result<()> {
        self.line("remove-recipient", Edit::RemoveRecipient, address)
    }
}

impl header_edits::Host for State {
    fn prepend(&mut self, name: String, value: String) -> wasmtime::Result<()> {
        let value = field("prepend", &name, value)?;
        let bytes = name.len() + value.len();
        self.edit(Edit::PrependHeader { name, value }, bytes)
    }

    fn append(&mut self, name: String, value: String) -> wasmtime::Result<()> {
        let value = field("append", &name, value)?;
        let bytes = name.len() + value.len();
        self.edit(Edit::AppendHeader { name, value }, bytes)
    }

    fn insert(&mut self, index: u32, name: String, value: String) -> wasmtime::Result<()> {
        // One past the last field is where a new last one goes.
        self.position("insert", index, 1)?;
        let value = field("insert", &name, value)?;
        let bytes = name.len() + value.len();
        self.edit(Edit::InsertHeader { index, name, value }, bytes)
    }

    fn replace(&mut self, index: u32, value: String) -> wasmtime::Result<()> {
        self.position("replace", index, 0)?;
        let value = folded("replace", value)?;
        let bytes = value.len();
        self.edit(Edit::ReplaceHeader { index, value }, bytes)
    }

    fn remove(&mut self, index: u32) -> wasmtime::Result<()> {
        self.position("remove", index, 0)?;
        self.edit(Edit::RemoveHeader { index }, 0)
    }
}

impl body_edits::Host for State {
    fn write(&mut self, chunk: Vec<u8>) -> wasmtime::Result<()> {
        if chunk.len() > PIECE {
            return Err(Refusal::bad_answer(format!("body-edits.write of {} bytes, at most {PIECE}", chunk.len())));
        }
        let bytes = chunk.len();
        self.edit(Edit::WriteBody(chunk.into()), bytes)
    }
}

impl State {
    fn line(&mut self, function: &str, edit: impl FnOnce(String) -> Edit, text: String) -> wasmtime::Result<()> {
        one_line(function, &text)?;
        let bytes = text.len();
        self.edit(edit(text), bytes)
    }

    /// Positions are those at the start of the call.
    fn position(&self, function: &str, index: u32, beyond: u32) -> wasmtime::Result<()> {
        let Some(message) = &self.current()?.message else {
            return Err(Refusal::bad_answer(format!("header-edits.{function} before there is a message")));
        };
        let count = message.header_count();
        if index < count + beyond {
            return Ok(());
        }
        Err(Refusal::bad_answer(format!("header-edits.{function} at {index}, but the message has {count} fields")))
    }
}

/// An address, destination or reason must not carry a line end into the queue file or the log.
fn one_line(function: &str, text: &str) -> wasmtime::Result<()> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(Refusal::bad_answer(format!("{function} with a line end or NUL")));
    }
    Ok(())
}

fn field(function: &str, name: &str, value: String) -> wasmtime::Result<String> {
    // RFC 5322 section 2.2: printable US-ASCII except the colon.
    if name.is_empty() || !name.bytes().all(|b| (33..=126).contains(&b) && b != b':') {
        return Err(Refusal::bad_answer(format!("header-edits.{function} with a name that is no field name")));
    }
    folded(function, value)
}

/// A value may fold with LF and white space; CR is removed.
fn folded(function: &str, value: String) -> wasmtime::Result<String> {
    let value = if value.contains('\r') { value.replace('\r', "") } else { value };
    let mut lines = value.split('\n');
    lines.next();
    // RFC 5322 section 2.2.3: a continuation begins with white space; anything else would be another field.
    if value.contains('\0') || lines.any(|line| !line.starts_with([' ', '\t'])) {
        return Err(Refusal::bad_answer(format!("header-edits.{function} with a value that would begin another line")));
    }
    Ok(value)
}
