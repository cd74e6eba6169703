//! notify_classes: what client and server said, for a notice to postmaster when something went wrong that postmaster wants to
//! hear of. It begins anew at EHLO, RSET and the end of a message, if it is due or has grown over
//! smtpd_history_flush_threshold.

use std::{sync::Arc, time::SystemTime};

use config::{Config, parameters as shared};
use hook::BoxFuture;
use mail::{Envelope, EnvelopeRecipient, Reply, date, wrap::wrap};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    chat::{printable, without_password},
    conversation::Conversation,
    parameters as p,
};

bitflags::bitflags! {
    /// What went wrong, as notify_classes names it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct ErrorClass: u8 {
        /// What would have been returned to its sender: an unknown recipient, a message that is too big or loops.
        const BOUNCE = 1;
        /// A table could not be read.
        const DATA = 2;
        /// Restrictions, checks and limits.
        const POLICY = 4;
        /// The client's syntax, or order of commands.
        const PROTOCOL = 8;
        /// The queue could not be written.
        const RESOURCE = 16;
        /// A restriction that cannot work, a plugin that failed.
        const SOFTWARE = 32;
    }
}

/// Gives a notice to cleanup(8): its queue id.
pub type PostNotice = Arc<dyn Fn(Envelope, Vec<u8>) -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// What main.cf says of transcripts.
#[derive(Clone, Debug)]
pub(crate) struct TranscriptSettings {
    wanted: ErrorClass,
    threshold: usize,
    recipient: String,
    bounce_recipient: String,
    /// Envelope sender: a notice that cannot be delivered must not come back to who gets it.
    sender: String,
    origin: String,
}

impl From<&Config> for TranscriptSettings {
    fn from(config: &Config) -> Self {
        let origin = config.get(&shared::MYORIGIN);
        let qualified = |name: String| if name.contains('@') { name } else { format!("{name}@{origin}") };
        let mut wanted = ErrorClass::empty();
        for class in config.get(&shared::NOTIFY_CLASSES) {
            // The others are bounce(8)'s.
            wanted |= ErrorClass::from_name(&class.to_ascii_uppercase()).unwrap_or(ErrorClass::empty());
        }
        Self {
            wanted,
            threshold: config.get(&p::SMTPD_HISTORY_FLUSH_THRESHOLD) as usize,
            recipient: qualified(config.get(&p::ERROR_NOTICE_RECIPIENT)),
            bounce_recipient: qualified(config.text("bounce_notice_recipient").unwrap_or_default()),
            sender: format!("{}@{origin}", config.get(&shared::DOUBLE_BOUNCE_SENDER)),
            origin,
        }
    }
}

/// Longest transcript in bytes: what a client says beyond is not kept.
const LONGEST: usize = 256 * 1024;

/// The lines of a session so far, and what went wrong in them.
#[derive(Debug)]
pub(crate) struct Transcript {
    wanted: ErrorClass,
    happened: ErrorClass,
    /// What the next refusal is, where the restriction knows.
    cause: Option<ErrorClass>,
    /// Lines in the order they were said, each `<` or `>` and the text.
    lines: Vec<u8>,
    count: usize,
}

impl Transcript {
    /// Without a way to post a notice nothing is kept.
    pub fn new(settings: &TranscriptSettings, can_post: bool) -> Self {
        let wanted = if can_post { settings.wanted } else { ErrorClass::empty() };
        Self { wanted, happened: ErrorClass::empty(), cause: None, lines: Vec::new(), count: 0 }
    }

    /// The client said a line.
    pub fn heard(&mut self, line: &[u8]) {
        self.add(b'<', without_password(line).as_bytes());
    }

    /// The server said whole lines.
    pub fn said(&mut self, output: &[u8]) {
        for line in output.split_inclusive(|byte| *byte == b'\n') {
            self.add(b'>', line);
        }
    }

    fn add(&mut self, direction: u8, line: &[u8]) {
        if self.wanted.is_empty() || self.lines.len() + line.len() > LONGEST {
            return;
        }
        self.lines.push(direction);
        self.lines.extend_from_slice(line.trim_ascii_end());
        self.lines.push(b'\n');
        self.count += 1;
    }

    pub fn went_wrong(&mut self, class: ErrorClass) {
        self.happened |= class;
    }

    /// A restriction knows what the refusal that it leads to is.
    pub fn will_refuse(&mut self, class: ErrorClass) {
        self.cause = Some(class);
    }

    /// Nothing comes of that refusal: warn_if_reject.
    pub fn will_only_warn(&mut self) {
        self.cause = None;
    }

    /// What a refusal by restrictions or filters is.
    pub fn cause(&mut self) -> ErrorClass {
        self.cause.take().unwrap_or(ErrorClass::POLICY)
    }

    /// Such a refusal.
    pub fn refused(&mut self) {
        let class = self.cause();
        self.went_wrong(class);
    }

    /// A message got through.
    pub fn forgive(&mut self) {
        self.happened = ErrorClass::empty();
    }

    fn is_due(&self) -> bool {
        self.happened.intersects(self.wanted)
    }

