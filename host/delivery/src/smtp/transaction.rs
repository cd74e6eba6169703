//! One message over one session: MAIL, RCPT, DATA, the content, and what each reply means. RFC 5321 section 3.3.

use std::borrow::Cow;

use hook::{MailLog, Notify, Request};
use mail::{Status, address::quote, uxtext, xtext};
use net::Deadline;

use super::{
    body::Stuffing,
    content::Rules,
    progress::{Progress, Reason},
    reply::{Reply, Trouble},
    session::{Features, Session},
    settings::Settings,
};

/// With PIPELINING so many bytes of commands are sent before replies are read: less than any socket buffer, so that
/// neither side waits for the other (RFC 2920 section 3.1).
const WINDOW: usize = 4096;

/// What is left of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Ready for another message.
    Ready,
    /// In order, but not to be kept: QUIT is due.
    Quit,
    /// QUIT was sent, or it broke.
    Closed,
    /// It had been used before and was gone when the first command was sent: nothing happened.
    Stale,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Mail,
    Rcpt(usize),
    Data,
}

/// A message on its way.
pub struct Transaction<'s, 'p, 'r> {
    pub session: &'s mut Session,
    pub progress: &'p mut Progress<'r>,
    pub settings: &'s Settings,
    pub log: &'s MailLog,
    /// What changes content and addresses on the way out.
    pub rules: &'s Rules,
    /// The envelope by smtp_generic_maps: sender, then all recipients.
    pub addresses: Vec<String>,
    /// Keep the session open for more.
    pub keep: bool,
}

