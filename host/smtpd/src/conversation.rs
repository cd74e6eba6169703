//! One session from greeting to goodbye: reads commands, keeps the limits, counts, and says in the log how it ended.

use std::{fmt::Write, sync::Arc, time::Duration};

use futures_util::FutureExt;
use hook::{Instances, MessageView, Notes};
use mail::{Reply, Status};
use net::{Connection, Deadline, LineEnd, tls::Stream};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    Session,
    anvil::Counting,
    chat::{End, escaped},
    ehlo_keywords::EhloKeywords,
    restrict::{
        Decision, Tracer,
        defer::Defer,
        eval::{Evaluator, Unlisted},
        reuse::Reuse,
    },
    sasl::Offer,
    service::Generation,
    settings::BareNewline,
    transaction::Incoming,
    transcript::{ErrorClass, Transcript},
    verb::{Flags, Step, VERBS, Verb, bdat::Chunks, refusal, unknown},
};

/// A client and what the server remembers while it talks to it.
pub(crate) struct Conversation<'s, S> {
    pub service: &'s Generation,
    pub line: Connection<Stream<S>>,
    pub deadline: Deadline,
    pub session: Arc<Session>,
    pub defer: Defer,
    pub reuse: Reuse,
    /// Of the session, and of the transaction in progress.
    pub session_notes: Notes,
    pub notes: Notes,
    pub instances: Instances,
    pub incoming: Option<Incoming>,
    /// The filter before the queue, and the argument of MAIL FROM for it.
    pub proxy: Option<crate::proxy::Proxy>,
    pub proxy_mail: String,
    /// One whose transaction ended early: it is owed a farewell.
    pub proxy_left: Option<crate::proxy::Proxy>,
    /// smtpd_milters of this client.
    pub filters: Option<Box<cleanup::FilterSession>>,
    /// A transaction ended, and the filters have not heard of it.
    pub filters_abort: bool,
    pub chunks: Chunks,
    /// SIZE= of the last MAIL FROM: Postfix forgets it only when a transaction ends.
    pub announced_size: u64,
    /// Content bytes received, when the client goes away within them.
    pub content_bytes: Option<u64>,
    pub counting: Option<Counting>,
    /// What AUTH may do now; none: it is not to be had.
    pub sasl: Option<Offer>,
    pub xclient: bool,
    pub xforward: bool,
    /// The client is in debug_peer_list.
    pub debugged: bool,
    pub discarded: EhloKeywords,
    /// smtpd_forbid_bare_newline for this client.
    pub bare_newline: BareNewline,
    pub errors: u32,
    pub hangup: bool,
    /// Something of ours is wrong, such as the proxy in front: the client is sent away.
    pub local_error: bool,
    /// What was said, for postmaster.
    pub transcript: Transcript,
    /// Follows the restrictions, for `waxwing explain`.
    pub tracer: Option<Box<dyn Tracer>>,
    junk: u32,
    access_denied: bool,
    successes: [u32; VERBS.len()],
    totals: [u32; VERBS.len()],
    unknown: u32,
    pub command: Vec<u8>,
}

/// How the session ended, for the log.
enum Reason {
    Ordinary,
    LostConnection,
    Timeout,
    TooManyErrors,
}

impl Reason {
    fn word(&self) -> Option<&'static str> {
        match self {
            Reason::Ordinary => None,
            Reason::LostConnection => Some("lost connection"),
            Reason::Timeout => Some("timeout"),
            Reason::TooManyErrors => Some("too many errors"),
        }
    }
}

