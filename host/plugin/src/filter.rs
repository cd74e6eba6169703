//! The world `filter`: `wasm:NAME` in smtpd_milters and non_smtpd_milters.

use std::sync::Arc;

use hook::{BoxFuture, Call, Edit, Event, Failure, FailureKind, Filter, FilterEvents, LogLine, Response};

use crate::{
    bindings::exports::waxwing::plugin::filter_events as wit,
    check::with_intent,
    instances::Live,
    limits::{Mode, World},
    loaded::{Plugin, not_exported},
    restriction::typed_reply,
    state::Editing,
};

/// A milter without the socket.
pub(crate) struct WasmFilter {
    plugin: Arc<Plugin>,
    events: FilterEvents,
    headers: Vec<String>,
}

impl WasmFilter {
    /// As the plugin subscribed.
    pub(crate) fn new(plugin: Arc<Plugin>, wanted: Option<wit::Subscription>) -> Self {
        let (events, headers) = wanted.map(|wanted| (plain_events(wanted.events), wanted.headers)).unwrap_or_default();
        Self { plugin, events, headers: headers.into_iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    async fn tell(&self, event: &Event, call: &Call) -> Result<(Response, Vec<Edit>, Vec<LogLine>), Failure> {
        let function = format!("handle({})", name(event));
        let failed = |(kind, cause)| self.plugin.failure(World::Filter, &function, kind, cause);
        // As in the milter protocol.
        let editing = match event {
            Event::EndOfMessage => Editing::MessageAndBody,
            Event::Connect | Event::Helo | Event::Abort | Event::Disconnect | Event::UnknownCommand(_) => {
                Editing::Forbidden
            }
            Event::Mail | Event::Rcpt | Event::Data | Event::Header(_) | Event::EndOfHeaders | Event::Body { .. } => {
                Editing::Discard
            }
        };
        let mut out = self.plugin.checked_out(call, World::Filter, &function, editing).await?;
        let Live { store, guests, .. } = &mut *out.live;
        let limit = self.plugin.limit(World::Filter);
        let answer = match &guests.filter_events {
            Some(guest) => self.plugin.runner.call(store, limit, guest.func_handle(), (&wit_event(event),)).await,
            None => Err(not_exported()),
        };
        let response = plain(answer.map_err(failed)?).map_err(|cause| failed((FailureKind::BadAnswer, cause)))?;
        let state = out.live.store.data_mut();
        let (edits, log) = (std::mem::take(&mut state.edits), std::mem::take(&mut state.log));
        self.plugin.keep(call, out.live);
        Ok(match self.plugin.settings.mode {
            Mode::Enforce => (response, edits, log),
            Mode::Warn => (Response::Proceed, Vec::new(), with_intent(log, &response, Response::Proceed, &edits)),
        })
    }
}

impl Filter for WasmFilter {
    fn wants(&self) -> (FilterEvents, &[String]) {
        (self.events, &self.headers)
    }

    fn handle<'a>(
        &'a self,
        event: &'a Event,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<(Response, Vec<Edit>, Vec<LogLine>), Failure>> {
        Box::pin(self.tell(event, call))
    }
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::Connect => "connect",
        Event::Helo => "helo",
        Event::Mail => "mail",
        Event::Rcpt => "rcpt",
        Event::Data => "data",
        Event::Header(_) => "header",
        Event::EndOfHeaders => "end-of-headers",
        Event::Body { .. } => "body",
        Event::EndOfMessage => "end-of-message",
        Event::Abort => "abort",
        Event::Disconnect => "disconnect",
        Event::UnknownCommand(_) => "unknown-command",
    }
}

fn wit_event(event: &Event) -> wit::Event {
    match event {
        Event::Connect => wit::Event::Connect,
        Event::Helo => wit::Event::Helo,
        Event::Mail => wit::Event::Mail,
        Event::Rcpt => wit::Event::Rcpt,
        Event::Data => wit::Event::Data,
        Event::Header(index) => wit::Event::Header(*index),
        Event::EndOfHeaders => wit::Event::EndOfHeaders,
        Event::Body { offset, len } => wit::Event::Body(wit::Piece { offset: *offset, len: *len }),
        Event::EndOfMessage => wit::Event::EndOfMessage,
        Event::Abort => wit::Event::Abort,
        Event::Disconnect => wit::Event::Disconnect,
        Event::UnknownCommand(command) => wit::Event::UnknownCommand(command.clone()),
    }
}

/// The response in plain types; `Err` says how it breaks the contract.
fn plain(response: wit::Response) -> Result<Response, String> {
    Ok(match response {
        wit::Response::Proceed => Response::Proceed,
        wit::Response::Accept => Response::Accept,
        wit::Response::Skip => Response::Skip,
        wit::Response::Reject(reply) => Response::Reject(typed_reply(reply, 5, "reject")?),
        wit::Response::Defer(reply) => Response::Defer(typed_reply(reply, 4, "defer")?),
        wit::Response::Hangup => Response::Hangup,
    })
}

fn plain_events(events: wit::Events) -> FilterEvents {
    [
        (wit::Events::CONNECT, FilterEvents::CONNECT),
        (wit::Events::HELO, FilterEvents::HELO),
        (wit::Events::MAIL, FilterEvents::MAIL),
        (wit::Events::RCPT, FilterEvents::RCPT),
        (wit::Events::DATA, FilterEvents::DATA),
        (wit::Events::HEADER, FilterEvents::HEADER),
        (wit::Events::END_OF_HEADERS, FilterEvents::END_OF_HEADERS),
        (wit::Events::BODY, FilterEvents::BODY),
        (wit::Events::END_OF_MESSAGE, FilterEvents::END_OF_MESSAGE),
        (wit::Events::ABORT, FilterEvents::ABORT),
        (wit::Events::DISCONNECT, FilterEvents::DISCONNECT),
        (wit::Events::UNKNOWN_COMMAND, FilterEvents::UNKNOWN_COMMAND),
    ]
    .into_iter()
    .filter(|(theirs, _)| events.contains(*theirs))
    .fold(FilterEvents::empty(), |all, (_, ours)| all | ours)
}
