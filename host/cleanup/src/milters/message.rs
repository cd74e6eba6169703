//! The end of DATA: each filter in turn sees the whole message, as those before it left it, and may change it.

use bytes::Bytes;
use hook::{CheckPart, Edit};
use mail::{Envelope, EnvelopeRecipient, header};

use super::{
    FilterSession,
    milter::{self, Heard, Milter, State},
    packet::{CHUNK, Data, smfip, smfir, strings},
    session::{Answer, Asking, Working},
};
use crate::{
    Cleanup, CleanupError,
    draft::Draft,
    edits,
    inspection::{Inspection, Line},
    settings::Classes,
};

/// A message on its way to the queue, all but queued.
pub(crate) struct Message<'m> {
    pub cleanup: &'m Cleanup,
    pub id: &'m str,
    pub draft: &'m mut Draft,
    pub envelope: &'m mut Envelope,
    /// milter_header_checks; none where there are none.
    pub inspection: Option<&'m mut Inspection>,
    /// receive_override_options = no_address_mappings is not set.
    pub mapping: bool,
}

impl FilterSession {
    /// Shows the message to all, until one has an answer.
    pub(crate) async fn message(
        &mut self,
        message: &mut Message<'_>,
        asking: &Asking<'_>,
    ) -> Result<Option<Answer>, CleanupError> {
        for one in &mut self.working {
            let answer = match one {
                Working::Milter(milter) => show(milter, message, asking).await?,
                Working::Plugin(plugin) => plugin.message(message, asking).await?,
            };
            if answer.is_some() {
                return Ok(answer);
            }
        }
        Ok(None)
    }
}

async fn show(
    milter: &mut Milter,
    message: &mut Message<'_>,
    asking: &Asking<'_>,
) -> Result<Option<Answer>, CleanupError> {
    if milter.state != State::Envelope {
        return Ok(milter.answer.clone());
    }
    milter.state = State::Message;
    let nothing = smfip::NOHDRS | smfip::NOEOH | smfip::NOBODY;
    if milter.asked & nothing == nothing {
        return end_of_message(milter, message, asking).await;
    }
    let keeps_blank = milter.asked & smfip::HDR_LEADSPC != 0;
    // Our own Received: is not shown, as in Sendmail.
    for field in message.draft.fields().to_vec().iter().skip(1) {
        let Some((name, value)) = name_and_value(field, keeps_blank) else { continue };
        let data = strings([name, &value]);
        if let Some(answer) = tell(milter, &milter::HEADER, &data, asking).await {
            return Ok(answer);
        }
    }
    if let Some(answer) = tell(milter, &milter::EOH, &[], asking).await {
        return Ok(answer);
    }
    let mut at = 0;
    while milter.asked & smfip::NOBODY == 0 && milter.skips != Some(milter::BODY.request) {
        let piece = message.draft.read_body(at, CHUNK).map_err(|error| CleanupError::StorageRead(error.to_string()))?;
        if piece.is_empty() {
            break;
        }
        at += piece.len() as u64;
        if let Some(answer) = tell(milter, &milter::BODY, &piece, asking).await {
            return Ok(answer);
        }
    }
    end_of_message(milter, message, asking).await
}

/// An event of the content: Some ends it all, with what it holds.
async fn tell(milter: &mut Milter, event: &milter::Event, data: &[u8], asking: &Asking<'_>) -> Option<Option<Answer>> {
    let mut answer = milter.answer.clone();
    if milter.send(event, data, asking).await {
        answer = loop {
            match milter.hear(event, asking).await {
                Heard::Done(answer) => break answer,
                Heard::Edit(reply, _) => break milter.unexpected(reply, event, asking),
                Heard::More => {}
            }
        };
    } else if milter.state == State::Error {
        answer.clone_from(&milter.answer);
    }
    (answer.is_some() || milter.state != State::Message).then_some(answer)
}

/// The event where the message may be changed. After an edit that failed the others are only read.
async fn end_of_message(
    milter: &mut Milter,
    message: &mut Message<'_>,
    asking: &Asking<'_>,
) -> Result<Option<Answer>, CleanupError> {
    if !milter.send(&milter::BODYEOB, &[], asking).await {
        return Ok(milter.answer.clone());
    }
    let mut failed = None;
    let answer = loop {
        match milter.hear(&milter::BODYEOB, asking).await {
            Heard::Done(answer) => break answer,
            Heard::More => {}
            Heard::Edit(_, _) if failed.is_some() => {}
            Heard::Edit(reply, data) => match message.edit(milter, reply, &data, asking).await {
                Ok(Edited::Done) => {}
                Ok(Edited::Malformed) => break milter.failed(asking),
                Ok(Edited::Impossible) => break milter.misconfigured(),
                Err(error) => failed = Some(error),
            },
        }
    };
    message.draft.end_body();
    match failed {
        Some(error) => Err(error),
        None => Ok(answer),
    }
}

/// What a milter is told of a field: lines joined by LF, and without the blank after the colon.
fn name_and_value(field: &Bytes, keeps_blank: bool) -> Option<(&[u8], Vec<u8>)> {
    let name = header::Field::new(field)?.name();
    let colon = memchr::memchr(b':', field)?;
    let value = &field[colon + 1..];
    let value = if keeps_blank { value } else { value.strip_prefix(b" ").unwrap_or(value) };
    let value = value.strip_suffix(b"\r\n").unwrap_or(value);
    let mut joined = Vec::with_capacity(value.len());
    for (number, line) in value.split(|byte| *byte == b'\n').enumerate() {
        if number > 0 {
            joined.push(b'\n');
        }
        joined.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
    }
    Some((name, joined))
}

