//! Log lines in Postfix's form. The crate `mta` writes them; everybody else says `log.info(...)`.

use std::{fmt, sync::Arc};

/// Level of a plugin's log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

/// A line a plugin logged, kept until the call's answer is acted upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogLine {
    /// A line of the plugin's own.
    Write { level: Level, text: String },
    /// The INFO action of access(5) and header_checks(5).
    Info(String),
    /// The WARN action, likewise.
    Warn(String),
}

/// Writes mail log lines as one Postfix daemon: `syslog_name/daemon[pid]: text`. Clones share.
#[derive(Clone, Debug)]
pub struct MailLog {
    program: Arc<str>,
}

impl MailLog {
    /// `program` is `$syslog_name/daemon`, such as `postfix/smtpd` or `postfix/submission/smtpd`.
    pub fn new(syslog_name: &str, daemon: &str) -> Self {
        Self { program: format!("{syslog_name}/{daemon}").into() }
    }

    /// With a whole program name, such as the tag of postlog(1).
    pub fn named(program: &str) -> Self {
        Self { program: program.into() }
    }

    /// A line without a word for its level before it.
    pub fn line(&self, level: Level, text: fmt::Arguments<'_>) {
        match level {
            Level::Debug => tracing::debug!(target: "maillog", program = &*self.program, "{text}"),
            Level::Info => tracing::info!(target: "maillog", program = &*self.program, "{text}"),
            Level::Warning => tracing::warn!(target: "maillog", program = &*self.program, "{text}"),
            Level::Error => tracing::error!(target: "maillog", program = &*self.program, "{text}"),
        }
    }

    /// `syslog_name/daemon`.
    pub fn program(&self) -> &str {
        &self.program
    }

    pub fn info(&self, text: fmt::Arguments<'_>) {
        tracing::info!(target: "maillog", program = &*self.program, "{text}");
    }

    /// `warning: text`.
    pub fn warning(&self, text: fmt::Arguments<'_>) {
        tracing::warn!(target: "maillog", program = &*self.program, "warning: {text}");
    }

    /// `error: text`.
    pub fn error(&self, text: fmt::Arguments<'_>) {
        tracing::error!(target: "maillog", program = &*self.program, "error: {text}");
    }

    /// `fatal: text`; the caller then ends what it was doing.
    pub fn fatal(&self, text: fmt::Arguments<'_>) {
        tracing::error!(target: "maillog", program = &*self.program, "fatal: {text}");
    }

    /// Only written with -v or for debug_peer_list.
    pub fn debug(&self, text: fmt::Arguments<'_>) {
        tracing::debug!(target: "maillog", program = &*self.program, "{text}");
    }
}
