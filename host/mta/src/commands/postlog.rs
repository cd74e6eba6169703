//! postlog(1): writes to the mail log in the form of the mail system's own lines.

use std::{
    io::{IsTerminal, Read},
    path::Path,
};

use anyhow::{Context, Result, bail};
use config::parameters::{MAILLOG_FILE, MYHOSTNAME, QUEUE_DIRECTORY, SYSLOG_FACILITY, SYSLOG_NAME};
use hook::{Level, MailLog};

use super::Invocation;
use crate::{
    maillog::{self, LogWriter, Target},
    options::Options,
};

/// The names `-p` takes. `fatal` and `panic` are words in the line; they end nothing.
const SEVERITIES: &[(&str, Level, &str)] = &[
    ("info", Level::Info, ""),
    ("warn", Level::Warning, "warning: "),
    ("warning", Level::Warning, "warning: "),
    ("error", Level::Error, "error: "),
    ("err", Level::Error, "error: "),
    ("fatal", Level::Error, "fatal: "),
    ("panic", Level::Error, "panic: "),
];

pub fn run(invocation: &Invocation) -> Result<u8> {
    let options = Options::parse("c:ip:t:v", &invocation.words)?;
    let config = invocation.config(options.value('c'))?;
    let name = options.value('p').unwrap_or("info");
    let Some((_, level, word)) = SEVERITIES.iter().find(|(known, _, _)| *known == name) else {
        bail!("bad severity: \"{name}\"");
    };
    let tag = options.value('t').map_or_else(|| format!("{}/postlog", config.get(&SYSLOG_NAME)), str::to_string);
    let mut text = options.operands.join(" ");
    if options.operands.is_empty() {
        std::io::stdin().read_to_string(&mut text).context("standard input")?;
    }
    let lines: Vec<String> = text.lines().map(|line| format!("{word}{line}")).collect();
    if std::io::stderr().is_terminal() {
        lines.iter().for_each(|line| eprintln!("{tag}: {line}"));
    }
    let target = Target::of(&config.get(&MAILLOG_FILE), &config.get(&SYSLOG_FACILITY));
    if let Target::File(path) = &target
        && let Err(error) = maillog::append(path)
    {
        return through_server(config.get(&QUEUE_DIRECTORY).as_ref(), &tag, name, &lines)
            .with_context(|| format!("open logfile '{}': {error}", path.display()));
    }
    let _writer = LogWriter::install(target, &config.get(&MYHOSTNAME), invocation.verbose, Box::new(maillog::append))?;
    let log = MailLog::named(&tag);
    lines.iter().for_each(|line| log.line(*level, format_args!("{line}")));
    Ok(0)
}

/// An ordinary user may not write to the log file; the server does it as postlogd(8) would.
fn through_server(queue_directory: &Path, tag: &str, severity: &str, lines: &[String]) -> Result<u8> {
    for line in lines {
        match master::control::ask(queue_directory, &["log", tag, severity, line], b"", |_| ())? {
            Some(0) => {}
            Some(_) => bail!("the mail system refused the line"),
            None => bail!("the mail system is not running"),
        }
    }
    Ok(0)
}

/// The level of a severity's name, for the order that [`run`] sends.
pub fn level(severity: &str) -> Option<Level> {
    SEVERITIES.iter().find(|(known, _, _)| *known == severity).map(|(_, level, _)| *level)
}
