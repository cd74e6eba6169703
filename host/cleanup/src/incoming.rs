//! A message on its way in.

use std::{borrow::Cow, sync::Arc};

use hook::{Content, Edit, MessageView};
use mail::{
    Envelope,
    header::{self, Field},
};
use queue::{QueueId, Writer};

use crate::{
    Cleanup, CleanupError,
    edits::{self, Draft},
    headers::{Fate, Headers},
    view::View,
};

bitflags::bitflags! {
    /// receive_override_options, as far as cleanup minds them.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Overrides: u8 {
        /// No canonical, virtual alias and masquerade mapping, no BCC.
        const NO_ADDRESS_MAPPINGS = 1;
    }
}

/// One message. Dropping it before [`Incoming::commit`] discards it.
pub struct Incoming {
    cleanup: Cleanup,
    id: String,
    writer: Writer,
    headers: Headers,
    overrides: Overrides,
    /// Header bytes that do not make a whole field yet.
    pending: Vec<u8>,
    /// Bytes of the header in the writer; known once the header is over.
    header_end: Option<u64>,
    /// Bytes written so far, and given so far.
    written: u64,
    given: u64,
    /// The body has a byte over 127.
    eight_bit: bool,
    failed: Option<CleanupError>,
    full_name: String,
}

/// A message that is in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub queue_id: String,
    /// Bytes of content.
    pub size: u64,
    /// DISCARD: accepted, but nobody gets it, and it is not in the queue.
    pub discarded: bool,
}

impl Incoming {
    pub(crate) fn new(cleanup: Cleanup, id: QueueId, local: bool, overrides: Overrides) -> Self {
        let mapping = !overrides.contains(Overrides::NO_ADDRESS_MAPPINGS);
        let headers = Headers::new(&cleanup, local, mapping);
        let writer = cleanup.queue.create(id);
        let (pending, header_end, failed) = (Vec::new(), None, None);
        Self {
            id: id.to_string(),
            cleanup,
            writer,
            headers,
            overrides,
            pending,
            header_end,
            written: 0,
            given: 0,
            eight_bit: false,
            failed,
            full_name: String::new(),
        }
    }

    pub fn queue_id(&self) -> &str {
        &self.id
    }

    /// The sender's name for a missing From: header (sendmail -F, pickup).
    pub fn set_full_name(&mut self, name: &str) {
        self.full_name = name.to_string();
    }