impl<'s, S: AsyncRead + AsyncWrite + Unpin> Conversation<'s, S> {
    pub fn new(service: &'s Generation, stream: S, session: Session) -> Self {
        let settings = &service.settings;
        let notes = Notes::default();
        Self {
            service,
            line: Connection::new(Stream::Plain(stream)),
            deadline: match settings.min_data_rate {
                Some(rate) => Deadline::per_request(settings.timeout, rate),
                None => Deadline::per_read(settings.timeout),
            },
            session: Arc::new(session),
            defer: Defer::default(),
            reuse: Reuse::default(),
            session_notes: notes.clone(),
            notes,
            instances: Instances::default(),
            incoming: None,
            proxy: None,
            proxy_mail: String::new(),
            proxy_left: None,
            filters: None,
            filters_abort: false,
            chunks: Chunks::default(),
            announced_size: 0,
            content_bytes: None,
            counting: None,
            sasl: None,
            xclient: false,
            xforward: false,
            debugged: false,
            discarded: settings.discarded,
            bare_newline: settings.bare_newline,
            errors: 0,
            hangup: false,
            local_error: false,
            transcript: Transcript::new(&settings.transcripts, service.post_notice.is_some()),
            tracer: None,
            junk: 0,
            access_denied: false,
            successes: [0; VERBS.len()],
            totals: [0; VERBS.len()],
            unknown: 0,
            command: Vec::new(),
        }
    }

    /// The whole session.
    pub async fn run(mut self) {
        let log = &self.service.log;
        log.info(format_args!("connect from {}", self.session.client.label));
        let mut result = self.talk().await;
        if let Err(End::Timeout) = result {
            // The reply may take no longer than a moment: a client that does not read has no claim to it.
            self.deadline = Deadline::per_read(Duration::from_secs(1));
            let _ = self.close_with(Status::temporary(4, 2), "Error: timeout exceeded").await;
        }
        // What is left to say goes out, also after a timeout; a client that is gone misses nothing.
        if !matches!(result, Err(End::Lost)) {
            let flushed = self.line.flush(&mut self.deadline).await;
            if let (Ok(_), Err(end)) = (&result, flushed) {
                result = Err(end.into());
            }
            self.line.stream_mut().close().await;
        }
        let reason = match result {
            Ok(reason) => reason,
            Err(End::Timeout) => Reason::Timeout,
            Err(End::Lost) => Reason::LostConnection,
            Err(End::Hangup) => Reason::Ordinary,
        };
        self.dismiss_filters().await;
        self.leave_proxy().await;
        self.turn_page(reason.word()).await;
        self.log_end(&reason);
    }

    async fn talk(&mut self) -> Result<Reason, End> {
        loop {
            if !self.greet().await? {
                return Ok(Reason::Ordinary);
            }
            match self.commands().await? {
                Some(reason) => return Ok(reason),
                // XCLIENT: another client, another greeting.
                None => continue,
            }
        }
    }

    /// Limits on connections, then the greeting. False when the session is over.
    pub async fn greet(&mut self) -> Result<bool, End> {
        if self.local_error {
            self.transcript.went_wrong(ErrorClass::SOFTWARE);
            self.close_with(Status::temporary(3, 0), "Server local error").await?;
            return Ok(false);
        }
        self.client_rights().await;
        self.count_client().await;
        if self.over_connection_limit().await? {
            return Ok(false);
        }
        if !self.start_wrapper().await? {
            return Ok(false);
        }
        self.activate_sasl().await?;
        self.note_early_commands().await;
        let decision = if self.session.stand_alone { Decision::Go } else { self.evaluator(None).connect().await };
        match decision {
            Decision::Go => match self.filter_connection().await {
                None => self.say_banner().await?,
                Some(reply) => self.reply(reply).await?,
            },
            Decision::Refuse(reply) => {
                self.access_denied = true;
                self.transcript.refused();
                self.reply(reply).await?;
            }
            Decision::Hangup => return Err(End::Hangup),
        }
        Ok(!self.hangup)
    }

    async fn say_banner(&mut self) -> Result<(), End> {
        let service = self.service;
        self.write_lines(|output| {
            output.extend_from_slice(b"220 ");
            output.extend_from_slice(service.settings.banner.as_bytes());
            output.extend_from_slice(b"\r\n");
        });
        Ok(())
    }

