//! A plugin call that gave no answer. Never silent acceptance.

use std::fmt;

/// Why a call gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The component trapped (unreachable, out of bounds, a panic).
    Trap,
    /// Over `time_limit`, computing or waiting.
    Deadline,
    /// Over `memory_limit`.
    Memory,
    /// Stack exhausted.
    Stack,
    /// A host import refused: not granted, or at a point where it is not allowed.
    Refused,
    /// The answer breaks the contract: a 2xx refusal, a wrong list length, a header name with a line end.
    BadAnswer,
}

/// `failure_action` of plugins.cf. The default goes by world: defer for restriction, check, filter, table and delivery;
/// dunno (proceed) for delivery-hook and report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureAction {
    /// 451 4.3.0, a temporary table error, or deferral of the delivery.
    Defer,
    /// 554 5.3.0.
    Reject,
    /// As if the plugin had no opinion.
    Dunno,
}

/// A failed call. Whoever asked turns it into a reply by `action` and logs it once.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: FailureKind,
    /// The plugin's name in plugins.cf, and its version.
    pub plugin: String,
    pub version: String,
    /// World and function, such as `restriction check(greylist)`.
    pub function: String,
    /// What happened, in one line.
    pub cause: String,
    pub action: FailureAction,
}

impl fmt::Display for Failure {
    /// The log line after `warning: ` and the queue id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            FailureKind::Trap => "trap",
            FailureKind::Deadline => "time limit exceeded",
            FailureKind::Memory => "memory limit exceeded",
            FailureKind::Stack => "stack exhausted",
            FailureKind::Refused => "refused",
            FailureKind::BadAnswer => "bad answer",
        };
        write!(f, "plugin {} {}: {}: {}: {}", self.plugin, self.version, self.function, kind, self.cause)
    }
}

impl std::error::Error for Failure {}