impl Transaction<'_, '_, '_> {
    /// Runs it; every open recipient is dealt with afterwards.
    pub async fn run(mut self) -> End {
        let request = self.progress.request;
        if let Some(reason) = self.unfit(request) {
            self.progress.all_failed(reason);
            return self.finish();
        }
        if self.settings.send_xforward
            && let Some(end) = self.forward_client(request).await
        {
            return end;
        }
        let open = self.progress.open();
        // A probe of verify(8) ends before DATA, or before the content.
        let data = (!request.probe || self.settings.probe_until_data).then_some(Step::Data);
        let recipients = open.iter().map(|n| Step::Rcpt(*n));
        let steps: Vec<_> = [Step::Mail].into_iter().chain(recipients).chain(data).collect();
        let mut envelope = Envelope::default();
        let (mut sent, mut received) = (0, 0);
        while received < steps.len() {
            if sent == received && envelope.is_hopeless(steps[received]) {
                return self.abandon().await;
            }
            sent = self.send_window(&steps, sent);
            while received < sent {
                let step = steps[received];
                let reply = match self.reply(self.step_limit(step)).await {
                    Ok(reply) => reply,
                    Err(Trouble::Lost) if received == 0 && self.session.earlier_uses > 0 => return End::Stale,
                    Err(trouble) => {
                        self.progress.broken(trouble, doing(step));
                        return End::Closed;
                    }
                };
                if received == 0 && reply.code == 421 && self.session.earlier_uses > 0 {
                    return End::Stale;
                }
                received += 1;
                self.judge(step, reply, &mut envelope);
            }
        }
        if request.probe && envelope.data {
            // The server waits for content now; nothing but breaking off leaves it without a message.
            return End::Closed;
        }
        match (envelope.data, envelope.accepted.is_empty()) {
            (false, _) => self.abandon().await,
            // RFC 2920 section 3.1: DATA was accepted although every recipient was refused; send nothing.
            (true, true) => self.empty().await,
            (true, false) => self.content(&envelope.accepted).await,
        }
    }

    /// XFORWARD; Some: there is no going on.
    async fn forward_client(&mut self, request: &Request) -> Option<End> {
        for line in super::xforward::commands(&*request.session, self.session.features.xforward) {
            self.session.connection.write(line.as_bytes());
            match self.reply(self.settings.timeouts.xforward).await {
                Ok(reply) if reply.digit() == 2 => {}
                Ok(reply) => {
                    let (server, text) = (self.session.peer().name_address, &reply.text);
                    let text = format!("host {server} said: {text} (in reply to XFORWARD command)");
                    self.progress.all_failed(Reason::remote(self.session.host(), &reply, text));
                    return Some(End::Quit);
                }
                Err(Trouble::Lost) if self.session.earlier_uses > 0 => return Some(End::Stale),
                Err(trouble) => {
                    self.progress.broken(trouble, "sending XFORWARD name/address");
                    return Some(End::Closed);
                }
            }
        }
        None
    }

    /// Not to be tried with this server: announced SIZE, SMTPUTF8.
    fn unfit(&self, request: &Request) -> Option<Reason> {
        let Features { size_limit, smtputf8, .. } = self.session.features;
        let server = self.session.peer().name_address;
        let size = request.content.len();
        if size_limit > 0 && size > size_limit {
            let text = format!("message size {size} exceeds size limit {size_limit} of server {server}");
            return Some(Reason::local(Status::permanent(3, 4), text));
        }
        if request.smtputf8 && !smtputf8 && needs_smtputf8(request) {
            let text = format!("SMTPUTF8 is required, but was not offered by host {server}");
            return Some(Reason::local(Status::permanent(6, 7), text));
        }
        None
    }

    /// Writes commands: with PIPELINING a window full, else one.
    fn send_window(&mut self, steps: &[Step], mut sent: usize) -> usize {
        let request = self.progress.request;
        let features = self.session.features;
        let begin = self.session.connection.output().len();
        while sent < steps.len() {
            let line = match steps[sent] {
                Step::Mail => {
                    let auth =
                        if self.settings.sasl.dummy_mail_auth && self.session.offers_auth { " AUTH=<>" } else { "" };
                    let sender = envelope_form(&self.addresses[0], self.settings);
                    // What may still be made 7-bit has no size yet.
                    let size = features.size && (features.eight_bit_mime || !self.rules.converts);
                    mail_command(request, &sender, Features { size, ..features }) + auth + "\r\n"
                }
                Step::Rcpt(n) => {
                    rcpt_command(request, n, &envelope_form(&self.addresses[n + 1], self.settings), features)
                }
                Step::Data => "DATA\r\n".to_string(),
            };
            self.session.connection.write(line.as_bytes());
            sent += 1;
            if !features.pipelining || self.session.connection.output().len() - begin >= WINDOW {
                break;
            }
        }
        sent
    }

    fn judge(&mut self, step: Step, reply: Reply, envelope: &mut Envelope) {
        let said = |command: &str, server: &Session, reply: &Reply| {
            let text = format!("host {} said: {} (in reply to {command})", server.peer().name_address, reply.text);
            Reason::remote(server.host(), reply, text)
        };
        let probe = self.progress.request.probe;
        match step {
            Step::Mail if reply.digit() == 2 => envelope.mail = true,
            Step::Mail => self.progress.all_failed(said("MAIL FROM command", self.session, &reply)),
            Step::Rcpt(_) if !envelope.mail => {}
            Step::Rcpt(n) if reply.digit() == 2 && probe && !self.settings.probe_until_data => {
                self.progress.sent(n, &reply, false);
            }
            Step::Rcpt(n) if reply.digit() == 2 => envelope.accepted.push(n),
            Step::Rcpt(n) => self.progress.recipient_failed(n, said("RCPT TO command", self.session, &reply)),
            Step::Data if reply.digit() == 3 => {
                envelope.data = true;
                if probe {
                    envelope.accepted.iter().for_each(|n| self.progress.sent(*n, &reply, false));
                }
            }
            Step::Data if envelope.accepted.is_empty() => {}
            Step::Data => self.progress.all_failed(said("DATA command", self.session, &reply)),
        }
    }

    async fn content(mut self, accepted: &[usize]) -> End {
        let mut deadline = self.settings.timeouts.deadline(self.settings.timeouts.data_transfer);
        if let Err(trouble) = self.send_content(&mut deadline).await {
            // Closing without the end of data discards the message at the other side: RFC 5321 section 4.1.1.4.
            self.progress.broken(trouble, "sending message body");
            return End::Closed;
        }
        // RFC 2920 section 3.1 lets QUIT follow the end of data at once.
        let quit_sent = !self.keep && self.session.features.pipelining && self.settings.skip_quit_response;
        if quit_sent {
            self.session.connection.write(b"QUIT\r\n");
        }
        if self.settings.lmtp {
            return self.verdicts(accepted, quit_sent).await;
        }
        match self.reply(self.settings.timeouts.data_done).await {
            Ok(reply) if reply.digit() == 2 => {
                let dsn = self.session.features.dsn;
                accepted.iter().for_each(|recipient| self.progress.sent(*recipient, &reply, dsn));
            }
            Ok(reply) => {
                let (server, text) = (self.session.peer().name_address, &reply.text);
                let text = format!("host {server} said: {text} (in reply to end of DATA command)");
                self.progress.all_failed(Reason::remote(self.session.host(), &reply, text));
            }
            Err(trouble) => {
                self.progress.broken(trouble, "sending end of data -- message may be sent more than once");
                return End::Closed;
            }
        }
        if quit_sent { End::Closed } else { self.finish() }
    }

    /// RFC 2033 section 4.2: a reply for each recipient that was accepted, in their order.
    async fn verdicts(mut self, accepted: &[usize], quit_sent: bool) -> End {
        for recipient in accepted {
            match self.reply(self.settings.timeouts.data_done).await {
                Ok(reply) if reply.digit() == 2 => {
                    let dsn = self.session.features.dsn;
                    self.progress.sent(*recipient, &reply, dsn);
                }
                Ok(reply) => {
                    let (server, text) = (self.session.peer().name_address, &reply.text);
                    let text = format!("host {server} said: {text} (in reply to end of DATA command)");
                    let reason = Reason::remote(self.session.host(), &reply, text);
                    self.progress.recipient_failed(*recipient, reason);
                }
                Err(trouble) => {
                    self.progress.broken(trouble, "sending end of data -- message may be sent more than once");
                    return End::Closed;
                }
            }
        }
        if quit_sent { End::Closed } else { self.finish() }
    }

    async fn send_content(&mut self, deadline: &mut Deadline) -> Result<(), Trouble> {
        let request = self.progress.request;
        let mut stuffing = Stuffing::new(self.settings.line_length_limit);
        let mut outgoing = self.rules.apply(request, self.log, self.session.features.eight_bit_mime);
        let mut warned = false;
        for piece in request.content.pieces() {
            let piece = piece.map_err(|_| Trouble::LocalData)?;
            match &mut outgoing {
                None => self.send_piece(&mut stuffing, &piece, &mut warned, deadline).await?,
                Some(outgoing) => {
                    let changed = outgoing.piece(&piece).await?;
                    self.send_piece(&mut stuffing, &changed, &mut warned, deadline).await?;
                }
            }
        }
        if let Some(outgoing) = &mut outgoing {
            let rest = outgoing.end().await?;
            self.send_piece(&mut stuffing, &rest, &mut warned, deadline).await?;
        }
        let mut slices = Vec::new();
        stuffing.end(&mut slices);
        slices.into_iter().for_each(|slice| self.session.connection.write(slice));
        Ok(())
    }

    async fn send_piece(
        &mut self,
        stuffing: &mut Stuffing,
        piece: &[u8],
        warned: &mut bool,
        deadline: &mut Deadline,
    ) -> Result<(), Trouble> {
        let mut slices = Vec::with_capacity(16);
        stuffing.piece(piece, &mut slices);
        for slice in slices {
            self.session.connection.send(slice, deadline).await?;
        }
        if stuffing.take_broken() && !std::mem::replace(warned, true) {
            let (id, limit) = (&self.progress.request.queue_id, self.settings.line_length_limit);
            self.log.info(format_args!("{id}: breaking line > {limit} bytes with <CR><LF>SPACE"));
        }
        Ok(())
    }

    /// DATA without recipients.
    async fn empty(mut self) -> End {
        self.session.connection.write(b".\r\n");
        match self.reply(self.settings.timeouts.data_done).await {
            Ok(_) => self.finish(),
            Err(_) => End::Closed,
        }
    }

    /// The envelope was refused: clear it for the next message.
    async fn abandon(mut self) -> End {
        if self.session.spoilt {
            return self.finish();
        }
        self.session.connection.write(b"RSET\r\n");
        match self.reply(self.settings.timeouts.rset).await {
            Ok(reply) => {
                self.session.spoilt |= reply.digit() != 2;
                self.finish()
            }
            Err(_) => End::Closed,
        }
    }

    fn finish(self) -> End {
        match self.keep && !self.session.spoilt {
            true => End::Ready,
            false => End::Quit,
        }
    }

    async fn reply(&mut self, limit: std::time::Duration) -> Result<Reply, Trouble> {
        let mut deadline = self.settings.timeouts.deadline(limit);
        let id = &self.progress.request.queue_id;
        self.session.reply(&mut deadline, self.settings, self.log, id).await
    }

    fn step_limit(&self, step: Step) -> std::time::Duration {
        let timeouts = &self.settings.timeouts;
        match step {
            Step::Mail => timeouts.mail,
            Step::Rcpt(_) => timeouts.rcpt,
            Step::Data => timeouts.data_init,
        }
    }
}

