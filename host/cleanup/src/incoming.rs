//! A message on its way in: pieces of content, the envelope, the queue. What happens to the lines is in `lines`.

use std::sync::Arc;

use hook::{Edit, MessageView};
use mail::{
    Envelope,
    mime::{self, Mime},
};
use queue::{QueueId, Writer};

use crate::{
    Asking, Cleanup, CleanupError, FilterSession, MessageOrigin, draft::Draft, edits, headers::Headers,
    inspection::Inspection, view::View,
};

bitflags::bitflags! {
    /// receive_override_options, as far as cleanup minds them.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Overrides: u8 {
        /// No canonical, virtual alias and masquerade mapping, no BCC.
        const NO_ADDRESS_MAPPINGS = 1;
        /// No header_checks(5), no strict_8bitmime and its relatives.
        const NO_HEADER_BODY_CHECKS = 2;
        /// No smtpd_milters, no non_smtpd_milters.
        const NO_MILTERS = 4;
    }
}

/// One message. Dropping it before [`Incoming::commit`] discards it.
pub struct Incoming {
    pub(crate) cleanup: Cleanup,
    pub(crate) id: String,
    writer: Writer,
    pub(crate) headers: Headers,
    pub(crate) overrides: Overrides,
    pub(crate) mime: Mime,
    pub(crate) inspection: Option<Inspection>,
    /// What the client sent begins with the next line.
    pub(crate) client_begins: bool,
    /// The start of a line whose end has not come.
    pub(crate) pending: Vec<u8>,
    /// Earlier pieces of that line were long enough to be handled.
    pub(crate) piece: bool,
    /// CRs at the end of a piece of the body: a line end may follow.
    pub(crate) held_crs: usize,
    /// Lines on their way to the writer.
    pub(crate) out: Vec<u8>,
    /// Bytes of the header in the writer; known once the header is over.
    pub(crate) header_end: Option<u64>,
    /// Bytes written so far, and given so far.
    pub(crate) written: u64,
    given: u64,
    /// The body, or the header, has a byte over 127.
    pub(crate) eight_bit: bool,
    pub(crate) eight_bit_header: bool,
    /// smtputf8_autodetect_classes: whether it needs SMTPUTF8 shows in its header and envelope.
    detects_smtputf8: bool,
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
        let disabled = if cleanup.checks.mime_disabled { mime::Options::DISABLED } else { mime::Options::empty() };
        let mime = Mime::new(disabled, cleanup.settings.mime_limits);
        Self {
            id: id.to_string(),
            cleanup,
            writer,
            headers,
            overrides,
            mime,
            inspection: None,
            client_begins: false,
            pending: Vec::new(),
            piece: false,
            held_crs: 0,
            out: Vec::new(),
            header_end: None,
            written: 0,
            given: 0,
            eight_bit: false,
            eight_bit_header: false,
            detects_smtputf8: false,
            failed: None,
            full_name: String::new(),
        }
    }

    /// Puts the content that follows under header_checks(5) and the strict_* parameters. To be called before the first
    /// [`Incoming::write`]; without it nothing is checked.
    pub async fn inspect(&mut self, origin: MessageOrigin<'_>) {
        let checks = &self.cleanup.checks;
        if self.overrides.contains(Overrides::NO_HEADER_BODY_CHECKS) {
            return;
        }
        let disabled = if checks.mime_disabled { mime::Options::DISABLED } else { mime::Options::empty() };
        self.mime = Mime::new(checks.strict | disabled, self.cleanup.settings.mime_limits);
        if checks.wanted() || !self.cleanup.settings.reject_characters.is_empty() {
            self.inspection = Some(Inspection::new(self.cleanup.clone(), &self.id, origin).await);
        }
    }

    /// Mail of sendmail(1), which says nothing of SMTPUTF8.
    pub(crate) fn detect_smtputf8(&mut self) {
        self.detects_smtputf8 = self.cleanup.settings.detects_smtputf8;
    }

    /// What stands above the client's content was written; what follows is the client's.
    pub fn client_begins(&mut self) {
        self.client_begins = true;
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
        self.take(bytes).await
    }

    /// Hands what lines() made to the writer.
    pub(crate) async fn flush(&mut self) -> Result<(), CleanupError> {
        if !self.out.is_empty() {
            let mut out = std::mem::take(&mut self.out);
            let outcome = self.append(&out).await;
            out.clear();
            self.out = out;
            outcome?;
        }
        Ok(())
    }

    pub(crate) async fn append(&mut self, bytes: &[u8]) -> Result<(), CleanupError> {
        if !bytes.is_empty() {
            self.writer.write(bytes).await?;
            self.written += bytes.len() as u64;
        }
        Ok(())
    }

    /// The content, which is complete, for restrictions and filters. Trouble with it shows in [`Incoming::commit`].
    pub async fn view(&mut self) -> Arc<dyn MessageView> {
        if self.failed.is_none() {
            self.failed = self.finish().await.err();
        }
        Arc::new(View::new(self.writer.content_so_far()))
    }

    /// Cleans the envelope, applies the edits, adds missing headers and makes the message durable. Log lines about the
    /// edits (`discard:`, `hold:`) are those of whoever asked for them.
    pub async fn commit(self, envelope: Envelope, edits: Vec<Edit>) -> Result<Committed, CleanupError> {
        self.commit_filtered(envelope, edits, Filtering::No).await
    }

    /// The same; between the last change and the queue the filters see the message.
    pub async fn commit_filtered(
        mut self,
        envelope: Envelope,
        edits: Vec<Edit>,
        filtering: Filtering<'_>,
    ) -> Result<Committed, CleanupError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.finish().await?;
        let (mut envelope, mut edits) = (envelope, edits);
        edits.extend(
            self.inspection.as_mut().map(|inspection| std::mem::take(&mut inspection.edits)).unwrap_or_default(),
        );
        envelope.eight_bit |= self.eight_bit || self.headers.eight_bit || replaces_with_eight_bit(&edits);
        envelope.smtputf8 |= self.detects_smtputf8 && (self.eight_bit_header || !has_ascii_addresses(&envelope));
        let edited = edits::apply_to_envelope(&mut envelope, &edits);
        let had_recipients = !envelope.recipients.is_empty();
        let filtering = filtering.unless(self.overrides.contains(Overrides::NO_MILTERS) || edited.discarded);
        let given = filtering.is_wanted().then(|| envelope.clone());
        self.cleanup.clean_envelope(&self.id, &mut envelope, self.overrides).await?;
        let missing =
            self.headers.missing(&self.cleanup, &self.id, self.cleanup.clock.now(), &envelope, &self.full_name);
        let mut discarded = edited.discarded || (envelope.recipients.is_empty() && edited.recipients_removed);
        if !missing.is_empty() || edited.content || given.is_some() {
            let header_end = self.header_end.unwrap_or(self.written);
            let content = self.writer.content_so_far();
            let draft = Draft::read(content, header_end, missing.as_bytes());
            let mut draft = draft.map_err(|error| CleanupError::StorageRead(error.to_string()))?;
            draft.apply(&edits);
            if let Some(given) = given.filter(|_| !discarded) {
                discarded = self.filter(filtering, &given, &mut draft, &mut envelope).await?;
            }
            if draft.is_changed() {
                self.replace_content(&draft).await?;
            }
        }
        let committed = |discarded| Committed { queue_id: self.id.clone(), size: self.written, discarded };
        if discarded {
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

    /// Writes the content once more.
    async fn replace_content(&mut self, draft: &Draft) -> Result<(), CleanupError> {
        // The draft holds what it needs of it.
        drop(self.writer.take_content());
        self.written = 0;
        self.append(&draft.header()).await?;
        for piece in draft.body_pieces() {
            let piece = piece.map_err(|error| CleanupError::StorageRead(error.to_string()))?;
            self.append(&piece).await?;
        }
        Ok(())
    }
}

/// Who filters a message.
pub enum Filtering<'a> {
    No,
    /// The filters of an SMTP session, which know its envelope.
    Session(&'a mut FilterSession, Asking<'a>),
    /// non_smtpd_milters.
    Local,
}

impl Filtering<'_> {
    fn unless(self, not: bool) -> Self {
        if not { Self::No } else { self }
    }

    fn is_wanted(&self) -> bool {
        !matches!(self, Self::No)
    }
}

fn has_ascii_addresses(envelope: &Envelope) -> bool {
    envelope.sender.is_ascii() && envelope.recipients.iter().all(|recipient| recipient.address.is_ascii())
}

/// A new body with a byte over 127.
fn replaces_with_eight_bit(edits: &[Edit]) -> bool {
    edits.iter().any(|edit| matches!(edit, Edit::WriteBody(piece) if !piece.is_ascii()))
}