    /// What this client may do, by its address.
    async fn client_rights(&mut self) {
        let settings = &self.service.settings;
        let client = &self.session.client;
        let listed =
            async |parameter: &'static str, wanted: bool| wanted && self.service.lists_client(parameter, client).await;
        let xclient = listed("smtpd_authorized_xclient_hosts", settings.has_xclient_hosts).await;
        // Asked of the real client alone: XFORWARD stays allowed after XCLIENT, as in Postfix.
        let xforward = self.xforward || listed("smtpd_authorized_xforward_hosts", settings.has_xforward_hosts).await;
        let reject = settings.bare_newline == BareNewline::Reject;
        let spared = listed("smtpd_forbid_bare_newline_exclusions", reject).await;
        let discarded = self.service.discarded_keywords(&client.address).await;
        let debugged = listed("debug_peer_list", settings.has_debug_peers).await;
        (self.xclient, self.xforward, self.discarded) = (xclient, xforward, discarded);
        self.debugged = debugged;
        self.bare_newline = if reject && spared { BareNewline::Normalize } else { settings.bare_newline };
    }

    /// From here on anvil(8) counts what the client does. As in Postfix it does not hear of those who may have no limits.
    async fn count_client(&mut self) {
        let Ok(address) = self.session.client.address.parse() else { return };
        // One that XCLIENT put aside ends before the next begins.
        self.counting = None;
        let watched = self.service.settings.client_limits.any() && !self.session.stand_alone && self.tracer.is_none();
        if watched && !self.xclient && !self.is_event_exception().await {
            self.counting = Some(self.service.count_connection(address));
        }
    }

    async fn over_connection_limit(&mut self) -> Result<bool, End> {
        let limits = &self.service.settings.client_limits;
        let Some(counting) = &self.counting else { return Ok(false) };
        let (connections, rate) = (counting.connections, counting.rate);
        let too_many = limits.connections > 0 && connections > limits.connections;
        let too_fast = limits.connection_rate > 0 && rate > limits.connection_rate;
        self.session_mut().connections = connections;
        if !(too_many || too_fast) {
            return Ok(false);
        }
        let (what, number) = if too_many { ("concurrency", connections) } else { ("rate", rate) };
        let (label, address) = (self.session.client.label.clone(), self.session.client.address.clone());
        let service = &self.service.settings.service;
        self.transcript.went_wrong(ErrorClass::POLICY);
        self.close_with(Status::temporary(7, 0), &format!("Error: too many connections from {address}")).await?;
        self.service
            .log
            .warning(format_args!("Connection {what} limit exceeded: {number} from {label} for service {service}"));
        Ok(true)
    }

    /// smtpd_client_event_limit_exceptions.
    pub async fn is_event_exception(&self) -> bool {
        self.service.lists_client("smtpd_client_event_limit_exceptions", &self.session.client).await
    }

    /// Commands that came before the greeting.
    async fn note_early_commands(&mut self) {
        // One look without waiting; an end of the connection shows when the first command is read.
        let _ = self.line.fill(&mut self.deadline).now_or_never();
        if !self.line.buffered().is_empty() {
            self.note_pipelining("CONNECT");
        }
    }

    fn note_pipelining(&mut self, after: &str) {
        if self.session.pipelined_early {
            return;
        }
        let text = escaped(self.line.buffered(), 100);
        let label = &self.session.client.label;
        self.service.log.info(format_args!("improper command pipelining after {after} from {label}: {text}"));
        self.session_mut().pipelined_early = true;
        self.reuse.changed(hook::Inputs::CONNECTION);
    }

