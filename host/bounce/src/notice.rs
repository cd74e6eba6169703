//! Who is told, and of what.

use std::{sync::Arc, time::SystemTime};

use config::{
    Config,
    parameters::{DOUBLE_BOUNCE_SENDER, MYHOSTNAME, MYORIGIN, NOTIFY_CLASSES, SMTPUTF8_ENABLE, SYSLOG_NAME},
};
use hook::{BoxFuture, MailLog, ProbeStatus};
use mail::{
    Envelope, EnvelopeRecipient, ReturnContent, Status,
    dsn::{self, Action, Kind, RecipientReport},
};
use queue::Message;

use crate::{
    Verify,
    parameters::*,
    template::{Template, Templates},
};

/// The way back into the queue: cleanup(8). Gives the queue id, durable.
pub trait Submit: Send + Sync {
    fn submit(&self, envelope: Envelope, content: Vec<u8>) -> BoxFuture<'_, Result<String, String>>;
}

/// What bounce(8) or verify(8) could not do. A notice that is not queued: the message it was about must stay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BounceError {
    /// The queue refused it.
    #[error("notice not queued: {0}")]
    Queue(String),
    /// The original cannot be read.
    #[error("original not readable: {0}")]
    Original(String),
    /// The cache of address verification cannot be read or written.
    #[error("address verification cache: {0}")]
    Cache(String),
    /// A parameter has a value that cannot be used; the text says where and what to do.
    #[error("{0}")]
    Configuration(String),
}

/// One recipient's part of a notice.
#[derive(Clone, Debug)]
pub struct Report {
    /// Number in the envelope.
    pub recipient: u32,
    /// What it stands for, where that is what failed.
    pub address: Option<String>,
    pub action: Action,
    pub status: Status,
    pub text: String,
    pub remote_mta: Option<String>,
    pub diagnostic: Option<String>,
}

/// What bounce(8) reads of main.cf.
#[derive(Clone, Debug)]
pub struct Settings {
    hostname: String,
    origin: String,
    double_bounce_sender: String,
    classes: Vec<String>,
    bounce_recipient: String,
    double_bounce_recipient: String,
    delay_recipient: String,
    size_limit: u64,
    smtputf8: bool,
    syslog_name: String,
    failure: Text,
    delay: Text,
    success: Text,
    /// What is wrong with the template file.
    template_warnings: Vec<String>,
}

/// A template of bounce(5) with its text expanded.
#[derive(Clone, Debug)]
struct Text {
    template: Template,
    text: String,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        let mut warnings = Vec::new();
        // A notice with the built-in words is better than none, so a broken file is told in the log and otherwise not there.
        let templates = Templates::load(&config.get(&BOUNCE_TEMPLATE_FILE), &mut warnings).unwrap_or_else(|error| {
            warnings.push(error.to_string());
            Templates::built_in()
        });
        let built_in = Templates::built_in();
        let mut text = |template: Template, otherwise: Template| match template.expanded(config, &mut warnings) {
            Ok(text) => Text { template, text },
            Err(error) => {
                warnings.push(error.to_string());
                let text = otherwise.expanded(config, &mut warnings).unwrap_or_default();
                Text { template: otherwise, text }
            }
        };
        Self {
            failure: text(templates.failure, built_in.failure),
            delay: text(templates.delay, built_in.delay),
            success: text(templates.success, built_in.success),
            hostname: config.get(&MYHOSTNAME),
            origin: config.get(&MYORIGIN),
            double_bounce_sender: config.get(&DOUBLE_BOUNCE_SENDER),
            classes: config.get(&NOTIFY_CLASSES),
            bounce_recipient: config.get(&BOUNCE_NOTICE_RECIPIENT),
            double_bounce_recipient: config.get(&DOUBLE_BOUNCE_NOTICE_RECIPIENT),
            delay_recipient: config.get(&DELAY_NOTICE_RECIPIENT),
            size_limit: config.get(&BOUNCE_SIZE_LIMIT),
            smtputf8: config.get(&SMTPUTF8_ENABLE),
            syslog_name: config.get(&SYSLOG_NAME),
            template_warnings: warnings,
        }
    }
}

