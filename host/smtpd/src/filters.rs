//! smtpd_milters: when filters hear of the session, and what their answers do to it. The filters themselves are cleanup's.

use std::sync::Arc;

use cleanup::{Answer, Asking, FilterSession, FilterSettings, Filters, Macros};
use config::Config;
use hook::{
    Addresses, BoxFuture, Call, Edit, FilterSource, Instances, NameStatus, Notes, Resolution, SearchOrder, Stage,
};
use mail::{Reply, Status, address, command, path};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    Client, Session, SmtpdError, conversation::Conversation, parameters as p, restrict::Decision, service::Generation,
};

/// smtpd_milters and smtpd_milter_maps of a service.
pub(crate) struct ServiceFilters {
    settings: Arc<FilterSettings>,
    listed: Option<Arc<Filters>>,
    /// smtpd_milter_maps; empty: none.
    maps: String,
    source: Arc<dyn FilterSource>,
}

impl ServiceFilters {
    /// None where there can be no filters: nothing has to be looked up for a session.
    pub fn read(
        config: &Config,
        no_milters: bool,
        source: Arc<dyn FilterSource>,
    ) -> Result<Option<Arc<Self>>, SmtpdError> {
        let (text, maps) = (config.get(&p::SMTPD_MILTERS), config.get(&p::SMTPD_MILTER_MAPS));
        if no_milters || (text.trim().is_empty() && maps.trim().is_empty()) {
            return Ok(None);
        }
        let wrong = |why| SmtpdError::ConfigFilters { why };
        let settings = Arc::new(FilterSettings::from(config).map_err(wrong)?);
        let listed = if text.trim().eq_ignore_ascii_case(DISABLE) { "" } else { &text };
        let listed = Filters::parse(&settings, listed, &*source).map_err(wrong)?;
        Ok(Some(Arc::new(Self { settings, listed, maps, source })))
    }

    /// The tables to open.
    pub fn maps(&self) -> &str {
        &self.maps
    }
}

/// What smtpd_milter_maps says for clients whose mail is not filtered.
const DISABLE: &str = "DISABLE";

