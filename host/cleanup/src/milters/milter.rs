//! One milter: what it is told of a session, and what its replies mean there. What it sees of a message is in `message`.

use std::sync::{Arc, PoisonError};

use super::{
    handshake,
    list::{DefaultAction, Each, FilterSettings},
    macros::{Moment, Wanted},
    packet::{self, Wire, smfic, smfip, smfir},
    session::{Answer, Asking},
};

/// Where a milter is. An error lasts as long as the session, as the answers to CONNECT and HELO do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Closed,
    Ready,
    Envelope,
    Message,
    AcceptsConnection,
    AcceptsMessage,
    RejectsConnection,
    Error,
}

/// A milter of one SMTP session.
pub(super) struct Milter {
    pub name: Arc<str>,
    pub endpoint: Arc<str>,
    pub each: Each,
    pub wanted: Wanted,
    pub state: State,
    /// What it answers to everything: by its default action, or for a whole session or message.
    pub answer: Option<Answer>,
    /// SMFIP_* that both sides know, and those it asked for.
    pub offered: u32,
    pub asked: u32,
    /// The event it skips for the rest of this message.
    pub skips: Option<u8>,
    /// The mutex only makes it shareable; it is never locked by two.
    wire: Option<std::sync::Mutex<Wire>>,
}

/// An event.
pub(super) struct Event {
    pub request: u8,
    /// SMFIP_NO*: what a milter sets that does not want it; 0: it cannot be refused.
    pub unwanted: u32,
    /// SMFIP_NR_*: what one sets that does not reply to it.
    pub silent: u32,
    pub moment: Option<Moment>,
}

pub(super) const CONNECT: Event = event(smfic::CONNECT, smfip::NOCONNECT, smfip::NR_CONN, Some(Moment::Connect));
pub(super) const HELO: Event = event(smfic::HELO, smfip::NOHELO, smfip::NR_HELO, Some(Moment::Helo));
pub(super) const MAIL: Event = event(smfic::MAIL, smfip::NOMAIL, smfip::NR_MAIL, Some(Moment::Mail));
pub(super) const RCPT: Event = event(smfic::RCPT, smfip::NORCPT, smfip::NR_RCPT, Some(Moment::Rcpt));
pub(super) const DATA: Event = event(smfic::DATA, smfip::NODATA, smfip::NR_DATA, Some(Moment::Data));
pub(super) const UNKNOWN: Event = event(smfic::UNKNOWN, smfip::NOUNKNOWN, smfip::NR_UNKN, Some(Moment::Unknown));
pub(super) const HEADER: Event = event(smfic::HEADER, smfip::NOHDRS, smfip::NR_HDR, Some(Moment::EndOfHeader));
pub(super) const EOH: Event = event(smfic::EOH, smfip::NOEOH, smfip::NR_EOH, Some(Moment::EndOfHeader));
pub(super) const BODY: Event = event(smfic::BODY, smfip::NOBODY, smfip::NR_BODY, Some(Moment::EndOfData));
pub(super) const BODYEOB: Event = event(smfic::BODYEOB, 0, 0, Some(Moment::EndOfData));

const fn event(request: u8, unwanted: u32, silent: u32, moment: Option<Moment>) -> Event {
    Event { request, unwanted, silent, moment }
}

/// What a reply means.
pub(super) enum Heard {
    /// The event is over.
    Done(Option<Answer>),
    /// A change of the message: letter and data.
    Edit(u8, Vec<u8>),
    More,
}

impl Milter {
    pub fn new(name: Arc<str>, endpoint: Arc<str>, each: Each, settings: Arc<FilterSettings>) -> Self {
        let wanted = Wanted::new(settings);
        let (state, answer, wire) = (State::Closed, None, None);
        Self { name, endpoint, each, wanted, state, answer, offered: 0, asked: 0, skips: None, wire }
    }

    /// CONNECT, after the negotiation. `data` is name, family, port and address.
    pub async fn connect(&mut self, data: &[u8], asking: &Asking<'_>) -> Option<Answer> {
        if self.state == State::Closed {
            handshake::connect(self, asking).await;
        }
        if self.state != State::Ready {
            return self.answer.clone();
        }
        self.tell(&CONNECT, data, asking).await
    }

    pub async fn helo(&mut self, name: &[u8], asking: &Asking<'_>) -> Option<Answer> {
        match self.state {
            State::Ready | State::Envelope => self.tell(&HELO, name, asking).await,
            _ => self.answer.clone(),
        }
    }

    pub async fn mail(&mut self, arguments: &[u8], asking: &Asking<'_>) -> Option<Answer> {
        if self.state != State::Ready {
            return self.answer.clone();
        }
        self.state = State::Envelope;
        self.tell(&MAIL, arguments, asking).await
    }