/// bounce(8) of one configuration generation.
#[derive(Clone)]
pub struct Bounce {
    settings: Arc<Settings>,
    submit: Arc<dyn Submit>,
    log: MailLog,
    verify: Option<Arc<Verify>>,
}

/// One notice to one address.
struct Letter<'a> {
    kind: Kind,
    to: &'a str,
    /// Envelope sender: null, or double_bounce_sender for what may come back to postmaster.
    sender: String,
    postmaster_copy: bool,
    /// For the log: `sender non-delivery notification`.
    called: &'static str,
    retry_until: Option<SystemTime>,
}

impl Bounce {
    pub fn new(settings: Settings, submit: Arc<dyn Submit>) -> Self {
        let log = MailLog::new(&settings.syslog_name, "bounce");
        for warning in &settings.template_warnings {
            log.warning(format_args!("{warning}"));
        }
        Self { settings: Arc::new(settings), submit, log, verify: None }
    }

    /// The same with somebody to tell of probes.
    pub fn with_verify(self, verify: Arc<Verify>) -> Self {
        Self { verify: Some(verify), ..self }
    }

    /// verify_append(3): tells verify(8) what became of a probe for this address.
    pub async fn verified(&self, address: &str, status: ProbeStatus, text: &str) -> Result<(), BounceError> {
        match &self.verify {
            Some(verify) => verify.report(address, status, text).await,
            None => Ok(()),
        }
    }

    /// Recipients that will not be reached. Those with NOTIFY that does not ask for failures are left out, so the notice may be
    /// empty; then nothing is sent and all is well.
    pub async fn failed(&self, message: &Message, reports: &[Report], now: SystemTime) -> Result<(), BounceError> {
        self.failed_for(message.envelope.sender.as_str(), message, reports, now).await
    }

    /// The same to somebody in the sender's place, such as the owner of a list. The notice names the sender all the same.
    pub async fn failed_for(
        &self,
        sender: &str,
        message: &Message,
        reports: &[Report],
        now: SystemTime,
    ) -> Result<(), BounceError> {
        let wanted = reports_wanted(message, reports, NOTIFY_FAILURE);
        if !wanted.is_empty() {
            if self.is_double_bounce(sender) {
                // The end of the line: postmaster's own notice cannot be delivered.
                self.log.warning(format_args!("{}: undeliverable postmaster notification discarded", message.id));
            } else if sender.is_empty() {
                if self.notifies("2bounce") {
                    self.send(message, &wanted, &self.postmaster(Kind::Failed, true), now).await?;
                }
            } else {
                let letter = Letter {
                    kind: Kind::Failed,
                    to: sender,
                    sender: String::new(),
                    postmaster_copy: false,
                    called: "sender non-delivery notification",
                    retry_until: None,
                };
                self.send(message, &wanted, &letter, now).await?;
            }
        }
        if self.notifies("bounce") && !sender.is_empty() && !self.is_double_bounce(sender) {
            let all: Vec<&Report> = reports.iter().collect();
            self.send(message, &all, &self.postmaster(Kind::Failed, false), now).await?;
        }
        Ok(())
    }

    /// Recipients still not reached after delay_warning_time.
    pub async fn delayed(
        &self,
        message: &Message,
        reports: &[Report],
        retry_until: SystemTime,
        now: SystemTime,
    ) -> Result<(), BounceError> {
        let wanted = reports_wanted(message, reports, NOTIFY_DELAY);
        let sender = message.envelope.sender.as_str();
        if !wanted.is_empty() && !sender.is_empty() && !self.is_double_bounce(sender) {
            let letter = Letter {
                kind: Kind::Delayed,
                to: sender,
                sender: String::new(),
                postmaster_copy: false,
                called: "sender delay notification",
                retry_until: Some(retry_until),
            };
            self.send(message, &wanted, &letter, now).await?;
        }
        if self.notifies("delay") && !sender.is_empty() {
            let all: Vec<&Report> = reports.iter().collect();
            let letter = Letter { retry_until: Some(retry_until), ..self.postmaster(Kind::Delayed, false) };
            self.send(message, &all, &letter, now).await?;
        }
        Ok(())
    }