/// What the server has said so far.
#[derive(Default)]
struct Envelope {
    mail: bool,
    accepted: Vec<usize>,
    data: bool,
}

impl Envelope {
    /// No command still to be sent can help: the sender, or every recipient, was refused.
    fn is_hopeless(&self, next: Step) -> bool {
        match next {
            Step::Mail => false,
            Step::Rcpt(_) => !self.mail,
            Step::Data => !self.mail || self.accepted.is_empty(),
        }
    }
}

fn doing(step: Step) -> &'static str {
    match step {
        Step::Mail => "sending MAIL FROM",
        Step::Rcpt(_) => "sending RCPT TO",
        Step::Data => "sending DATA command",
    }
}

/// RFC 5321 section 4.1.2, unless smtp_quote_rfc821_envelope says to leave it.
fn envelope_form<'a>(address: &'a str, settings: &Settings) -> Cow<'a, str> {
    if settings.quote_envelope { quote(address) } else { address.into() }
}

/// Without its line end.
fn mail_command(request: &Request, sender: &str, features: Features) -> String {
    let mut line = format!("MAIL FROM:<{sender}>");
    if features.size {
        line += &format!(" SIZE={}", request.content.len());
    }
    if features.eight_bit_mime && request.eight_bit {
        line += " BODY=8BITMIME";
    }
    if features.dsn && !request.envelope_id.is_empty() {
        line += &format!(" ENVID={}", xtext::encode(&request.envelope_id));
    }
    if features.dsn
        && let Some(full) = request.return_full
    {
        line += if full { " RET=FULL" } else { " RET=HDRS" };
    }
    if features.smtputf8 && request.smtputf8 {
        line += " SMTPUTF8";
    }
    line
}