    /// RCPT, DATA.
    pub async fn envelope(&mut self, event: &Event, data: &[u8], asking: &Asking<'_>) -> Option<Answer> {
        match self.state {
            State::Envelope => self.tell(event, data, asking).await,
            _ => self.answer.clone(),
        }
    }

    pub async fn unknown(&mut self, line: &[u8], asking: &Asking<'_>) -> Option<Answer> {
        match self.state {
            State::Ready | State::Envelope => self.tell(&UNKNOWN, line, asking).await,
            _ => self.answer.clone(),
        }
    }

    /// Whether it wants to hear of refused recipients.
    pub fn wants_refused(&self) -> bool {
        self.asked & smfip::RCPT_REJ != 0
    }

    /// The message is over, or there will be none.
    pub async fn abort(&mut self, asking: &Asking<'_>) {
        match self.state {
            State::Envelope | State::Message | State::AcceptsMessage => {
                let mut out = Vec::new();
                packet::put(&mut out, smfic::ABORT, &[]);
                self.write(&out, asking).await;
                if self.state != State::Error {
                    self.state = State::Ready;
                    self.answer = None;
                }
            }
            State::Closed | State::Ready | State::AcceptsConnection | State::RejectsConnection | State::Error => {}
        }
        self.skips = None;
    }

    /// The session is over.
    pub async fn quit(&mut self, asking: &Asking<'_>) {
        // One that has no more say is left without a word, as by Postfix.
        if self.wire.is_some()
            && matches!(self.state, State::Ready | State::Envelope | State::Message | State::AcceptsMessage)
        {
            let mut out = Vec::new();
            packet::put(&mut out, smfic::QUIT, &[]);
            self.write(&out, asking).await;
        }
        self.wire = None;
        self.state = State::Closed;
        self.answer = None;
    }

    /// An event in its place, with its macros; gives what the session answers.
    async fn tell(&mut self, event: &Event, data: &[u8], asking: &Asking<'_>) -> Option<Answer> {
        if !self.send(event, data, asking).await {
            return self.answer.clone();
        }
        loop {
            match self.hear(event, asking).await {
                Heard::Done(answer) => return answer,
                Heard::Edit(reply, _) => return self.unexpected(reply, event, asking),
                Heard::More => {}
            }
        }
    }

    /// Sends macros and event; false when no reply is to be waited for.
    pub async fn send(&mut self, event: &Event, data: &[u8], asking: &Asking<'_>) -> bool {
        let unheard_of = event.unwanted != 0 && self.offered & event.unwanted == 0;
        if unheard_of || self.skips == Some(event.request) {
            return false;
        }
        let mut out = Vec::new();
        if let Some(moment) = event.moment {
            // Macros go even with an event that the milter does not want, and where none has a value.
            if let Some(values) = self.wanted.values(moment, asking.macros).await {
                let values = packet::strings(values.iter().map(String::as_bytes));
                packet::put(&mut out, smfic::MACRO, &[&[event.request], &values]);
            }
        }
        let wanted = self.asked & event.unwanted == 0;
        if wanted {
            packet::put(&mut out, event.request, &[data]);
        }
        let sent = out.is_empty() || self.write(&out, asking).await;
        sent && wanted && self.asked & event.silent == 0
    }

    /// The next reply to an event.
    pub async fn hear(&mut self, event: &Event, asking: &Asking<'_>) -> Heard {
        let limit = match event.request {
            smfic::CONNECT => self.each.connect_timeout,
            smfic::HEADER | smfic::EOH | smfic::BODY | smfic::BODYEOB => self.each.content_timeout,
            _ => self.each.command_timeout,
        };
        let reply = match self.wire() {
            Some(wire) => wire.reply(limit).await,
            None => return Heard::Done(self.answer.clone()),
        };
        match reply {
            Ok((reply, data)) => self.decide(event, reply, data, asking),
            Err(why) => {
                let (name, request) = (&self.name, packet::request_name(event.request));
                asking.log.warning(format_args!("milter {name}: can't read {request} reply packet header: {why}"));
                Heard::Done(self.failed(asking))
            }
        }
    }