    /// Recipients delivered or relayed for a sender who asked with NOTIFY=SUCCESS.
    pub async fn succeeded(&self, message: &Message, reports: &[Report], now: SystemTime) -> Result<(), BounceError> {
        let wanted: Vec<&Report> =
            reports.iter().filter(|r| notify_of(message, r.recipient) & NOTIFY_SUCCESS != 0).collect();
        let sender = message.envelope.sender.as_str();
        if wanted.is_empty() || sender.is_empty() || self.is_double_bounce(sender) {
            return Ok(());
        }
        let letter = Letter {
            kind: Kind::Success,
            to: sender,
            sender: String::new(),
            postmaster_copy: false,
            called: "sender delivery status notification",
            retry_until: None,
        };
        self.send(message, &wanted, &letter, now).await
    }

    fn postmaster(&self, kind: Kind, double: bool) -> Letter<'_> {
        let settings = &self.settings;
        Letter {
            kind,
            to: match (kind, double) {
                (Kind::Delayed, _) => &settings.delay_recipient,
                (_, true) => &settings.double_bounce_recipient,
                (_, false) => &settings.bounce_recipient,
            },
            sender: format!("{}@{}", settings.double_bounce_sender, settings.origin),
            postmaster_copy: true,
            called: if kind == Kind::Delayed {
                "postmaster delay notification"
            } else {
                "postmaster non-delivery notification"
            },
            retry_until: None,
        }
    }

    fn notifies(&self, class: &str) -> bool {
        self.settings.classes.iter().any(|c| c.eq_ignore_ascii_case(class))
    }

    fn is_double_bounce(&self, sender: &str) -> bool {
        let (local, domain) = mail::address::split_domain(sender);
        local.eq_ignore_ascii_case(&self.settings.double_bounce_sender)
            && domain.is_none_or(|d| d.eq_ignore_ascii_case(&self.settings.origin))
    }

    async fn send(
        &self,
        message: &Message,
        reports: &[&Report],
        letter: &Letter<'_>,
        now: SystemTime,
    ) -> Result<(), BounceError> {
        let content = self.content(message, reports, letter, now)?;
        let mut envelope = Envelope::new(letter.sender.clone(), now);
        // Already as cleanup would complete it: there is no other original address.
        let at_origin = || format!("{}@{}", letter.to, self.settings.origin);
        let address = if letter.to.contains('@') { letter.to.to_string() } else { at_origin() };
        envelope.recipients.push(EnvelopeRecipient { address, ..Default::default() });
        envelope.eight_bit = self.is_eight_bit(message);
        envelope.smtputf8 = message.envelope.smtputf8;
        envelope.internal = true;
        envelope.client.local = true;
        let id = self.submit.submit(envelope, content).await.map_err(BounceError::Queue)?;
        self.log.info(format_args!("{}: {}: {id}", message.id, letter.called));
        Ok(())
    }

    /// With smtputf8_enable every notice is UTF-8: what it quotes of others may be.
    fn is_eight_bit(&self, message: &Message) -> bool {
        self.settings.smtputf8 || message.envelope.eight_bit
    }

    fn content(
        &self,
        message: &Message,
        reports: &[&Report],
        letter: &Letter<'_>,
        now: SystemTime,
    ) -> Result<Vec<u8>, BounceError> {
        let unreadable = |e: std::io::Error| BounceError::Original(e.to_string());
        let envelope = &message.envelope;
        // RFC 3461 section 4.3: RET= speaks of failure notices; others need only the header.
        let full = letter.kind == Kind::Failed
            && !letter.postmaster_copy
            && message.size() <= self.settings.size_limit
            && envelope.return_content != Some(ReturnContent::Headers);
        let recipients: Vec<RecipientReport> = reports
            .iter()
            .map(|r| {
                let mut recipient = recipient_report(message, r);
                // Mail that came without SMTP has no ORCPT; its original address may be the same.
                if recipient.dsn_original.is_empty() && recipient.original.is_empty() {
                    let utf8 = envelope.smtputf8 && !recipient.address.is_ascii();
                    let kind = if utf8 { "utf-8" } else { "rfc822" };
                    recipient.dsn_original = format!("{kind};{}", mail::address::quote(&recipient.address));
                }
                recipient
            })
            .collect();
        let Text { template, text } = match letter.kind {
            Kind::Failed => &self.settings.failure,
            Kind::Delayed => &self.settings.delay,
            Kind::Success => &self.settings.success,
        };
        let postmaster_subject = template.postmaster_subject.as_ref().filter(|_| letter.postmaster_copy);
        let us_ascii = template.charset.eq_ignore_ascii_case("us-ascii");
        let parts = dsn::build(&dsn::Notice {
            kind: letter.kind,
            from: &with_domain(&template.from, &self.settings.origin),
            subject: postmaster_subject.unwrap_or(&template.subject),
            charset: if us_ascii && self.is_eight_bit(message) { "utf-8" } else { &template.charset },
            text,
            postmaster_copy: letter.postmaster_copy,
            to: letter.to,
            hostname: &self.settings.hostname,
            queue_id: message.id.as_str(),
            sender: &envelope.sender,
            arrival: envelope.arrival,
            time: now,
            envelope_id: &envelope.envelope_id,
            retry_until: letter.retry_until,
            eight_bit: self.is_eight_bit(message),
            smtputf8: envelope.smtputf8,
            recipients: &recipients,
            full_original: full,
        });
        let mut content = Vec::with_capacity(
            parts.before.len() + parts.after.len() + message.size().min(self.settings.size_limit) as usize,
        );
        content.extend_from_slice(parts.before.as_bytes());
        if full {
            for piece in message.content.pieces() {
                content.extend_from_slice(&piece.map_err(unreadable)?);
            }
        } else {
            let start = message.content.read(0, 256 * 1024).map_err(unreadable)?;
            let end = start.windows(4).position(|w| w == b"\r\n\r\n").map_or(start.len(), |at| at + 2);
            content.extend_from_slice(&start[..end]);
        }
        content.extend_from_slice(parts.after.as_bytes());
        Ok(content)
    }
}

