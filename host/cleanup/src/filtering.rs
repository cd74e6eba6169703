//! What the answers of filters do to a message, and the lines that say so.

use hook::{Call, MailLog};
use mail::{Envelope, Reply, Status};

use crate::{
    Answer, Asking, CleanupError, FilterSession, Filtering, Incoming, MessageOrigin, Overrides,
    cleanup::local_call,
    draft::Draft,
    inspection::Inspection,
    milters::{CLIENT_ADDRESS, CLIENT_NAME, LocalMacros, Message, answer_text, simulate},
};

/// What has become of a message so far.
struct Fate<'a> {
    log: &'a MailLog,
    id: &'a str,
    /// ` from name[address]` and ` from=<> to=<> proto= helo=<>`.
    client: String,
    details: String,
    held: bool,
    discarded: bool,
    refused: Option<CleanupError>,
}

impl Fate<'_> {
    /// An answer; false when nobody else is to be asked.
    fn hear(&mut self, event: &str, recipient: Option<&str>, answer: Answer) -> bool {
        let (action, text) = match &answer {
            Answer::Hold if self.held => return true,
            Answer::Hold => ("milter-hold", "milter triggers HOLD action".to_string()),
            Answer::Discard => ("milter-discard", "milter triggers DISCARD action".to_string()),
            Answer::Shutdown => ("milter-reject", "4.7.0 Server closing connection".to_string()),
            // The code is not logged: Postfix knows it only later.
            Answer::Reply(text) => ("milter-reject", answer_text(text).get(4..).unwrap_or_default().to_string()),
        };
        let (id, client) = (self.id, &self.client);
        // What was not told yet is not known yet.
        let details = match event {
            "CONNECT" | "EHLO" => String::new(),
            "END-OF-MESSAGE" => self.details.clone(),
            _ => {
                let sender = self.details.split(" to=<").next().unwrap_or_default();
                let recipient = recipient.map(|recipient| format!(" to=<{recipient}>")).unwrap_or_default();
                format!("{sender}{recipient}")
            }
        };
        self.log.info(format_args!("{id}: {action}: {event}{client}: {text};{details}"));
        match answer {
            Answer::Hold => self.held = true,
            Answer::Discard => self.discarded = true,
            Answer::Reply(_) if event == "RCPT" => {
                self.log.warning(format_args!(
                    "{id}: milter configuration error: can't reject recipient in non-smtpd(8) submission"
                ));
                self.log.warning(format_args!("{id}: deferring delivery of this message"));
                let reply = Reply::new(451, Status::temporary(3, 0), "Error: internal error 1");
                self.refused = Some(CleanupError::PeerContentRefused(Box::new(reply)));
            }
            Answer::Reply(_) | Answer::Shutdown => {
                self.refused = answer.reply().map(|reply| CleanupError::PeerContentRefused(Box::new(reply)));
            }
        }
        self.held && !self.discarded && self.refused.is_none()
    }
}

