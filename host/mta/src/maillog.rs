//! Where log lines go: maillog_file, standard output, or syslog(3) while maillog_file is empty. The form is Postfix's, so
//! that pflogsumm and its kin read it: `Nov 21 21:10:32 host postfix/smtpd[1234]: text`.
//!
//! Sessions hand lines to one writer thread, which writes all that gathered in one call: a line costs its sender a short
//! lock and no system call.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Write},
    os::unix::{fs::OpenOptionsExt, net::UnixDatagram},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tracing::{Event, Level, field::Visit};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

/// Longest line kept; the rest of an overlong text is cut (syslog's own limit is lower).
const LINE_LIMIT: usize = 8192;
/// Lines waiting while the disk stalls; beyond that lines are dropped and counted, sessions never wait for the log.
const WAITING_LIMIT: usize = 16 << 20;
/// How long the writer gathers lines before it writes them.
const GATHER: Duration = Duration::from_millis(3);

/// What maillog_file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    StandardOutput,
    File(PathBuf),
    /// syslog(3) with this facility number.
    Syslog {
        facility: u8,
    },
}

impl Target {
    /// maillog_file and syslog_facility.
    pub fn of(maillog_file: &str, syslog_facility: &str) -> Self {
        match maillog_file {
            "" => Self::Syslog { facility: facility_number(syslog_facility) },
            "/dev/stdout" => Self::StandardOutput,
            file => Self::File(file.into()),
        }
    }
}

/// Facility numbers of syslog(3); mail where the name is unknown.
fn facility_number(name: &str) -> u8 {
    const NAMES: [&str; 24] = [
        "kern",
        "user",
        "mail",
        "daemon",
        "auth",
        "syslog",
        "lpr",
        "news",
        "uucp",
        "cron",
        "authpriv",
        "ftp",
        "ntp",
        "security",
        "console",
        "solaris-cron",
        "local0",
        "local1",
        "local2",
        "local3",
        "local4",
        "local5",
        "local6",
        "local7",
    ];
    NAMES.iter().position(|n| *n == name).unwrap_or(2) as u8
}

/// Opens maillog_file: [`append`], or a way through the privileged parent.
pub type OpenFile = dyn Fn(&Path) -> io::Result<File> + Send;

/// For commands: warnings and errors that would be logged at start go to standard error.
pub struct CommandLog;

impl CommandLog {
    /// Makes it the destination of this process' log lines.
    pub fn install() -> io::Result<()> {
        let subscriber = tracing_subscriber::registry().with(Self);
        tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)
    }
}

impl<S: tracing::Subscriber> Layer<S> for CommandLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() > Level::WARN || event.metadata().target() != "maillog" {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        eprintln!("{}: {}", fields.program, fields.text);
    }
}

/// For `explain`: a listener gets each line as `program: text`. What it does not take goes the way of [`CommandLog`].
pub struct FollowedLog(Box<dyn Fn(&str) -> bool + Send + Sync>);

impl FollowedLog {
    /// Makes it the destination of this process' log lines.
    pub fn install(listener: impl Fn(&str) -> bool + Send + Sync + 'static) -> io::Result<()> {
        let subscriber = tracing_subscriber::registry().with(Self(Box::new(listener)));
        tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)
    }
}

impl<S: tracing::Subscriber> Layer<S> for FollowedLog {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() > Level::INFO || event.metadata().target() != "maillog" {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        if !(self.0)(&format!("{}: {}", fields.program, fields.text)) {
            CommandLog.on_event(event, context);
        }
    }
}

/// The running log. Dropping it writes what still waits.
pub struct LogWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
}

struct State {
    waiting: Vec<u8>,
    /// Ends of lines in `waiting` with their syslog severity.
    ends: Vec<(usize, u8)>,
    dropped: u64,
    target: Target,
    /// Open the target anew before the next line: reload, or another target.
    reopen: bool,
    stopping: bool,
    host: String,
    second: u64,
    stamp: String,
}

impl LogWriter {
    /// Starts the writer and makes it the destination of all log lines of this process.
    pub fn install(target: Target, host: &str, verbose: bool, open_file: Box<OpenFile>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                waiting: Vec::new(),
                ends: Vec::new(),
                dropped: 0,
                target,
                reopen: true,
                stopping: false,
                host: host.split('.').next().unwrap_or(host).to_string(),
                second: 0,
                stamp: String::new(),
            }),
            arrived: Condvar::new(),
        });
        let least = if verbose { Level::DEBUG } else { Level::INFO };
        let layer = Lines { shared: shared.clone(), pid: std::process::id(), least };
        let subscriber = tracing_subscriber::registry()
            .with(layer.with_filter(tracing_subscriber::filter::LevelFilter::from_level(least)));
        tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)?;
        let writing = shared.clone();
        let thread =
            thread::Builder::new().name("maillog".into()).spawn(move || write_lines(&writing, open_file.as_ref()))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Another target, or the same one opened anew (after logrotate).
    pub fn retarget(&self, target: Target) {
        let mut state = self.shared.lock();
        state.target = target;
        state.reopen = true;
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.take() {
            // It ends after the last write; a panic there has nothing to tell anymore.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, severity: u8, program: &str, pid: u32, text: &str) {
        let second = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let mut state = self.lock();
        if state.waiting.len() > WAITING_LIMIT {
            state.dropped += 1;
            return;
        }
        if second != state.second {
            state.second = second;
            state.stamp = mail::date::syslog(UNIX_EPOCH + Duration::from_secs(second));
        }
        let first = state.waiting.is_empty();
        let State { waiting, stamp, host, .. } = &mut *state;
        // Writing to a Vec cannot fail.
        let _ = write!(waiting, "{stamp} {host} {program}[{pid}]: ");
        let mut end = text.len().min(LINE_LIMIT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        // One event is one line: control characters could forge another.
        waiting.extend(text[..end].bytes().map(|b| if b.is_ascii_control() { b'?' } else { b }));
        waiting.push(b'\n');
        let end = state.waiting.len();
        state.ends.push((end, severity));
        drop(state);
        if first {
            self.arrived.notify_one();
        }
    }
}

/// The tracing layer that turns events into lines.
struct Lines {
    shared: Arc<Shared>,
    pid: u32,
    least: Level,
}

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = *event.metadata().level();
        let ours = event.metadata().target() == "maillog";
        // Libraries' own events only matter when something is wrong with them.
        if level > self.least || (!ours && level > Level::WARN) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let severity = match level {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            _ => 7,
        };
        let program = if fields.program.is_empty() { "postfix/master" } else { &fields.program };
        self.shared.line(severity, program, self.pid, &fields.text);
    }
}