    fn decide(&mut self, event: &Event, reply: u8, data: Vec<u8>, asking: &Asking<'_>) -> Heard {
        let connection = matches!(event.request, smfic::CONNECT | smfic::HELO);
        let bare = !matches!(reply, smfir::REPLYCODE | smfir::QUARANTINE) && !is_edit(reply);
        if bare && !data.is_empty() {
            let (name, reply) = (&self.name, packet::reply_name(reply));
            asking.log.warning(format_args!("milter {name}: reply {reply} was followed by {} data bytes", data.len()));
            return Heard::Done(self.failed(asking));
        }
        match reply {
            smfir::PROGRESS => Heard::More,
            smfir::CONTINUE => Heard::Done(self.answer.clone()),
            smfir::SKIP if event.request != smfic::BODYEOB => {
                self.skips = Some(event.request);
                Heard::Done(self.answer.clone())
            }
            smfir::ACCEPT => {
                self.state = if connection { State::AcceptsConnection } else { State::AcceptsMessage };
                Heard::Done(self.answer.clone())
            }
            smfir::DISCARD if connection => {
                let name = &self.name;
                let what = "DISCARD action is not allowed for connect or helo";
                asking.log.warning(format_args!("milter {name}: {what}"));
                Heard::Done(self.answer.clone())
            }
            smfir::DISCARD => {
                self.state = State::AcceptsMessage;
                Heard::Done(Some(Answer::Discard))
            }
            smfir::REJECT => self.refuse(connection, "550 5.7.1 Command rejected".to_string()),
            smfir::TEMPFAIL => self.refuse(connection, "451 4.7.1 Service unavailable - try again later".to_string()),
            smfir::SHUTDOWN => {
                self.wire = None;
                self.state = State::Error;
                self.answer = Some(Answer::Shutdown);
                Heard::Done(self.answer.clone())
            }
            smfir::REPLYCODE => match super::session::reply_text(&data) {
                Some(text) => self.refuse(connection, text),
                None => {
                    let text = String::from_utf8_lossy(data.split(|byte| *byte == 0).next().unwrap_or_default());
                    asking.log.warning(format_args!("milter {}: malformed reply: {text}", self.name));
                    Heard::Done(self.misconfigured())
                }
            },
            smfir::QUARANTINE => {
                self.answer = Some(Answer::Hold);
                Heard::More
            }
            edit if is_edit(edit) && event.request == smfic::BODYEOB => Heard::Edit(edit, data),
            other => Heard::Done(self.unexpected(other, event, asking)),
        }
    }

    fn refuse(&mut self, connection: bool, text: String) -> Heard {
        let answer = Some(Answer::Reply(text));
        if connection {
            self.state = State::RejectsConnection;
            self.answer.clone_from(&answer);
        }
        Heard::Done(answer)
    }

    pub fn unexpected(&mut self, reply: u8, event: &Event, asking: &Asking<'_>) -> Option<Answer> {
        let (name, reply, request) = (&self.name, packet::reply_name(reply), packet::request_name(event.request));
        asking.log.warning(format_args!("milter {name}: unexpected filter response {reply} after event {request}"));
        self.failed(asking)
    }

    /// It cannot be talked to, or not understood: default_action, for the rest of the session.
    pub fn failed(&mut self, asking: &Asking<'_>) -> Option<Answer> {
        self.wire = None;
        self.state = State::Error;
        self.answer = match &self.each.default_action {
            DefaultAction::Accept => None,
            DefaultAction::Reject => Some(Answer::Reply("550 5.5.0 Service unavailable".to_string())),
            DefaultAction::Tempfail => {
                Some(Answer::Reply("451 4.7.1 Service unavailable - try again later".to_string()))
            }
            DefaultAction::Quarantine => Some(Answer::Hold),
            DefaultAction::Unknown(word) => {
                asking.log.warning(format_args!("milter {}: unrecognized default action: {word}", self.name));
                Some(Answer::misconfigured())
            }
        };
        self.answer.clone()
    }

    /// It, or main.cf, asks for what cannot be.
    pub fn misconfigured(&mut self) -> Option<Answer> {
        self.wire = None;
        self.state = State::Error;
        self.answer = Some(Answer::misconfigured());
        self.answer.clone()
    }

    pub fn set_wire(&mut self, wire: Wire) {
        self.wire = Some(std::sync::Mutex::new(wire));
    }

    fn wire(&mut self) -> Option<&mut Wire> {
        // Nothing panics while it is locked: it is never locked.
        self.wire.as_mut().map(|wire| wire.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    async fn write(&mut self, bytes: &[u8], asking: &Asking<'_>) -> bool {
        let limit = self.each.command_timeout.max(self.each.content_timeout);
        let written = match self.wire() {
            Some(wire) => wire.write(bytes, limit).await,
            None => return false,
        };
        if let Err(why) = &written {
            asking.log.warning(format_args!("milter {}: error writing command: {why}", self.name));
            self.failed(asking);
        }
        written.is_ok()
    }
}

fn is_edit(reply: u8) -> bool {
    use smfir::*;
    matches!(reply, ADDRCPT | DELRCPT | ADDRCPT_PAR | REPLBODY | CHGFROM | ADDHEADER | INSHEADER | CHGHEADER)
}