impl Incoming {
    /// All filters, one after the other; true when the message is to be discarded. `given` is the envelope as it came.
    pub(crate) async fn filter(
        &mut self,
        filtering: Filtering<'_>,
        given: &Envelope,
        draft: &mut Draft,
        envelope: &mut Envelope,
    ) -> Result<bool, CleanupError> {
        let cleanup = self.cleanup.clone();
        let id = self.id.clone();
        let log = &cleanup.log;
        match filtering {
            Filtering::No => Ok(false),
            Filtering::Session(filters, asking) => {
                let mut fate = self.fate(log, given, asking.call.clone()).await;
                let asking = Asking { log, ..asking };
                self.show(filters, &asking, &mut fate, draft, envelope).await?;
                fate.settle(envelope)
            }
            Filtering::Local => {
                let Some((filters, sockets)) = &cleanup.filters else { return Ok(false) };
                let mut client = given.client.clone();
                if client.address.is_empty() {
                    (client.name, client.address) = (CLIENT_NAME.to_string(), CLIENT_ADDRESS.to_string());
                }
                let seen = Envelope { client, ..given.clone() };
                let call = local_call(id.clone(), &seen);
                let mut fate = self.fate(log, &seen, call.clone()).await;
                let mut macros = LocalMacros { id: id.clone(), sender: None, recipient: None };
                let mut filters = FilterSession::new(filters);
                simulate(
                    &mut filters,
                    &seen,
                    &mut macros,
                    (&**sockets, log, &call, &id),
                    |event, recipient, answer| fate.hear(event, recipient, answer),
                )
                .await;
                let asking = Asking { sockets: &**sockets, log, macros: &macros, call: &call, id: &id };
                let outcome = match fate.discarded || fate.refused.is_some() {
                    true => Ok(()),
                    false => self.show(&mut filters, &asking, &mut fate, draft, envelope).await,
                };
                filters.quit(&asking).await;
                outcome?;
                fate.settle(envelope)
            }
        }
    }

    async fn fate<'a>(&'a self, log: &'a MailLog, given: &Envelope, call: Call) -> Fate<'a> {
        let recipient = given.recipients.last().map(|recipient| recipient.address.as_str());
        let origin = MessageOrigin { client: &given.client, sender: &given.sender, recipient, call };
        let (all, _) = self.cleanup.details(&self.id, &origin).await;
        let (client, details) = all.split_once(';').unwrap_or((&all, ""));
        let (client, details) = (client.to_string(), details.to_string());
        Fate { log, id: &self.id, client, details, held: given.hold.is_some(), discarded: false, refused: None }
    }

    async fn show(
        &self,
        filters: &mut FilterSession,
        asking: &Asking<'_>,
        fate: &mut Fate<'_>,
        draft: &mut Draft,
        envelope: &mut Envelope,
    ) -> Result<(), CleanupError> {
        let mapping = !self.overrides.contains(Overrides::NO_ADDRESS_MAPPINGS);
        let client = envelope.client.clone();
        let sender = envelope.sender.clone();
        let last = envelope.recipients.last().map(|recipient| recipient.address.clone());
        let mut inspection = match self.cleanup.checks.of_milter_header() {
            None => None,
            Some(_) => {
                let call = asking.call.clone();
                let origin = MessageOrigin { client: &client, sender: &sender, recipient: last.as_deref(), call };
                Some(Inspection::new(self.cleanup.clone(), &self.id, origin).await)
            }
        };
        let (cleanup, id) = (&self.cleanup, self.id.as_str());
        let mut message = Message { cleanup, id, draft, envelope, inspection: inspection.as_mut(), mapping };
        let before = message.envelope.recipients.len();
        let answer = filters.message(&mut message, asking).await?;
        if let Some(answer) = answer {
            fate.hear("END-OF-MESSAGE", None, answer);
        }
        // What milter_header_checks asked for; their log lines are written.
        let asked = inspection.map(|inspection| inspection.edits).unwrap_or_default();
        let mut message = Message { cleanup, id, draft, envelope, inspection: None, mapping };
        match message.apply(&asked).await? {
            Some(Answer::Hold) => fate.held = true,
            Some(Answer::Discard) => fate.discarded = true,
            _ => {}
        }
        if before > 0 && envelope.recipients.is_empty() {
            fate.discarded = true;
        }
        // What plugins noted meanwhile.
        if !asking.call.notes.is_empty() {
            envelope.notes = asking.call.notes.all();
        }
        envelope.eight_bit |= draft.wrote_eight_bit();
        Ok(())
    }
}

impl Fate<'_> {
    fn settle(self, envelope: &mut Envelope) -> Result<bool, CleanupError> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        if self.held && envelope.hold.is_none() {
            envelope.hold = Some("milter triggers HOLD action".to_string());
        }
        Ok(self.discarded)
    }
}
