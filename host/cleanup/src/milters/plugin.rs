//! A plugin of the world filter in the place of a milter: `wasm:NAME`.

use std::sync::Arc;

use hook::{Call, Edit, Event, FailureAction, Filter, FilterEvents, Level, LogLine, Response, TypedReply};

use super::{
    list::DefaultAction,
    message::Message,
    session::{Answer, Asking},
};
use crate::CleanupError;

/// Bytes of body in one event.
const PIECE: u64 = 64 * 1024;

/// How long a plugin has nothing more to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    No,
    ThisMessage,
    Session,
}

/// A plugin in one session.
pub(super) struct Plugin {
    filter: Arc<dyn Filter>,
    /// default_action in its own braces: it stands above the failure_action of plugins.cf.
    own_action: Option<DefaultAction>,
    over: Over,
    /// What it answers while it is over.
    answer: Option<Answer>,
    /// Events it skips for this message.
    skips: FilterEvents,
}

impl Plugin {
    pub fn new(filter: Arc<dyn Filter>, own_action: Option<DefaultAction>) -> Self {
        Self { filter, own_action, over: Over::No, answer: None, skips: FilterEvents::empty() }
    }

    /// What it answers to all that it does not hear of.
    pub fn standing(&self) -> Option<Answer> {
        self.answer.clone()
    }

    pub async fn connect(&mut self, asking: &Asking<'_>) -> Option<Answer> {
        self.early(FilterEvents::CONNECT, Event::Connect, Over::Session, asking).await
    }

    pub async fn helo(&mut self, asking: &Asking<'_>) -> Option<Answer> {
        self.early(FilterEvents::HELO, Event::Helo, Over::Session, asking).await
    }

    pub async fn mail(&mut self, asking: &Asking<'_>) -> Option<Answer> {
        self.early(FilterEvents::MAIL, Event::Mail, Over::ThisMessage, asking).await
    }

    pub async fn rcpt(&mut self, asking: &Asking<'_>) -> Option<Answer> {
        self.early(FilterEvents::RCPT, Event::Rcpt, Over::ThisMessage, asking).await
    }

    pub async fn data(&mut self, asking: &Asking<'_>) -> Option<Answer> {
        self.early(FilterEvents::DATA, Event::Data, Over::ThisMessage, asking).await
    }

    pub async fn unknown(&mut self, line: &str, asking: &Asking<'_>) -> Option<Answer> {
        let event = Event::UnknownCommand(line.to_string());
        self.early(FilterEvents::UNKNOWN_COMMAND, event, Over::ThisMessage, asking).await
    }

    pub async fn abort(&mut self, asking: &Asking<'_>) {
        if self.filter.wants().0.contains(FilterEvents::ABORT) && self.over == Over::No {
            self.farewell(Event::Abort, asking).await;
        }
        if self.over == Over::ThisMessage {
            (self.over, self.answer) = (Over::No, None);
        }
        self.skips = FilterEvents::empty();
    }

    pub async fn quit(&mut self, asking: &Asking<'_>) {
        if self.filter.wants().0.contains(FilterEvents::DISCONNECT) {
            self.farewell(Event::Disconnect, asking).await;
        }
    }

    /// An event whose answer means nothing.
    async fn farewell(&mut self, event: Event, asking: &Asking<'_>) {
        match self.filter.handle(&event, asking.call).await {
            Ok((_, _, log)) => write(&log, asking),
            Err(failure) => asking.log.warning(format_args!("{}: {failure}", asking.id)),
        }
    }

    async fn early(&mut self, kind: FilterEvents, event: Event, lasts: Over, asking: &Asking<'_>) -> Option<Answer> {
        let (answer, edits) = self.tell(kind, &event, lasts, asking.call, asking).await;
        // Nothing else can be asked for so early.
        if edits.iter().any(|edit| matches!(edit, Edit::Discard(_))) {
            self.over = Over::ThisMessage;
            return answer.or(Some(Answer::Discard));
        }
        answer
    }

    /// One event: what the session answers, and the edits asked for.
    async fn tell(
        &mut self,
        kind: FilterEvents,
        event: &Event,
        lasts: Over,
        call: &Call,
        asking: &Asking<'_>,
    ) -> (Option<Answer>, Vec<Edit>) {
        if self.over != Over::No {
            return (self.answer.clone(), Vec::new());
        }
        if !self.filter.wants().0.contains(kind) || self.skips.contains(kind) {
            return (None, Vec::new());
        }
        let (response, edits, log) = match self.filter.handle(event, call).await {
            Ok(outcome) => outcome,
            Err(failure) => {
                asking.log.warning(format_args!("{}: {failure}", asking.id));
                // It has not seen what it should have, so it has no say until the message, or the session, is over.
                self.over = lasts;
                self.answer = self.default_answer(failure.action);
                return (self.answer.clone(), Vec::new());
            }
        };
        write(&log, asking);
        let answer = match response {
            Response::Proceed => None,
            Response::Skip => {
                self.skips |= kind;
                None
            }
            Response::Accept => {
                self.over = lasts;
                None
            }
            Response::Reject(reply) => Some(Answer::Reply(text(reply, 550, (5, 7, 1), "Command rejected"))),
            Response::Defer(reply) => {
                Some(Answer::Reply(text(reply, 451, (4, 7, 1), "Service unavailable - try again later")))
            }
            Response::Hangup => Some(Answer::Shutdown),
        };
        if lasts == Over::Session && answer.is_some() {
            self.over = Over::Session;
            self.answer.clone_from(&answer);
        }
        (answer, edits)
    }