    /// Commands until the end; none when the session begins anew.
    async fn commands(&mut self) -> Result<Option<Reason>, End> {
        loop {
            if self.hangup {
                return Ok(Some(Reason::Ordinary));
            }
            if self.errors >= self.service.settings.hard_error_limit {
                self.close_with(Status::temporary(7, 0), "Error: too many errors").await?;
                return Ok(Some(Reason::TooManyErrors));
            }
            self.deadline.restart();
            if !self.read_command().await? {
                continue;
            }
            if !self.service.settings.command_filter.is_empty() && !self.filter_command().await? {
                continue;
            }
            let command = std::mem::take(&mut self.command);
            let step = match std::str::from_utf8(&command) {
                Ok(line) => self.command(line).await,
                Err(_) if self.service.settings.smtputf8 => {
                    self.fail(refusal(500, (5, 2), "Error: bad UTF-8 syntax")).await
                }
                Err(_) => self.command(&String::from_utf8_lossy(&command)).await,
            };
            self.command = command;
            if self.filters_abort {
                self.abort_filters().await;
            }
            if self.proxy_left.is_some() {
                self.leave_proxy().await;
            }
            match step? {
                Step::Done => {}
                Step::Failed => self.errors += 1,
                Step::Restart => return Ok(None),
                Step::Quit => return Ok(Some(Reason::Ordinary)),
            }
        }
    }

    /// Reads a line; false when it was answered already.
    pub async fn read_command(&mut self) -> Result<bool, End> {
        let limit = self.service.settings.line_length_limit;
        let end = self.line.read_line(limit, &mut self.deadline, &mut self.command).await?;
        self.transcript.heard(&self.command);
        if self.debugged {
            self.log_command();
        }
        let label = &self.session.client.label;
        match end {
            LineEnd::TooLong => {
                let front = escaped(&self.command, 30);
                self.service.log.warning(format_args!("{label}: request longer than {limit}: {front}..."));
            }
            LineEnd::Lf if self.bare_newline == BareNewline::Reject => {
                self.refuse_bare_newline().await?;
                self.hangup = true;
                return Ok(false);
            }
            _ => {}
        }
        Ok(true)
    }

    /// The line read last.
    pub fn command_line(&self) -> &[u8] {
        &self.command
    }

    /// smtpd_forbid_bare_newline = reject.
    pub async fn refuse_bare_newline(&mut self) -> Result<(), End> {
        let text = "bare <LF> received";
        crate::restrict::log::happened(&self.service.log, &self.session, "reject", format_args!("{text}"));
        let settings = &self.service.settings;
        let reply = refusal(settings.bare_newline_code, (5, 2), &format!("{} Error: {text}", settings.hostname));
        self.reply(reply).await
    }

    pub async fn command(&mut self, line: &str) -> Result<Step, End> {
        let line = line.trim_matches(|c: char| c.is_ascii_whitespace());
        let end = line.find(|c: char| c.is_ascii_whitespace()).unwrap_or(line.len());
        let (name, argument) = (&line[..end], line[end..].trim_start());
        if name.is_empty() {
            return self.fail(refusal(500, (5, 2), "Error: bad syntax")).await;
        }
        if self.service.settings.has_noop_commands && self.service.lists_word("smtpd_noop_commands", name).await {
            self.say("250 2.0.0 Ok").await?;
            return Ok(self.count_junk(Step::Done));
        }
        let Some(number) = Verb::find(name) else {
            self.unknown += 1;
            return unknown::run(self, line, name, self.access_denied).await;
        };
        let verb = &VERBS[number];
        self.totals[number] += 1;
        if verb.flags.contains(Flags::LAST) && !self.line.buffered().is_empty() {
            self.note_pipelining(verb.name);
            if self.service.settings.forbid_pipelining {
                return self.fail(refusal(554, (5, 0), "Error: SMTP protocol synchronization").closing()).await;
            }
        }
        if self.access_denied && verb.name != "QUIT" {
            self.deny_access().await?;
            return Ok(Step::Failed);
        }
        if self.service.settings.tls.enforced && self.session.tls.is_none() && !self.may_precede_tls(verb) {
            return self.demand_tls().await;
        }
        self.session_mut().place = verb.name;
        let step = verb.run(self, argument).await?;
        if matches!(step, Step::Done | Step::Quit) {
            self.successes[number] += 1;
        }
        Ok(if verb.flags.contains(Flags::LIMIT) { self.count_junk(step) } else { step })
    }

