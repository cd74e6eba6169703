//! From MAIL FROM to the end of the message: opening cleanup, handing over content, the envelope, and starting over.

use std::sync::Arc;

use hook::{Call, Edit, Inputs, SearchOrder, Stage};
use mail::{
    Envelope,
    received::{Origin, Protocol, Received},
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    chat::End,
    conversation::Conversation,
    filters::SmtpMacros,
    restrict::Decision,
    session::{Transaction, port_text},
    tls::received_details,
    transcript::{ErrorClass, class_of_refused_content},
    verb::{END_OF_MESSAGE, Step, bdat::Chunks, refusal},
};

use cleanup::{Asking, Committed, Filtering};
pub(crate) use cleanup::{Incoming, MessageOrigin};

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S> {
    /// MAIL FROM was read: the transaction begins, if restrictions let it.
    pub fn begin_transaction(&mut self, transaction: Transaction) {
        self.notes = if self.session_notes.is_empty() { Default::default() } else { self.session_notes.copy() };
        self.session_mut().transaction = Some(transaction);
        self.reuse.changed(Inputs::SENDER);
    }

    /// Forgets the transaction.
    pub fn end_transaction(&mut self) {
        let session = self.session_mut();
        session.transaction = None;
        session.recipient = None;
        session.queue_id = None;
        session.forwarded = Default::default();
        session.sasl_sender = None;
        self.incoming = None;
        self.proxy_left = self.proxy.take();
        self.filters_abort = self.filters.is_some();
        self.chunks = Chunks::default();
        self.announced_size = 0;
        self.content_bytes = None;
        self.notes = self.session_notes.clone();
        self.instances.end_message();
        self.reuse.changed(Inputs::SENDER | Inputs::RECIPIENT | Inputs::CONTENT);
    }

    /// A queue id, and the line that joins it with the client.
    pub async fn open_message(&mut self) {
        // What goes through smtpd_proxy_filter gets its queue id behind it.
        if self.incoming.is_some() || self.proxy.is_some() {
            return;
        }
        let id = self.service.cleanup.new_queue_id();
        let local = self.session.transaction.as_ref().is_some_and(|transaction| transaction.local_client);
        let attributes = self.session.client_attributes(local);
        self.session_mut().queue_id = Some(id.to_string());
        let overrides = self.service.settings.overrides;
        self.incoming = Some(self.service.cleanup.open_with(id, &attributes, overrides));
        self.log_client();
    }

    pub fn log_client(&self) {
        let (session, forwarded) = (&self.session, &self.session.forwarded);
        let mut text = format!("client={}", session.client.label);
        for (name, value) in [
            ("sasl_method", &session.sasl_method),
            ("sasl_username", &session.sasl_username),
            ("sasl_sender", &session.sasl_sender),
        ] {
            if let Some(value) = value {
                text.push_str(&format!(", {name}={value}"));
            }
        }
        if !forwarded.ident.is_empty() {
            text.push_str(&format!(", orig_queue_id={}", forwarded.ident));
        }
        if !(forwarded.name.is_empty() && forwarded.address.is_empty()) {
            let or_unknown = |text: &str| if text.is_empty() { "unknown".to_string() } else { text.to_string() };
            text.push_str(&format!(
                ", orig_client={}[{}]",
                or_unknown(&forwarded.name),
                or_unknown(&forwarded.address)
            ));
            if self.service.settings.port_logging {
                text.push_str(&format!(":{}", port_text(forwarded.port.parse().unwrap_or(0))));
            }
        }
        self.service.log.info(format_args!("{}: {text}", session.id()));
    }

    /// local_header_rewrite_clients; nothing if a table fails.
    pub async fn is_local_client(&self) -> Option<bool> {
        const NAME: &str = "local_header_rewrite_clients";
        let (service, client) = (&self.service, &self.session.client);
        for word in &service.settings.header_rewrite_clients {
            let listed = match word.as_str() {
                "permit_mynetworks" => service.lists_client("mynetworks", client).await,
                // Postfix looks at the connection's address here, and a unix-domain socket has none.
                "permit_inet_interfaces" => !client.over_unix && service.lists_client("inet_interfaces", client).await,
                "permit_tls_all_clientcerts" => self.session.certificate().is_some_and(|c| c.trusted),
                // Its table of fingerprints is the plugins'; a client known by one is not taken for a local user's.
                "permit_tls_clientcerts" => false,
                "permit_sasl_authenticated" => self.session.auth_available && self.session.sasl_username.is_some(),
                // The next word is its table.
                "check_address_map" => false,
                table if table.contains(':') => {
                    match service.services.tables.find(SearchOrder::Exact, table, &client.address).wait().await {
                        Ok(found) => found.is_some(),
                        Err(_) => {
                            service.log.warning(format_args!("{NAME}: {table}: lookup error"));
                            return None;
                        }
                    }
                }
                other => {
                    service.log.warning(format_args!("parameter {NAME}: invalid request: {other}"));
                    false
                }
            };
            if listed {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Writes what stands above the client's header: PREPEND, then Received.
    pub async fn write_trace(&mut self) -> Result<(), cleanup::CleanupError> {
        self.inspect_content().await;
        let session = Arc::make_mut(&mut self.session);
        let Some(transaction) = &mut session.transaction else { return Ok(()) };
        let mut top = String::with_capacity(256);
        transaction.edits.retain(|edit| match edit {
            Edit::PrependHeader { name, value } => {
                top.push_str(&format!("{name}: {}\r\n", value.replace('\r', "").replace('\n', "\r\n")));
                false
            }
            _ => true,
        });
        let settings = &self.service.settings;
        let recipient = match transaction.recipients.as_slice() {
            [one] => Some(one.address.as_str()),
            _ => None,
        };
        let tls = session.tls.as_deref();
        let details = tls.filter(|_| settings.tls.received_header).map(received_details);
        let shows_login = self.service.sasl.as_ref().is_some_and(|sasl| sasl.authenticated_header);
        let protocol = Protocol {
            esmtp: session.esmtp,
            encrypted: tls.is_some(),
            authenticated: session.sasl_username.is_some(),
            smtputf8: transaction.smtputf8,
        };
        let received = Received {
            origin: Origin::Smtp {
                helo: session.helo.as_deref(),
                client_name: &session.client.name,
                client_address: &session.client.literal,
                tls: details.as_ref(),
                sasl_username: session.sasl_username.as_deref().filter(|_| shows_login),
                protocol,
            },
            hostname: &settings.hostname,
            mail_name: &settings.mail_name,
            queue_id: session.queue_id.as_deref().unwrap_or_default(),
            recipient,
            time: self.service.services.clock.now(),
        };
        top.push_str(&received.field());
        if self.proxy_content(top.as_bytes()).await {
            return Ok(());
        }
        match &mut self.incoming {
            Some(incoming) => {
                let outcome = incoming.write(top.as_bytes()).await;
                incoming.client_begins();
                outcome
            }
            None => Ok(()),
        }
    }

    /// Puts the content under header_checks(5), whose log lines name client, sender and last recipient.
    async fn inspect_content(&mut self) {
        let local = self.session.forwarded.local.unwrap_or_default();
        let client = self.session.client_attributes(local);
        let call = Call {
            session: self.session.clone(),
            message: None,
            stage: Stage::EndOfData,
            notes: self.notes.clone(),
            instances: self.instances.clone(),
        };
        let Some(transaction) = &self.session.transaction else { return };
        let recipient = transaction.recipients.last().map(|recipient| recipient.address.as_str());
        if let Some(incoming) = &mut self.incoming {
            incoming.inspect(MessageOrigin { client: &client, sender: &transaction.sender, recipient, call }).await;
        }
    }

    /// The content is in: restrictions on it, then the queue, then the reply. `size` is the content's, `extra` stands before
    /// `queued as`.
    pub async fn finish_message(&mut self, size: u64, extra: &str) -> Result<Step, End> {
        self.content_bytes = None;
        let session = self.session_mut();
        session.place = END_OF_MESSAGE;
        if let Some(transaction) = &mut session.transaction {
            transaction.size = size;
        }
        let view = match &mut self.incoming {
            Some(incoming) => Some(incoming.view().await),
            None => None,
        };
        let one = self.session.transaction.as_ref().is_some_and(|t| t.recipients.len() == 1);
        if !one {
            self.session_mut().recipient = None;
        }
        self.reuse.changed(Inputs::CONTENT);
        let decision = if self.service.lists.end_of_data.items.is_empty() || self.session.stand_alone {
            Decision::Go
        } else {
            self.evaluator(view).end_of_data().await
        };
        if !self.heed(decision).await? {
            self.end_transaction();
            return Ok(Step::Failed);
        }
        if let Some(reply) = self.proxy_finish().await {
            let step = if reply.code < 400 { Step::Done } else { Step::Failed };
            match step {
                Step::Done => self.forgive(),
                _ => self.transcript.refused(),
            }
            self.reply(reply).await?;
            self.end_transaction();
            return Ok(step);
        }
        self.commit(extra).await
    }

    async fn commit(&mut self, extra: &str) -> Result<Step, End> {
        // Filters ask for it until the message is queued.
        let kept = self.session.transaction.clone().filter(|_| self.filters.is_some());
        let Some(transaction) = std::mem::replace(&mut self.session_mut().transaction, kept) else {
            return self.fail(refusal(503, (5, 1), "Error: need RCPT command")).await;
        };
        let id = self.session.id().to_string();
        let Some(incoming) = self.incoming.take() else {
            return self.fail_by(ErrorClass::RESOURCE, refusal(451, (3, 0), "Error: queue file write error")).await;
        };
        if transaction.discard {
            drop(incoming);
            self.say(&format!("250 2.0.0 Ok: {extra}queued as {id}")).await?;
            self.end_transaction();
            return Ok(Step::Done);
        }
        let mut envelope = Envelope::new(transaction.sender, self.service.services.clock.now());
        envelope.recipients = transaction.recipients;
        envelope.envelope_id = transaction.envelope_id;
        envelope.return_content = transaction.return_content;
        envelope.eight_bit = transaction.body_type == "8BITMIME";
        envelope.smtputf8 = transaction.smtputf8;
        envelope.content_filter.clone_from(&self.service.settings.content_filter);
        envelope.client = self.session.client_attributes(transaction.local_client);
        envelope.notes = self.notes.all();
        let committed = self.hand_over(incoming, envelope, transaction.edits).await;
        let step = match committed {
            Ok(committed) => {
                self.say(&format!("250 2.0.0 Ok: {extra}queued as {}", committed.queue_id)).await?;
                self.forgive();
                Step::Done
            }
            Err(error) => self.fail_by(class_of_refused_content(&error), error.reply()).await?,
        };
        self.end_transaction();
        Ok(step)
    }

    /// To the queue, past the filters.
    async fn hand_over(
        &mut self,
        incoming: Incoming,
        envelope: Envelope,
        edits: Vec<Edit>,
    ) -> Result<Committed, cleanup::CleanupError> {
        if self.session.stand_alone {
            return incoming.commit_filtered(envelope, edits, Filtering::Local).await;
        }
        let Some(filters) = &mut self.filters else { return incoming.commit(envelope, edits).await };
        let session = self.session.clone();
        let services = &self.service.services;
        let macros = SmtpMacros { session: &session, addresses: &*services.addresses, refusal: None, content: true };
        let call = crate::filters::call(&session, &self.notes, &self.instances);
        let log = &self.service.log;
        let asking = Asking { sockets: &*services.sockets, log, macros: &macros, call: &call, id: session.id() };
        incoming.commit_filtered(envelope, edits, Filtering::Session(filters, asking)).await
    }
}