/// Completes an address without a domain, as cleanup(8) does in a header.
fn with_domain(from: &str, origin: &str) -> String {
    let (before, address, after) = match (from.find('<'), from.find('>')) {
        (Some(start), Some(end)) if start < end => (&from[..=start], &from[start + 1..end], &from[end..]),
        _ => {
            let end = from.find(" (").unwrap_or(from.len());
            ("", &from[..end], &from[end..])
        }
    };
    if address.is_empty() || address.contains(['@', ' ']) {
        return from.to_string();
    }
    format!("{before}{address}@{origin}{after}")
}

const NOTIFY_NEVER: u8 = 1;
const NOTIFY_SUCCESS: u8 = 2;
const NOTIFY_FAILURE: u8 = 4;
const NOTIFY_DELAY: u8 = 8;

fn notify_of(message: &Message, recipient: u32) -> u8 {
    message.envelope.recipients.get(recipient as usize).map_or(0, |r| r.notify)
}

/// RFC 3461 section 4.1: without NOTIFY a sender hears of failures and, at our choice, of delays.
fn reports_wanted<'r>(message: &Message, reports: &'r [Report], flag: u8) -> Vec<&'r Report> {
    let wants = |r: &&Report| {
        let notify = notify_of(message, r.recipient);
        notify == 0 || (notify & flag != 0 && notify & NOTIFY_NEVER == 0)
    };
    reports.iter().filter(wants).collect()
}

fn recipient_report(message: &Message, report: &Report) -> RecipientReport {
    let known = message.envelope.recipients.get(report.recipient as usize).cloned().unwrap_or_default();
    let (address, original) = match &report.address {
        // The notice says that it was expanded from the recipient.
        Some(address) if *address != known.address && known.original.is_empty() => (address.clone(), known.address),
        Some(address) => (address.clone(), known.original),
        None => (known.address, known.original),
    };
    RecipientReport {
        address,
        original,
        dsn_original: known.dsn_original,
        action: report.action,
        status: report.status,
        reason: report.text.trim_end().to_string(),
        remote_mta: report.remote_mta.clone(),
        diagnostic: report.diagnostic.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_gets_the_origin() {
        assert_eq!(with_domain("MAILER-DAEMON (Mail)", "a.b"), "MAILER-DAEMON@a.b (Mail)");
        assert_eq!(with_domain("Our Mail <x>", "a.b"), "Our Mail <x@a.b>");
        assert_eq!(with_domain("x@y (z)", "a.b"), "x@y (z)");
        assert_eq!(with_domain("<>", "a.b"), "<>");
    }
}