    fn may_precede_tls(&self, verb: &Verb) -> bool {
        verb.flags.contains(Flags::PRE_TLS) || self.session.stand_alone
    }

    /// A refused client may only QUIT. RFC 5321 section 3.1.
    pub async fn deny_access(&mut self) -> Result<(), End> {
        let text = format!("Error: access denied for {}", self.session.client.label);
        self.reply(refusal(503, (7, 0), &text)).await
    }

    /// A message got through: the client's errors are forgiven.
    pub fn forgive(&mut self) {
        self.errors = 0;
        self.junk = 0;
        self.transcript.forgive();
    }

    /// smtpd_junk_command_limit.
    fn count_junk(&mut self, step: Step) -> Step {
        let over = self.junk > self.service.settings.junk_command_limit;
        self.junk += 1;
        if over && step == Step::Failed {
            self.errors += 1;
        }
        if over && step == Step::Done { Step::Failed } else { step }
    }

    /// An evaluation of restrictions at this point.
    pub fn evaluator(&mut self, message: Option<Arc<dyn MessageView>>) -> Evaluator<'_> {
        Evaluator {
            lists: &self.service.lists,
            settings: &self.service.settings,
            log: &self.service.log,
            session: &mut self.session,
            defer: &mut self.defer,
            transcript: &mut self.transcript,
            reuse: &mut self.reuse,
            notes: &self.notes,
            instances: &self.instances,
            message,
            tracer: self.tracer.as_mut().map(|tracer| &mut **tracer as &mut dyn Tracer),
            unlisted: Unlisted::default(),
        }
    }

    /// What a decision means for the client; true when it may go on.
    pub async fn heed(&mut self, decision: Decision) -> Result<bool, End> {
        match decision {
            Decision::Go => Ok(true),
            Decision::Refuse(reply) => {
                self.transcript.refused();
                self.reply(reply).await?;
                Ok(false)
            }
            Decision::Hangup => Err(End::Hangup),
        }
    }

    /// Says why a command is refused, and counts it: the client does not keep to the protocol.
    pub async fn fail(&mut self, reply: Reply) -> Result<Step, End> {
        self.fail_by(ErrorClass::PROTOCOL, reply).await
    }

    /// The same for another reason.
    pub async fn fail_by(&mut self, class: ErrorClass, reply: Reply) -> Result<Step, End> {
        self.transcript.went_wrong(class);
        self.reply(reply).await?;
        Ok(Step::Failed)
    }

    fn log_end(&self, reason: &Reason) {
        let (log, label, place) = (&self.service.log, &self.session.client.label, self.session.place);
        match (reason.word(), self.content_bytes) {
            (None, _) => {}
            (Some(word), Some(bytes)) => log.info(format_args!("{word} after {place} ({bytes} bytes) from {label}")),
            (Some(word), None) => log.info(format_args!("{word} after {place} from {label}")),
        }
        log.info(format_args!("disconnect from {label}{}", self.statistics()));
    }

    /// ` ehlo=1 mail=1 rcpt=0/1 commands=2/3`.
    fn statistics(&self) -> String {
        let mut out = String::with_capacity(96);
        let mut add = |name: &str, success: u32, total: u32| {
            // Writing to a String cannot fail.
            let _ = match success == total && total > 0 {
                true => write!(out, " {name}={total}"),
                false => write!(out, " {name}={success}/{total}"),
            };
        };
        for (number, verb) in VERBS.iter().enumerate() {
            if self.totals[number] > 0 {
                add(verb.counter, self.successes[number], self.totals[number]);
            }
        }
        if self.unknown > 0 {
            add("unknown", 0, self.unknown);
        }
        add("commands", self.successes.iter().sum(), self.totals.iter().sum::<u32>() + self.unknown);
        out
    }
}