fn rcpt_command(request: &Request, index: usize, address: &str, features: Features) -> String {
    let recipient = &request.recipients[index];
    let mut line = format!("RCPT TO:<{address}>");
    if features.dsn {
        let original = if recipient.original.is_empty() { &recipient.address } else { &recipient.original };
        let (kind, address) = match recipient.dsn_original.split_once(';') {
            Some((kind, address)) => (kind, address.to_string()),
            None if original.is_ascii() => ("rfc822", quote(original).into_owned()),
            None => ("utf-8", quote(original).into_owned()),
        };
        let encode = if kind.eq_ignore_ascii_case("utf-8") { uxtext::encode } else { xtext::encode };
        line += &format!(" ORCPT={kind};{}", encode(&address));
        let names = [
            (Notify::NEVER, "NEVER"),
            (Notify::SUCCESS, "SUCCESS"),
            (Notify::FAILURE, "FAILURE"),
            (Notify::DELAY, "DELAY"),
        ];
        let wanted: Vec<_> =
            names.iter().filter(|(flag, _)| recipient.notify.contains(*flag)).map(|(_, name)| *name).collect();
        if !wanted.is_empty() {
            line += &format!(" NOTIFY={}", wanted.join(","));
        }
    }
    line + "\r\n"
}

/// RFC 6531 section 3.4: an address, or the header, is beyond ASCII.
fn needs_smtputf8(request: &Request) -> bool {
    let addresses = std::iter::once(&request.sender).chain(request.recipients.iter().map(|one| &one.address));
    if addresses.into_iter().any(|address| !address.is_ascii()) {
        return true;
    }
    let Ok(start) = request.content.read(0, 128 * 1024) else { return true };
    let header = memchr::memmem::find(&start, b"\r\n\r\n").unwrap_or(start.len());
    !start[..header].is_ascii()
}
