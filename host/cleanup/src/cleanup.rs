//! The service: one for each configuration generation.

use std::sync::Arc;

use config::Config;
use hook::{Call, Checkers, Clock, FilterSource, Instances, MailLog, Notes, Sockets, Stage, Tables};
use mail::{ClientAttributes, Envelope};
use queue::{Queue, QueueId};
use rewrite::Rewrite;

use crate::{
    CleanupError, ContentChecks, FilterSettings, Filtering, Filters, Incoming, MessageOrigin, Overrides, Settings,
    local_session::LocalSession, parameters,
};

/// The service could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A parameter has a value that cannot be used.
    #[error("{0}")]
    ConfigParameter(String),
    /// A table of main.cf cannot be opened; the text names it.
    #[error("{0}")]
    ConfigTable(String),
}

/// cleanup. Clones share.
#[derive(Clone)]
pub struct Cleanup {
    pub(crate) settings: Arc<Settings>,
    pub(crate) rewrite: Rewrite,
    pub(crate) tables: Arc<dyn Tables>,
    pub(crate) queue: Queue,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: MailLog,
    pub(crate) checks: Arc<ContentChecks>,
    /// non_smtpd_milters, and the way to them.
    pub(crate) filters: Option<(Arc<Filters>, Arc<dyn Sockets>)>,
    /// internal_mail_filter_classes holds bounce.
    filters_bounces: bool,
}

/// Mail of sendmail(1), by pickup(8).
#[derive(Clone, Copy)]
pub struct LocalMail<'a> {
    pub envelope: &'a Envelope,
    /// The Received: header.
    pub trace: &'a [u8],
    /// CR LF line ends.
    pub content: &'a [u8],
    /// The user's name, for a missing From: header; may be empty.
    pub full_name: &'a str,
    /// receive_override_options of pickup(8).
    pub overrides: Overrides,
}

impl Cleanup {
    /// Reads the parameters and opens the tables.
    pub fn new(
        config: &Config,
        rewrite: Rewrite,
        tables: Arc<dyn Tables>,
        queue: Queue,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        let settings = Settings::from(config).map_err(SetupError::ConfigParameter)?;
        for names in settings.tables() {
            tables.open(names).map_err(SetupError::ConfigTable)?;
        }
        let log = MailLog::new(&config.get(&config::parameters::SYSLOG_NAME), "cleanup");
        let checks = Arc::new(ContentChecks::of(config));
        Ok(Self {
            settings: Arc::new(settings),
            rewrite,
            tables,
            queue,
            clock,
            log,
            checks,
            filters: None,
            filters_bounces: false,
        })
    }

    /// The same with header_checks and its relatives, whose tables and plugins are opened here.
    pub fn with_checks(mut self, config: &Config, checkers: &dyn Checkers) -> Result<Self, SetupError> {
        let checks = ContentChecks::open(config, &*self.tables, checkers).map_err(SetupError::ConfigTable)?;
        self.checks = Arc::new(checks);
        Ok(self)
    }

    /// The same with non_smtpd_milters. The error is one line.
    pub fn with_filters(
        mut self,
        config: &Config,
        source: &dyn FilterSource,
        sockets: Arc<dyn Sockets>,
    ) -> Result<Self, SetupError> {
        let named = |why| SetupError::ConfigParameter(format!("non_smtpd_milters: {why}"));
        let settings = Arc::new(FilterSettings::from(config).map_err(SetupError::ConfigParameter)?);
        let listed = Filters::parse(&settings, &config.get(&parameters::NON_SMTPD_MILTERS), source).map_err(named)?;
        self.filters = listed.map(|filters| (filters, sockets));
        let classes = config.get(&parameters::INTERNAL_MAIL_FILTER_CLASSES);
        self.filters_bounces =
            classes.split(config::tokens::COMMA_SPACE).any(|class| class.eq_ignore_ascii_case("bounce"));
        Ok(self)
    }

    /// The queue id of a message that is about to come in.
    pub fn new_queue_id(&self) -> QueueId {
        self.queue.new_id(self.clock.now())
    }

    /// Opens a message. `client.local` decides whose headers are completed with $myorigin.
    pub fn open(&self, id: QueueId, client: &ClientAttributes) -> Incoming {
        self.open_with(id, client, Overrides::empty())
    }

    /// The same under receive_override_options.
    pub fn open_with(&self, id: QueueId, client: &ClientAttributes, overrides: Overrides) -> Incoming {
        Incoming::new(self.clone(), id, client.local, overrides)
    }

    /// Queues mail made here, or handed in by a local user: content with its Received: header. Headers are completed as
    /// those of local mail.
    pub async fn submit(&self, envelope: Envelope, content: &[u8]) -> Result<QueueId, CleanupError> {
        let id = self.new_queue_id();
        self.submit_as(id, envelope, content).await?;
        Ok(id)
    }

    /// The same under a queue id taken before, which the Received: header names.
    pub async fn submit_as(&self, id: QueueId, envelope: Envelope, content: &[u8]) -> Result<(), CleanupError> {
        let mut incoming = Incoming::new(self.clone(), id, true, Overrides::empty());
        let filtered = envelope.internal && self.filters_bounces;
        if filtered {
            incoming.inspect(local_origin(id, &envelope)).await;
        }
        incoming.write(content).await?;
        let filtering = if filtered { Filtering::Local } else { Filtering::No };
        incoming.commit_filtered(envelope, Vec::new(), filtering).await.map(drop)
    }

    /// Queues mail of a local user under header_checks(5). What they refuse for good goes back to the sender, since there is no
    /// client to refuse it to.
    pub async fn submit_local(&self, id: QueueId, mail: LocalMail<'_>) -> Result<(), CleanupError> {
        match self.local(id, &mail, true).await {
            Err(CleanupError::PeerContentRefused(refusal)) if refusal.code >= 500 => {
                let text = refusal.log_text();
                let text = text.split_once(' ').map_or(text.as_str(), |(_, text)| text);
                let mut envelope = mail.envelope.clone();
                envelope.content_filter = format!("error:{text}");
                self.local(id, &LocalMail { envelope: &envelope, ..mail }, false).await
            }
            outcome => outcome,
        }
    }

    async fn local(&self, id: QueueId, mail: &LocalMail<'_>, checked: bool) -> Result<(), CleanupError> {
        let envelope = mail.envelope;
        let mut incoming = Incoming::new(self.clone(), id, true, mail.overrides);
        incoming.set_full_name(mail.full_name);
        incoming.detect_smtputf8();
        if checked {
            incoming.inspect(local_origin(id, envelope)).await;
        }
        incoming.write(mail.trace).await?;
        incoming.client_begins();
        incoming.write(mail.content).await?;
        let filtering = if checked { Filtering::Local } else { Filtering::No };
        incoming.commit_filtered(envelope.clone(), Vec::new(), filtering).await.map(drop)
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// Whose mail it is that came without SMTP.
fn local_origin(id: QueueId, envelope: &Envelope) -> MessageOrigin<'_> {
    let recipient = envelope.recipients.last().map(|recipient| recipient.address.as_str());
    let call = local_call(id.to_string(), envelope);
    MessageOrigin { client: &envelope.client, sender: &envelope.sender, recipient, call }
}

/// What plugins may ask of mail that came without SMTP.
pub(crate) fn local_call(id: String, envelope: &Envelope) -> Call {
    Call {
        session: Arc::new(LocalSession::new(id, envelope)),
        message: None,
        stage: Stage::EndOfData,
        notes: Notes::default(),
        instances: Instances::default(),
    }
}