    fn begin_anew(&mut self) {
        self.happened = ErrorClass::empty();
        self.lines.clear();
        self.count = 0;
    }

    /// The notice's lines.
    fn text(&self, reason: Option<&str>) -> String {
        let mut text = String::from("Transcript of session follows.\r\n\r\n");
        for line in self.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let (direction, line) = (line[0], printable(&String::from_utf8_lossy(&line[1..])));
            let spoken = format!("{}{line}", if direction == b'<' { "In:  " } else { "Out: " });
            for line in wrap(spoken.trim_end(), 78) {
                text += &format!(" {line}\r\n");
            }
        }
        text += "\r\n";
        if let Some(reason) = reason {
            text += &format!("Session aborted, reason: {reason}\r\n");
        }
        text + "\r\nFor other details, see the local mail logfile\r\n"
    }
}

/// The class of a refusal at the end of a message.
pub(crate) fn class_of_refused_content(error: &cleanup::CleanupError) -> ErrorClass {
    use cleanup::CleanupError as E;
    match error {
        E::PeerMessageTooBig | E::PeerTooManyHops | E::PeerNoRecipients => ErrorClass::BOUNCE,
        E::PeerContentRefused(_) | E::ConfigAliasExpansion => ErrorClass::POLICY,
        E::TableLookup(_) | E::StorageRead(_) | E::Storage(_) => ErrorClass::RESOURCE,
    }
}

/// A table that a restriction needs could not be read.
pub(crate) fn is_temporary_lookup_failure(reply: &Reply) -> bool {
    reply.code == 451 && reply.status.is_some_and(|status| (status.subject, status.detail) == (3, 0))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S> {
    /// EHLO, RSET, the end of a message, or of the session for this reason: postmaster hears of what went wrong.
    pub async fn turn_page(&mut self, reason: Option<&str>) {
        if self.transcript.is_due() {
            self.post_transcript(reason).await;
            self.transcript.begin_anew();
        } else if self.transcript.count > self.service.settings.transcripts.threshold {
            self.transcript.begin_anew();
        }
    }

    async fn post_transcript(&self, reason: Option<&str>) {
        let Some(post) = &self.service.post_notice else { return };
        let settings = &self.service.settings.transcripts;
        let now = self.service.services.clock.now();
        let class = self.transcript.happened & self.transcript.wanted;
        let to = if class.contains(ErrorClass::BOUNCE) { &settings.bounce_recipient } else { &settings.recipient };
        let mut envelope = Envelope::new(settings.sender.clone(), now);
        envelope.internal = true;
        envelope.client.local = true;
        envelope.recipients = vec![EnvelopeRecipient { address: to.clone(), ..Default::default() }];
        let content = self.notice(now, reason);
        if let Err(error) = post(envelope, content.into_bytes()).await {
            let label = &self.session.client.label;
            self.service.log.warning(format_args!("postmaster notice of errors from {label} not queued: {error}"));
        }
    }

    fn notice(&self, now: SystemTime, reason: Option<&str>) -> String {
        let settings = &self.service.settings;
        let TranscriptSettings { origin, recipient, .. } = &settings.transcripts;
        format!(
            "Date: {}\r\nFrom: Mail Delivery System <MAILER-DAEMON@{origin}>\r\nTo: Postmaster <{recipient}>\r\n\
             Subject: {} SMTP server: errors from {}\r\n\r\n{}",
            date::rfc5322(now),
            settings.mail_name,
            self.session.client.label,
            self.transcript.text(reason)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(wanted: ErrorClass) -> Transcript {
        Transcript { wanted, happened: ErrorClass::empty(), cause: None, lines: Vec::new(), count: 0 }
    }

    #[test]
    fn nothing_is_kept_for_nobody() {
        let mut transcript = transcript(ErrorClass::empty());
        transcript.heard(b"FOO");
        transcript.went_wrong(ErrorClass::PROTOCOL);
        assert!(transcript.lines.is_empty() && !transcript.is_due());
    }

    #[test]
    fn passwords_and_control_characters_stay_out() {
        let mut transcript = transcript(ErrorClass::PROTOCOL);
        transcript.heard(b"auth plain AGEAYg==");
        transcript.heard(b"FOO\x07");
        transcript.said(b"250-a\r\n250 b\r\n");
        let text = transcript.text(Some("timeout"));
        assert!(
            text.contains(" In:  auth plain ...\r\n In:  FOO?\r\n Out: 250-a\r\n Out: 250 b\r\n\r\nSession"),
            "{text}"
        );
    }

    #[test]
    fn a_restriction_names_its_class_once() {
        let mut transcript = transcript(ErrorClass::BOUNCE);
        transcript.will_refuse(ErrorClass::BOUNCE);
        transcript.refused();
        assert!(transcript.is_due());
        transcript.begin_anew();
        transcript.refused();
        assert_eq!(transcript.happened, ErrorClass::POLICY);
    }

    #[test]
    fn a_client_that_never_stops_is_not_kept_whole() {
        let mut transcript = transcript(ErrorClass::POLICY);
        (0..LONGEST).for_each(|_| transcript.heard(b"NOOP"));
        assert!(transcript.lines.len() < LONGEST + 100);
    }
}