impl Message<'_> {
    /// A change that a milter asks for.
    async fn edit(
        &mut self,
        milter: &Milter,
        reply: u8,
        data: &[u8],
        asking: &Asking<'_>,
    ) -> Result<Edited, CleanupError> {
        let mut rest = Data(data);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let malformed = |what: &str| {
            asking.log.warning(format_args!("milter {}: {what}", milter.name));
            Ok(Edited::Malformed)
        };
        match reply {
            smfir::REPLBODY => self.draft.write_body(data),
            smfir::ADDHEADER | smfir::INSHEADER | smfir::CHGHEADER => {
                let index = match reply {
                    smfir::ADDHEADER => 0,
                    _ => match rest.long() {
                        Some(index) => index,
                        None => return malformed("input packet too short for network long"),
                    },
                };
                let (Some(name), Some(value)) = (rest.string(), rest.string()) else {
                    return malformed("packet too short for string");
                };
                if name.is_empty() {
                    asking.log.warning(format_args!("milter {}: null change header name", milter.name));
                    return Ok(Edited::Impossible);
                }
                let blank: &[u8] = if milter.asked & smfip::HDR_LEADSPC == 0 { b" " } else { b"" };
                self.header(reply, index, name, blank, value).await?;
            }
            _ => {
                let Some(address) = rest.string().map(text) else {
                    return malformed("packet too short for string");
                };
                let parameters = rest.string().map(text).unwrap_or_default();
                match reply {
                    smfir::CHGFROM => self.set_sender(&address, &parameters).await?,
                    smfir::DELRCPT => self.remove_recipient(&address),
                    _ => self.add_recipient(&address, &parameters).await?,
                }
            }
        }
        Ok(Edited::Done)
    }

    async fn header(
        &mut self,
        reply: u8,
        index: u32,
        name: &[u8],
        blank: &[u8],
        value: &[u8],
    ) -> Result<(), CleanupError> {
        let old = if reply == smfir::CHGHEADER { self.draft.find(name, index) } else { None };
        if reply == smfir::CHGHEADER && value.is_empty() {
            if let Some(at) = old {
                self.draft.remove(at);
            }
            return Ok(());
        }
        let mut text = [name, b":", blank, value].concat();
        let checks = self.cleanup.checks.clone();
        if let (Some(list), Some(inspection)) = (checks.of_milter_header(), self.inspection.as_mut()) {
            match inspection.line(list, CheckPart::MilterHeader, &text).await? {
                Line::Keep | Line::After(_) => {}
                Line::Drop => return Ok(()),
                Line::Replace(line) => text = line.into(),
            }
        }
        match (reply, old) {
            (smfir::INSHEADER, _) => self.draft.insert(index as usize, &text),
            (_, Some(at)) => self.draft.replace(at, &text),
            // As in Sendmail a field that is not there is added.
            (_, None) => self.draft.add(&text),
        }
        Ok(())
    }

    async fn set_sender(&mut self, address: &str, parameters: &str) -> Result<(), CleanupError> {
        edits::set_sender(self.envelope, bare(address), parameters);
        let mut sender = std::mem::take(&mut self.envelope.sender);
        if !sender.is_empty() {
            sender = self.cleanup.rewrite.rewrite(&sender, true);
            if self.mapping {
                self.cleanup.canonical(self.id, &mut sender, Classes::ENVELOPE_SENDER).await?;
            }
        }
        self.envelope.sender = sender;
        Ok(())
    }

    async fn add_recipient(&mut self, address: &str, parameters: &str) -> Result<(), CleanupError> {
        let recipient = edits::recipient(bare(address), parameters);
        if recipient.address.is_empty() {
            let id = self.id;
            self.cleanup.log.warning(format_args!("{id}: ignoring attempt from Milter to add null recipient"));
            return Ok(());
        }
        self.cleanup.add_late_recipient(self.id, self.envelope, recipient, self.mapping).await
    }

    fn remove_recipient(&mut self, address: &str) {
        let gone = mail::address::unquote(bare(address));
        let given = |recipient: &EnvelopeRecipient| match recipient.original.as_str() {
            "" => recipient.address == gone,
            original => original == gone,
        };
        self.envelope.recipients.retain(|recipient| !given(recipient));
    }

    /// The changes that a plugin asks for at the end of the message; Hold and Discard come back as answers.
    pub async fn apply(&mut self, edits: &[Edit]) -> Result<Option<Answer>, CleanupError> {
        self.draft.apply(edits);
        let mut answer = None;
        for edit in edits {
            match edit {
                Edit::Discard(_) => answer = Some(Answer::Discard),
                Edit::Hold(_) if answer.is_none() => answer = Some(Answer::Hold),
                Edit::SetSender { address, parameters } => self.set_sender(address, parameters).await?,
                Edit::AddRecipient { address, parameters } => self.add_recipient(address, parameters).await?,
                Edit::Bcc(address) => self.add_recipient(address, "NOTIFY=NEVER").await?,
                Edit::RemoveRecipient(address) => self.remove_recipient(address),
                Edit::Redirect(address) => self.redirect(address),
                Edit::Filter(destination) => self.envelope.content_filter.clone_from(destination),
                _ => {}
            }
        }
        Ok(answer)
    }

    fn redirect(&mut self, address: &str) {
        let first = self.envelope.recipients.first().cloned();
        self.envelope.redirect = mail::address::unquote(bare(address));
        self.cleanup.redirect(self.envelope, first);
    }
}

/// What became of a change.
enum Edited {
    Done,
    /// The packet cannot be read.
    Malformed,
    Impossible,
}

/// Without angle brackets.
fn bare(address: &str) -> &str {
    let address = address.trim();
    address.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(address)
}
