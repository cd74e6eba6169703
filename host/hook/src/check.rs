//! header_checks(5) and its relatives, line by line (wit/check.wit).

use std::sync::Arc;

use bytes::Bytes;

use crate::{BoxFuture, Call, Edit, Failure, LogLine, TypedReply};

/// Which parameter the line comes under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckPart {
    Header,
    MimeHeader,
    NestedHeader,
    Body,
    MilterHeader,
}

/// Fate of the line, or of the whole message. DISCARD, HOLD, REDIRECT, BCC and FILTER are edits, INFO and WARN log lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckAction {
    Dunno,
    Ignore,
    /// Drop the line and log it.
    Strip(Option<String>),
    Replace(Bytes),
    Prepend(Bytes),
    Reject(TypedReply),
    Defer(TypedReply),
    /// No more header, body and milter checks for this message.
    Pass(Option<String>),
}

/// What a checker says of a line, with the edits and log lines it asked for.
pub type CheckOutcome = Result<(CheckAction, Vec<Edit>, Vec<LogLine>), Failure>;

/// A checker of content lines.
pub trait Check: Send + Sync {
    /// Header names wanted, lower case; empty: all.
    fn headers(&self) -> &[String];
    /// One logical header (folding kept) or body line, without its line end.
    fn check<'a>(&'a self, part: CheckPart, line: &'a [u8], call: &'a Call) -> BoxFuture<'a, CheckOutcome>;
}

/// The checkers of a configuration generation by their names in plugins.cf.
pub trait Checkers: Send + Sync {
    /// `Err` says in one line why there is none.
    fn checker(&self, name: &str) -> Result<Arc<dyn Check>, String>;
}

/// The default plugin that says what the right-hand side of a matching table entry does. It is asked as any checker is; what
/// was found it reads as the attributes [`CHECK_RESULT`] and [`CHECK_PARAMETER`].
pub const TABLE_CHECKER: &str = "checks";
/// `session.get-named`: the right-hand side of the entry that the line matched.
pub const CHECK_RESULT: &str = "check_result";
/// `session.get-named`: the parameter that names the table, such as `header_checks`.
pub const CHECK_PARAMETER: &str = "check_parameter";