#[derive(Default)]
struct Fields {
    program: String,
    text: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        match field.name() {
            "program" => self.program.push_str(value),
            "message" => self.text.push_str(value),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            // Writing to a String cannot fail.
            let _ = write!(self.text, "{value:?}");
        }
    }
}

enum Sink {
    Stream(Box<dyn Write>),
    Syslog(UnixDatagram, u8),
}

fn write_lines(shared: &Shared, open_file: &OpenFile) {
    let mut sink = None;
    let mut fallen_back = false;
    loop {
        let mut state = shared.lock();
        while state.waiting.is_empty() && !state.stopping {
            state = shared.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.waiting.is_empty() {
            return;
        }
        if !state.stopping {
            drop(state);
            thread::sleep(GATHER);
            state = shared.lock();
        }
        let (lines, ends) = (std::mem::take(&mut state.waiting), std::mem::take(&mut state.ends));
        let dropped = std::mem::take(&mut state.dropped);
        if std::mem::take(&mut state.reopen) {
            sink = None;
        }
        let target = state.target.clone();
        drop(state);
        if sink.is_none() {
            // Without its file the log still reaches whoever started the server.
            let refused = |error: io::Error| {
                eprintln!("postfix/master: error: open maillog_file {target:?}: {error}");
                Sink::Stream(Box::new(io::stderr()))
            };
            let opened = open(&target, open_file);
            fallen_back = opened.is_err();
            sink = Some(opened.unwrap_or_else(refused));
        }
        // The log's disk is full, its reader is gone, or it is not the real one: try that next time, mail goes on.
        if write_out(&mut sink, &lines, &ends).is_err() || fallen_back {
            sink = None;
        }
        if dropped > 0 {
            shared.line(4, "postfix/master", std::process::id(), &format!("warning: {dropped} log lines were dropped"));
        }
    }
}

fn open(target: &Target, open_file: &OpenFile) -> io::Result<Sink> {
    match target {
        Target::StandardOutput => Ok(Sink::Stream(Box::new(io::stdout()))),
        Target::File(path) => Ok(Sink::Stream(Box::new(open_file(path)?))),
        Target::Syslog { facility } => {
            let socket = UnixDatagram::unbound()?;
            match socket.connect("/dev/log") {
                Ok(()) => Ok(Sink::Syslog(socket, *facility)),
                // No syslog daemon: an operator who looks at the terminal still sees what happens.
                Err(_) => Ok(Sink::Stream(Box::new(io::stderr()))),
            }
        }
    }
}

/// maillog_file is made with mode 0600 as postlogd(8) makes it.
pub fn append(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).mode(0o600).open(path)
}

fn write_out(sink: &mut Option<Sink>, lines: &[u8], ends: &[(usize, u8)]) -> io::Result<()> {
    match sink {
        None => Ok(()),
        Some(Sink::Stream(stream)) => {
            stream.write_all(lines)?;
            stream.flush()
        }
        Some(Sink::Syslog(socket, facility)) => {
            let mut start = 0;
            for (end, severity) in ends {
                let line = &lines[start..end - 1];
                start = *end;
                // RFC 3164 section 4.1: local senders leave the host name to the daemon.
                let text = String::from_utf8_lossy(line);
                let (stamp, rest) = text.split_at(text.len().min(16));
                let rest = rest.split_once(' ').map_or(rest, |(_host, rest)| rest);
                socket.send(format!("<{}>{stamp}{rest}", *facility * 8 + severity).as_bytes())?;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_postfix_form_and_cannot_be_forged() {
        let dir = std::env::temp_dir().join(format!("waxwing-maillog-{}", std::process::id()));
        let writer = LogWriter::install(Target::File(dir.clone()), "mx.test", false, Box::new(append))
            .expect("the first subscriber");
        let log = hook::MailLog::new("postfix", "smtpd");
        log.info(format_args!("connect from x[192.0.2.1]\nforged"));
        log.warning(format_args!("late"));
        log.debug(format_args!("not shown"));
        drop(writer);
        let text = std::fs::read_to_string(&dir).expect("a log file");
        std::fs::remove_file(&dir).expect("removed");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        let want = format!(" mx postfix/smtpd[{}]: connect from x[192.0.2.1]?forged", std::process::id());
        assert_eq!(&lines[0][15..], want);
        assert!(lines[1].ends_with(": warning: late"), "{text}");
    }
}