impl Generation {
    /// The filters for a client. The error is a table or an entry of it that cannot be used.
    async fn filters_of(&self, address: &str) -> Result<Option<Box<FilterSession>>, String> {
        let Some(filters) = &self.filters else { return Ok(None) };
        let session = |filters: &Option<Arc<Filters>>| filters.as_ref().map(|f| Box::new(FilterSession::new(f)));
        if filters.maps.is_empty() {
            return Ok(session(&filters.listed));
        }
        match self.services.tables.find(SearchOrder::Exact, &filters.maps, address).wait().await {
            Ok(None) => Ok(session(&filters.listed)),
            Ok(Some(found)) if found.value.trim().eq_ignore_ascii_case(DISABLE) => Ok(None),
            Ok(Some(found)) => {
                Filters::parse(&filters.settings, &found.value, &*filters.source).map(|filters| session(&filters))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The arguments of MAIL and RCPT as filters get them: the address as it was given, then the parameters.
fn arguments<'a>(argument: &'a str, word: &str, smtputf8: bool) -> Vec<std::borrow::Cow<'a, str>> {
    let given = command::path_argument(argument, word).unwrap_or(argument);
    let syntax = path::Syntax { strict: false, smtputf8 };
    let Ok(parsed) = path::parse(given, syntax) else { return vec![given.into()] };
    std::iter::once(parsed.external.into()).chain(parsed.rest.split_ascii_whitespace().map(Into::into)).collect()
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S> {
    /// CONNECT. What is said in place of the greeting, if anything is.
    pub async fn filter_connection(&mut self) -> Option<Reply> {
        self.dismiss_filters().await;
        if self.tracer.is_some() || self.session.stand_alone {
            return None;
        }
        let hostname = &self.service.settings.hostname;
        self.filters = match self.service.filters_of(&self.session.client.address).await {
            Ok(filters) => filters,
            Err(why) => {
                // Mail that should be filtered is not taken unfiltered.
                self.service.log.warning(format_args!("smtpd_milter_maps: {why}"));
                let status = Status::temporary(3, 5);
                return Some(Reply::new(421, status, &format!("{hostname} Server configuration error")).closing());
            }
        };
        let client = self.session.client.clone();
        let answer = self.tell_filters(Told::Connect(&client), None).await;
        let reply = self.heed_filters(answer)?;
        match reply.code {
            500.. => {
                self.errors += 1;
                Some(Reply::plain(554, &format!("{hostname} ESMTP not accepting connections")))
            }
            421 => Some(Reply::plain(421, &format!("{hostname} Service unavailable - try again later"))),
            _ => None,
        }
    }

    /// HELO and EHLO. As in Sendmail only 421 is told now; another refusal stands for the commands that follow.
    pub async fn filter_helo(&mut self) -> Option<Reply> {
        let name = self.session.helo.clone()?;
        let answer = self.tell_filters(Told::Helo(&name), None).await;
        self.heed_filters(answer).filter(|reply| reply.code == 421)
    }

    /// MAIL FROM, its transaction begun.
    pub async fn filter_mail(&mut self, argument: &str) -> Decision {
        let smtputf8 = self.session.transaction.as_ref().is_some_and(|t| t.smtputf8);
        let arguments = arguments(argument, "FROM", smtputf8);
        let arguments: Vec<&str> = arguments.iter().map(|argument| &**argument).collect();
        let answer = self.tell_filters(Told::Mail(&arguments), None).await;
        self.decided(answer)
    }

    /// RCPT TO, the recipient set. What restrictions refused stays refused, whatever is said here.
    pub async fn filter_rcpt(&mut self, argument: &str, decision: Decision) -> Decision {
        let refusal = match &decision {
            Decision::Go => None,
            Decision::Refuse(reply) => Some(reply.clone()),
            Decision::Hangup => return decision,
        };
        if refusal.is_some() && !self.filters.as_ref().is_some_and(|filters| filters.wants_refused()) {
            return decision;
        }
        let smtputf8 = self.session.transaction.as_ref().is_some_and(|t| t.smtputf8);
        let arguments = arguments(argument, "TO", smtputf8);
        let arguments: Vec<&str> = arguments.iter().map(|argument| &**argument).collect();
        let refused = refusal.is_some();
        let answer = self.tell_filters(Told::Rcpt(&arguments, refused), refusal).await;
        if refused { decision } else { self.decided(answer) }
    }

    /// DATA, or the first BDAT.
    pub async fn filter_data(&mut self) -> Decision {
        let answer = self.tell_filters(Told::Data, None).await;
        self.decided(answer)
    }

    /// A command that is none.
    pub async fn filter_unknown(&mut self, line: &str) -> Option<Reply> {
        let answer = self.tell_filters(Told::Unknown(line), None).await;
        self.heed_filters(answer)
    }

    /// What an earlier answer means for a command that filters do not hear of: `whole` as it is, else a 4XX is told as 454.
    pub fn filter_other(&self, whole: bool) -> Option<Reply> {
        let reply = self.filters.as_ref()?.other()?.reply()?;
        match reply.code {
            500.. => Some(reply),
            _ if whole => Some(reply),
            _ => Some(Reply::new(454, Status::temporary(3, 0), "Try again later")),
        }
    }

    /// The transaction ended: filters hear of it before anything else.
    pub async fn abort_filters(&mut self) {
        if self.filters_abort {
            self.tell_filters(Told::Nothing, None).await;
        }
    }

    /// The session ended.
    pub async fn dismiss_filters(&mut self) {
        if self.filters.is_some() {
            self.filters_abort |= self.session.transaction.is_some();
            self.tell_filters(Told::Quit, None).await;
            self.filters = None;
        }
    }

    /// Tells the filters, unless the message is discarded already. What ended before is told first.
    async fn tell_filters(&mut self, told: Told<'_>, refusal: Option<Reply>) -> Option<Answer> {
        let ended = std::mem::take(&mut self.filters_abort);
        let mut filters = self.filters.take()?;
        let session = self.session.clone();
        let services = &self.service.services;
        let macros = SmtpMacros { session: &session, addresses: &*services.addresses, refusal, content: false };
        let call = call(&session, &self.notes, &self.instances);
        let log = &self.service.log;
        let asking = Asking { sockets: &*services.sockets, log, macros: &macros, call: &call, id: session.id() };
        // As by Postfix, which resets its session after it told of HELO.
        let late = matches!(told, Told::Helo(_));
        if ended && !late {
            filters.abort(&asking).await;
        }
        let discarded = session.transaction.as_ref().is_some_and(|transaction| transaction.discard);
        let answer = match told {
            Told::Quit => {
                filters.quit(&asking).await;
                None
            }
            _ if discarded => None,
            Told::Nothing => None,
            Told::Connect(client) => filters.connect(&client.name, &client.address, client.port, &asking).await,
            Told::Helo(name) => filters.helo(name, &asking).await,
            Told::Mail(arguments) => filters.mail(arguments, &asking).await,
            Told::Rcpt(arguments, refused) => filters.rcpt(arguments, refused, &asking).await,
            Told::Data => filters.data(&asking).await,
            Told::Unknown(line) => filters.unknown(line, &asking).await,
        };
        if ended && late {
            filters.abort(&asking).await;
        }
        self.filters = Some(filters);
        answer
    }

    fn decided(&mut self, answer: Option<Answer>) -> Decision {
        self.heed_filters(answer).map_or(Decision::Go, Decision::Refuse)
    }

    /// Logs an answer, and keeps in mind what concerns the message.
    fn heed_filters(&mut self, answer: Option<Answer>) -> Option<Reply> {
        let answer = answer?;
        let reply = answer.reply();
        let (word, text) = match &answer {
            Answer::Hold => ("milter-hold", "milter triggers HOLD action".to_string()),
            Answer::Discard => ("milter-discard", "milter triggers DISCARD action".to_string()),
            Answer::Shutdown | Answer::Reply(_) => ("milter-reject", answer.log_text()),
        };
        crate::restrict::log::happened(&self.service.log, &self.session, word, format_args!("{text}"));
        if let Some(transaction) = &mut self.session_mut().transaction {
            match answer {
                Answer::Hold => transaction.edits.push(Edit::Hold(text)),
                Answer::Discard => transaction.discard = true,
                Answer::Shutdown | Answer::Reply(_) => {}
            }
        }
        reply
    }
}

/// What filters hear of before the content.
enum Told<'a> {
    /// Only that the transaction ended.
    Nothing,
    Connect(&'a Client),
    Helo(&'a str),
    Mail(&'a [&'a str]),
    Rcpt(&'a [&'a str], bool),
    Data,
    Unknown(&'a str),
    Quit,
}

/// What a plugin of the world filter may ask of the session.
pub(crate) fn call(session: &Arc<Session>, notes: &Notes, instances: &Instances) -> Call {
    let stage = match session.place {
        "CONNECT" => Stage::Client,
        "HELO" | "EHLO" => Stage::Helo,
        "MAIL" => Stage::Sender,
        "RCPT" => Stage::Recipient,
        "DATA" | "BDAT" => Stage::Data,
        _ => Stage::EndOfData,
    };
    Call { session: session.clone(), message: None, stage, notes: notes.clone(), instances: instances.clone() }
}

/// Sendmail's macros of a session.
pub(crate) struct SmtpMacros<'a> {
    pub session: &'a Session,
    pub addresses: &'a dyn Addresses,
    /// What the recipient was refused with.
    pub refusal: Option<Reply>,
    /// The message is told of, of which cleanup(8) of Postfix knows less than smtpd(8).
    pub content: bool,
}

/// MILTER_README promises those of TLS for the content, too; 3.7 does not send them. libmilter keeps what came with HELO.
const ONLY_BEFORE_CONTENT: [&str; 13] = [
    "{cert_issuer}",
    "{cert_subject}",
    "{cipher}",
    "{cipher_bits}",
    "{tls_version}",
    "{client_connections}",
    "{client_resolve}",
    "{mail_addr}",
    "{mail_host}",
    "{mail_mailer}",
    "{rcpt_addr}",
    "{rcpt_host}",
    "{rcpt_mailer}",
];

impl SmtpMacros<'_> {
    /// Transport, next hop and address of an envelope address; of the null sender nothing.
    async fn resolved(&self, address: &str, which: fn(Resolution) -> String) -> Option<String> {
        let sender = self.session.sender().unwrap_or_default();
        self.addresses.resolve(address, sender).await.ok().map(which)
    }

    /// Where mail to the sender goes. That to the null sender goes to MAILER-DAEMON.
    async fn of_sender(&self, which: fn(Resolution) -> String) -> Option<String> {
        match self.session.sender()? {
            "" => self.resolved("MAILER-DAEMON", which).await,
            sender => self.resolved(sender, which).await,
        }
    }

    /// A refused recipient has `error`, the status and the text.
    async fn of_recipient(&self, which: fn(Resolution) -> String, of_refusal: fn(&Reply) -> String) -> Option<String> {
        match (&self.refusal, &self.session.recipient) {
            (Some(refusal), Some(_)) => Some(of_refusal(refusal)),
            (None, Some(recipient)) => self.resolved(recipient, which).await,
            (_, None) => None,
        }
    }

    fn client(&self) -> &Client {
        &self.session.client
    }

    /// `name [address]`, and whether the name may be a lie.
    fn client_label(&self) -> String {
        let client = self.client();
        let forged = !client.name.eq_ignore_ascii_case(&client.reverse_name);
        let doubt = if forged { " (may be forged)" } else { "" };
        format!("{} [{}]{doubt}", client.reverse_name, client.address)
    }

    async fn find(&self, name: &str) -> Option<String> {
        let session = self.session;
        if self.content && ONLY_BEFORE_CONTENT.contains(&name) {
            return None;
        }
        let quoted = |resolution: Resolution| address::quote(&resolution.recipient).into_owned();
        match name {
            "i" => session.queue_id.clone(),
            "_" => Some(self.client_label()),
            "{client_addr}" => Some(self.client().address.clone()),
            "{client_connections}" => Some(session.connections.to_string()),
            "{client_name}" => Some(self.client().name.clone()),
            "{client_port}" => Some(self.client().port.to_string()),
            "{client_ptr}" => Some(self.client().reverse_name.clone()),
            "{client_resolve}" => Some(resolved_as(self.client().name_status).to_string()),
            "{daemon_addr}" => Some(self.client().server_address.clone()),
            "{daemon_port}" => Some(self.client().server_port.to_string()),
            "{tls_version}" => session.tls.as_ref().map(|tls| tls.protocol.to_string()),
            "{cipher}" => session.tls.as_ref().map(|tls| tls.cipher.clone()),
            "{cipher_bits}" => session.tls.as_ref().map(|tls| tls.used_bits.to_string()),
            // Names that no authority vouches for are anybody's.
            "{cert_subject}" => session.certificate().filter(|c| c.trusted).map(|c| c.subject.clone()),
            "{cert_issuer}" => session.certificate().filter(|c| c.trusted).map(|c| c.issuer.clone()),
            "{auth_type}" => session.sasl_method.clone(),
            "{auth_authen}" => session.sasl_username.clone(),
            "{auth_author}" => session.sasl_sender.clone(),
            "{mail_addr}" if session.sender() == Some("") => Some(String::new()),
            "{mail_addr}" => self.of_sender(quoted).await,
            "{mail_host}" => self.of_sender(|resolution| resolution.nexthop).await,
            "{mail_mailer}" => self.of_sender(|resolution| resolution.transport).await,
            // The text without the address in front of it.
            "{rcpt_addr}" => {
                let text = |refusal: &Reply| {
                    let text = refusal.lines.join(" ");
                    text.split_once(' ').map_or(String::new(), |(_, rest)| rest.to_string())
                };
                self.of_recipient(quoted, text).await
            }
            "{rcpt_host}" => {
                let status = |refusal: &Reply| refusal.status.map(|status| status.to_string()).unwrap_or_default();
                self.of_recipient(|resolution| resolution.nexthop, status).await
            }
            "{rcpt_mailer}" => self.of_recipient(|resolution| resolution.transport, |_| "error".to_string()).await,
            _ => None,
        }
    }
}

impl Macros for SmtpMacros<'_> {
    fn value<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(self.find(name))
    }
}

fn resolved_as(status: NameStatus) -> &'static str {
    match status {
        NameStatus::Verified => "OK",
        NameStatus::Forged => "FORGED",
        NameStatus::TemporaryFailure => "TEMP",
        NameStatus::NotFound | NameStatus::Unchecked => "FAIL",
    }
}
