//! A milter without the socket (wit/filter.wit).

use std::sync::Arc;

use crate::{BoxFuture, Call, Edit, Failure, LogLine, TypedReply};

/// What happens, as the milter protocol knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Connect,
    Helo,
    Mail,
    Rcpt,
    Data,
    /// A header field, by position.
    Header(u32),
    EndOfHeaders,
    /// The body has grown.
    Body {
        offset: u64,
        len: u32,
    },
    EndOfMessage,
    Abort,
    Disconnect,
    UnknownCommand(String),
}

bitflags::bitflags! {
    /// Events wanted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Events: u16 {
        const CONNECT = 1; const HELO = 2; const MAIL = 4; const RCPT = 8; const DATA = 16; const HEADER = 32;
        const END_OF_HEADERS = 64; const BODY = 128; const END_OF_MESSAGE = 256; const ABORT = 512;
        const DISCONNECT = 1024; const UNKNOWN_COMMAND = 2048;
    }
}

/// The answer to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    Proceed,
    /// No more events for this message, or at connect and helo for this session.
    Accept,
    /// No more events of this kind for this message.
    Skip,
    Reject(TypedReply),
    Defer(TypedReply),
    /// 421 and close.
    Hangup,
}

/// What a filter says to an event, with the edits and log lines it asked for.
pub type FilterOutcome = Result<(Response, Vec<Edit>, Vec<LogLine>), Failure>;

/// A filter named `wasm:NAME` in smtpd_milters or non_smtpd_milters.
pub trait Filter: Send + Sync {
    /// Events wanted, and names for the header event (lower case; empty: all).
    fn wants(&self) -> (Events, &[String]);
    fn handle<'a>(&'a self, event: &'a Event, call: &'a Call) -> BoxFuture<'a, FilterOutcome>;
}

/// The filters of a configuration generation by their names in plugins.cf.
pub trait FilterSource: Send + Sync {
    /// `Err` says in one line why there is none.
    fn filter(&self, name: &str) -> Result<Arc<dyn Filter>, String>;
}