    /// Appends content: CR LF line ends, dots unstuffed, cut anywhere. After an error it stays failed, and what is given
    /// later is thrown away, so the caller may read on to the end of the data.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), CleanupError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let outcome = self.accept(bytes).await;
        self.failed = outcome.as_ref().err().cloned();
        outcome
    }

    async fn accept(&mut self, bytes: &[u8]) -> Result<(), CleanupError> {
        self.given += bytes.len() as u64;
        if self.cleanup.settings.message_size_limit.is_some_and(|limit| self.given > limit) {
            return Err(CleanupError::PeerMessageTooBig);
        }
        if self.header_end.is_some() {
            return self.append_body(bytes).await;
        }
        // A whole field waits for the byte that tells whether it goes on. Most often it does not, and the new bytes need no copy.
        let begins_anew = bytes.first().is_some_and(|b| !matches!(b, b' ' | b'\t'));
        if self.pending.ends_with(b"\n") && begins_anew {
            let whole = std::mem::take(&mut self.pending);
            self.header_part(&whole, true).await?;
            if self.header_end.is_some() {
                return self.append_body(bytes).await;
            }
        }
        let data: Cow<'_, [u8]> = match self.pending.is_empty() {
            true => Cow::Borrowed(bytes),
            false => {
                let mut joined = std::mem::take(&mut self.pending);
                joined.extend_from_slice(bytes);
                Cow::Owned(joined)
            }
        };
        self.header_part(&data, false).await
    }

    /// Takes the whole fields off the front of `data` and, once the header is over, the rest with them. What is left stays
    /// pending. `complete`: nothing of the last field is missing.
    async fn header_part(&mut self, data: &[u8], complete: bool) -> Result<(), CleanupError> {
        let (mut kept_from, mut at) = (0, 0);
        while at < data.len() {
            let rest = &data[at..];
            let first_line = header::line_length(rest);
            if !complete && !rest[..first_line].ends_with(b"\n") {
                break;
            }
            if header::name_length(&rest[..first_line]).is_none() {
                return self.end_of_header(&data[kept_from..], at - kept_from).await;
            }
            let len = header::logical_length(rest);
            if len == rest.len() && !complete {
                break;
            }
            if let Some(changed) = self.changed_field(&rest[..len]).await? {
                self.append(&data[kept_from..at]).await?;
                self.append(&changed).await?;
                kept_from = at + len;
            }
            at += len;
        }
        self.append(&data[kept_from..at]).await?;
        self.pending = data[at..].to_vec();
        self.bound_pending();
        Ok(())
    }

    /// None: the field stays as it is.
    async fn changed_field(&mut self, raw: &[u8]) -> Result<Option<Vec<u8>>, CleanupError> {
        let kept = within_limit(raw, self.cleanup.settings.header_size_limit);
        // The caller saw the field's name on the first line, which is always kept.
        let Some(field) = Field::new(kept) else {
            return Ok(None);
        };
        Ok(match self.headers.field(&self.cleanup, &self.id, field).await? {
            Fate::Keep if kept.len() == raw.len() => None,
            Fate::Keep => Some(kept.to_vec()),
            Fate::Drop => Some(Vec::new()),
            Fate::Replace(header) => Some(header),
        })
    }

    /// `rest` starts with the last fields that stay as they are, `header_len` bytes.
    async fn end_of_header(&mut self, rest: &[u8], header_len: usize) -> Result<(), CleanupError> {
        self.header_end = Some(self.written + header_len as u64);
        let body = &rest[header_len..];
        self.eight_bit |= !body.is_ascii();
        if body.starts_with(b"\r\n") || body.starts_with(b"\n") {
            return self.append(rest).await;
        }
        // A body line where a field should be: the empty line between them was left out.
        self.append(&rest[..header_len]).await?;
        self.append(b"\r\n").await?;
        self.append(body).await
    }

    /// header_size_limit: the excess of a field that is still coming in is thrown away line by line.
    fn bound_pending(&mut self) {
        let limit = self.cleanup.settings.header_size_limit;
        if self.pending.len() <= limit + 64 * 1024 {
            return;
        }
        let line_start = self.pending.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        if line_start > limit {
            self.pending.drain(limit..line_start);
            // What remains of the line is a continuation, whatever the cut left before it.
            self.pending.splice(limit..limit, *b"\r\n ");
        } else {
            self.pending.truncate(limit.max(line_start));
        }
    }

    async fn append_body(&mut self, bytes: &[u8]) -> Result<(), CleanupError> {
        self.eight_bit = self.eight_bit || !bytes.is_ascii();
        self.append(bytes).await
    }

    async fn append(&mut self, bytes: &[u8]) -> Result<(), CleanupError> {
        if !bytes.is_empty() {
            self.writer.write(bytes).await?;
            self.written += bytes.len() as u64;
        }
        Ok(())
    }

    /// The content is all here: fields that waited for more are taken as they are.
    async fn finish_header(&mut self) -> Result<(), CleanupError> {
        if self.header_end.is_none() {
            let mut rest = std::mem::take(&mut self.pending);
            if !rest.is_empty() && !rest.ends_with(b"\n") {
                rest.extend_from_slice(b"\r\n");
            }
            self.header_part(&rest, true).await?;
            self.header_end.get_or_insert(self.written);
        }
        Ok(())
    }

    /// The content so far, for restrictions and filters.
    pub fn view(&mut self) -> Arc<dyn MessageView> {
        let content = match (self.writer.content_so_far(), self.pending.is_empty()) {
            (content, true) => content,
            (content, false) => {
                let mut bytes =
                    content.read(0, self.pending.len().max(content.len() as usize)).unwrap_or_default().to_vec();
                bytes.extend_from_slice(&self.pending);
                Content::Memory(bytes.into())
            }
        };
        Arc::new(View::new(content))
    }

    /// Cleans the envelope, applies the edits, adds missing headers and makes the message durable. Log lines about the
    /// edits (`discard:`, `hold:`) are those of whoever asked for them.
    pub async fn commit(mut self, envelope: Envelope, edits: Vec<Edit>) -> Result<Committed, CleanupError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.finish_header().await?;
        let mut envelope = envelope;
        envelope.eight_bit |= self.eight_bit || self.headers.eight_bit || replaces_with_eight_bit(&edits);
        let edited = edits::apply_to_envelope(&mut envelope, &edits);
        let had_recipients = !envelope.recipients.is_empty();
        self.cleanup.clean_envelope(&self.id, &mut envelope, self.overrides).await?;
        let missing =
            self.headers.missing(&self.cleanup, &self.id, self.cleanup.clock.now(), &envelope, &self.full_name);
        if !missing.is_empty() || edited.content {
            self.rewrite_content(missing.as_bytes(), &edits).await?;
        }
        let committed = |discarded| Committed { queue_id: self.id.clone(), size: self.written, discarded };
        if edited.discarded || (envelope.recipients.is_empty() && edited.recipients_removed) {
            return Ok(committed(true));
        }
        if !had_recipients && envelope.recipients.is_empty() {
            return Err(CleanupError::PeerNoRecipients);
        }
        // message_size_limit is that of the message with its envelope.
        let limit = self.cleanup.settings.message_size_limit.filter(|_| !envelope.internal);
        if limit.is_some_and(|limit| self.given + crate::envelope::size(&envelope) > limit) {
            self.cleanup.log.warning(format_args!("{}: queue file size limit exceeded", self.id));
            return Err(CleanupError::PeerMessageTooBig);
        }
        let committed = committed(false);
        self.writer.commit(envelope).await?;
        Ok(committed)
    }

    /// Writes the content once more, with fields added below the header and the edits applied.
    async fn rewrite_content(&mut self, missing: &[u8], edits: &[Edit]) -> Result<(), CleanupError> {
        let old = self.writer.take_content();
        let header_end = self.header_end.unwrap_or(self.written);
        self.written = 0;
        let header = read(&old, 0, header_end)?;
        let mut draft = Draft::new(&header, missing);
        draft.apply(edits);
        self.append(&draft.header()).await?;
        match draft.into_body() {
            Some(body) => {
                for piece in body {
                    self.append(&piece).await?;
                }
            }
            None => {
                let mut at = header_end;
                while at < old.len() {
                    let piece = read(&old, at, (old.len() - at).min(64 * 1024))?;
                    at += piece.len() as u64;
                    self.append(&piece).await?;
                }
            }
        }
        Ok(())
    }
}

/// A new body with a byte over 127.
fn replaces_with_eight_bit(edits: &[Edit]) -> bool {
    edits.iter().any(|edit| matches!(edit, Edit::WriteBody(piece) if !piece.is_ascii()))
}

/// header_size_limit: lines of a field are kept until it is that long.
fn within_limit(raw: &[u8], limit: usize) -> &[u8] {
    let mut len = 0;
    while len < raw.len() && len < limit {
        len += header::line_length(&raw[len..]);
    }
    &raw[..len]
}

fn read(content: &Content, at: u64, len: u64) -> Result<bytes::Bytes, CleanupError> {
    let piece = content.read(at, len as usize);
    piece.map_err(|error| CleanupError::StorageRead(error.to_string()))
}