    fn default_answer(&self, failure_action: FailureAction) -> Option<Answer> {
        let reply = |text: &str| Some(Answer::Reply(text.to_string()));
        match (&self.own_action, failure_action) {
            (Some(DefaultAction::Accept), _) | (None, FailureAction::Dunno) => None,
            (Some(DefaultAction::Reject), _) => reply("550 5.5.0 Service unavailable"),
            (Some(DefaultAction::Tempfail), _) => reply("451 4.7.1 Service unavailable - try again later"),
            (Some(DefaultAction::Quarantine), _) => Some(Answer::Hold),
            (Some(DefaultAction::Unknown(_)), _) => Some(Answer::misconfigured()),
            (None, FailureAction::Defer) => reply("451 4.3.0 Error: temporary policy failure"),
            (None, FailureAction::Reject) => reply("554 5.3.0 Error: policy failure"),
        }
    }

    /// The whole message, as a milter sees it; its edits take effect at once.
    pub async fn message(
        &mut self,
        message: &mut Message<'_>,
        asking: &Asking<'_>,
    ) -> Result<Option<Answer>, CleanupError> {
        let view = Arc::new(message.draft.clone());
        let call = Call { message: Some(view.clone()), ..asking.call.clone() };
        let wanted = self.filter.wants().1.to_vec();
        for (index, field) in view.fields().iter().enumerate() {
            let name = mail::header::name_length(field).map_or(&[][..], |end| &field[..end]);
            if wanted.is_empty() || wanted.iter().any(|wanted| name.eq_ignore_ascii_case(wanted.as_bytes())) {
                let event = Event::Header(index as u32);
                if let Some(answer) = self.content(FilterEvents::HEADER, event, &call, asking).await {
                    return Ok(Some(answer));
                }
            }
        }
        if let Some(answer) = self.content(FilterEvents::END_OF_HEADERS, Event::EndOfHeaders, &call, asking).await {
            return Ok(Some(answer));
        }
        let (mut offset, size) = (0, view.body_size());
        while offset < size {
            let len = (size - offset).min(PIECE);
            let event = Event::Body { offset, len: len as u32 };
            if let Some(answer) = self.content(FilterEvents::BODY, event, &call, asking).await {
                return Ok(Some(answer));
            }
            offset += len;
        }
        let kind = FilterEvents::END_OF_MESSAGE;
        let (answer, edits) = self.tell(kind, &Event::EndOfMessage, Over::ThisMessage, &call, asking).await;
        match answer {
            Some(answer @ (Answer::Reply(_) | Answer::Shutdown)) => Ok(Some(answer)),
            answer => message.apply(&edits).await.map(|asked| asked.or(answer)),
        }
    }

    async fn content(&mut self, kind: FilterEvents, event: Event, call: &Call, asking: &Asking<'_>) -> Option<Answer> {
        let (answer, edits) = self.tell(kind, &event, Over::ThisMessage, call, asking).await;
        match edits.iter().any(|edit| matches!(edit, Edit::Discard(_))) {
            true => answer.or(Some(Answer::Discard)),
            false => answer,
        }
    }
}

fn write(log: &[LogLine], asking: &Asking<'_>) {
    let id = asking.id;
    for line in log {
        match line {
            LogLine::Write { level, text } => {
                let word = if matches!(level, Level::Warning) { "warning: " } else { "" };
                asking.log.line(*level, format_args!("{word}{id}: {text}"));
            }
            LogLine::Info(text) => asking.log.info(format_args!("{id}: info: {text}")),
            LogLine::Warn(text) => asking.log.info(format_args!("{id}: warning: {text}")),
        }
    }
}

fn text(reply: TypedReply, code: u16, (class, subject, detail): (u16, u16, u16), text: &str) -> String {
    let (subject, detail) = reply.status.unwrap_or((subject, detail));
    let (code, text) = (reply.code.unwrap_or(code), reply.text.unwrap_or_else(|| text.to_string()));
    format!("{code} {class}.{subject}.{detail} {}", mail::reply::clean(&text))
}
