//! postfix(1): start, stop, reload, abort, flush, check, status, set-permissions, upgrade-configuration. Also `install`,
//! which makes the links.

use std::{
    io::{IsTerminal, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command as Process, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use config::{
    Config,
    parameters::{MAILLOG_FILE, QUEUE_DIRECTORY},
};
use master::pid_file;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{COMMANDS, Invocation};
use crate::{options::Options, parameters, server, wiring};

/// How long `start` waits until the server answers, and `stop` until it is gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// What may follow the word `postfix`.
const KNOWN: &[&str] = &[
    "start",
    "start-fg",
    "stop",
    "reload",
    "abort",
    "flush",
    "check",
    "status",
    "set-permissions",
    "upgrade-configuration",
];

/// `postfix [-c dir] [-v] start` and so on.
pub fn run(invocation: &Invocation) -> Result<u8> {
    let options = Options::parse("c:vDp", &invocation.words)?;
    let Some((word, rest)) = options.operands.split_first() else {
        bail!("usage: postfix [-c config_dir] [-v] {}", KNOWN.join(" | "));
    };
    let Some(command) = COMMANDS.iter().find(|c| c.name == word && KNOWN.contains(&c.name)) else {
        say(&format!("fatal: unknown command: '{word}'. Usage: postfix start (or {})", KNOWN[1..].join(", ")));
        return Ok(1);
    };
    let inner = Invocation {
        name: command.name.to_string(),
        command,
        config_directory: invocation.directory(options.value('c')),
        verbose: invocation.verbose || options.has('v'),
        words: rest.to_vec(),
    };
    (command.run)(&inner)
}

fn say(text: &str) {
    eprintln!("postfix/postfix-script: {text}");
}

/// The configuration; who looks at a terminal is told of a low compatibility_level, as postfix(1) does.
fn loaded(invocation: &Invocation, directory: Option<&str>) -> Result<Config> {
    let config = invocation.config(directory)?;
    if std::io::stderr().is_terminal() {
        for line in crate::compatibility::remark(&config) {
            eprintln!("postfix: {line}");
        }
    }
    Ok(config)
}

fn queue_directory(config: &Config) -> PathBuf {
    config.get(&QUEUE_DIRECTORY).into()
}

fn running(config: &Config) -> Option<i32> {
    pid_file::running(&queue_directory(config).join("pid/master.pid"))
}

pub fn start(invocation: &Invocation) -> Result<u8> {
    let config = loaded(invocation, None)?;
    if running(&config).is_some() {
        say("fatal: the Postfix mail system is already running");
        return Ok(1);
    }
    if config.get(&MAILLOG_FILE) == "/dev/stdout" {
        bail!("maillog_file = /dev/stdout goes with start-fg; a server in the background has no standard output");
    }
    let mut process = Process::new(std::env::current_exe().context("own program file")?);
    if invocation.verbose {
        process.arg("-v");
    }
    process.arg("-c").arg(config.directory()).arg("start-fg");
    // Its own group: a Ctrl-C at this terminal is not meant for it. What it says at start is kept in a file: with our own
    // standard error in its hands, whoever reads ours would wait for the server's end.
    let said = tempfile::tempfile().context("temporary file")?;
    process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said.try_clone()?).process_group(0);
    let mut child = process.spawn().context("starting the server")?;
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if master::control::ask(&queue_directory(&config), &["status"], b"", |_| ())? == Some(0) {
            repeat(&said)?;
            say("starting the Postfix mail system");
            return Ok(0);
        }
        if let Some(status) = child.try_wait()? {
            repeat(&said)?;
            say(&format!("fatal: mail system startup failed ({status})"));
            return Ok(1);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("the server (pid {}) does not answer after {} s; see the log", child.id(), PATIENCE.as_secs())
}

/// What the server said while it started.
fn repeat(said: &std::fs::File) -> Result<()> {
    use std::os::unix::fs::FileExt;
    let mut text = vec![0; said.metadata()?.len() as usize];
    said.read_exact_at(&mut text, 0)?;
    std::io::stderr().write_all(&text)?;
    Ok(())
}

pub fn start_fg(invocation: &Invocation) -> Result<u8> {
    let directory = invocation.directory(None);
    server::start_in_foreground(&directory, invocation.verbose)
}

/// The child of `start-fg` when that runs as root.
pub fn serve(invocation: &Invocation) -> Result<u8> {
    server::serve_for_parent(&invocation.directory(None), invocation.verbose)
}

pub fn stop(invocation: &Invocation) -> Result<u8> {
    let config = loaded(invocation, None)?;
    let Some(pid) = running(&config) else {
        say("fatal: the Postfix mail system is not running");
        return Ok(1);
    };
    say("stopping the Postfix mail system");
    kill(Pid::from_raw(pid), Signal::SIGTERM).with_context(|| format!("signal to process {pid}"))?;
    let begin = Instant::now();
    while running(&config).is_some() {
        if begin.elapsed() > PATIENCE {
            bail!("process {pid} still runs after {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(0)
}

/// Ends at once. Nothing is lost: what had its 250 is on the disk.
pub fn abort(invocation: &Invocation) -> Result<u8> {
    let config = invocation.config(None)?;
    let Some(pid) = running(&config) else {
        say("fatal: the Postfix mail system is not running");
        return Ok(1);
    };
    say("aborting the Postfix mail system");
    kill(Pid::from_raw(pid), Signal::SIGKILL).with_context(|| format!("signal to process {pid}"))?;
    Ok(0)
}

/// Makes queue_directory and data_directory and gives them and what lies in them to mail_owner.
pub fn set_permissions(invocation: &Invocation) -> Result<u8> {
    server::set_permissions(&invocation.config(None)?)?;
    Ok(0)
}

/// There is no older version's configuration to mend; what is wrong with this one is told.
pub fn upgrade_configuration(invocation: &Invocation) -> Result<u8> {
    check(invocation)
}

pub fn reload(invocation: &Invocation) -> Result<u8> {
    let config = match loaded(invocation, None) {
        Ok(config) => config,
        Err(error) => {
            // The server refuses it, too, and leaves a line in the log for those who do not see this terminal.
            let queue_directory = queue_directory_as_written(&invocation.directory(None));
            let _ = master::control::ask(&queue_directory, &["reload"], b"", |_| ());
            return Err(error);
        }
    };
    let mut lines = Vec::new();
    match master::control::ask(&queue_directory(&config), &["reload"], b"", |line| lines.push(line))? {
        None => {
            say("fatal: the Postfix mail system is not running");
            Ok(1)
        }
        Some(status) => {
            if status == 0 {
                say("refreshing the Postfix mail system");
            }
            lines.iter().for_each(|line| say(line));
            Ok(status as u8)
        }
    }
}

/// queue_directory of a main.cf that does not load: the last such line, else the default.
fn queue_directory_as_written(config_directory: &Path) -> PathBuf {
    let text = std::fs::read_to_string(config_directory.join("main.cf")).unwrap_or_default();
    let mut settings = text.lines().rev().filter_map(|line| line.split_once('='));
    let setting = settings.find(|(name, _)| name.trim() == QUEUE_DIRECTORY.name);
    setting.map_or_else(|| QUEUE_DIRECTORY.default.into(), |(_, value)| value.trim().into())
}

pub fn status(invocation: &Invocation) -> Result<u8> {
    let config = loaded(invocation, None)?;
    match running(&config) {
        Some(pid) => {
            say(&format!("the Postfix mail system is running: PID: {pid}"));
            Ok(0)
        }
        None => {
            say("the Postfix mail system is not running");
            Ok(1)
        }
    }
}

pub fn flush(invocation: &Invocation) -> Result<u8> {
    let config = loaded(invocation, None)?;
    match master::control::ask(&queue_directory(&config), &["flush"], b"", |_| ())? {
        Some(status) => Ok(status as u8),
        None => {
            eprintln!("postqueue: fatal: Cannot flush mail queue - mail system is down");
            Ok(69)
        }
    }
}

/// Postfix names the file alone; here the line comes with it.
pub fn placed(warning: &config::Warning) -> String {
    let file = warning.file.display().to_string();
    match warning.text.strip_prefix(&format!("{file}: ")) {
        Some(text) => format!("{file}, line {}: {text}", warning.line),
        None => warning.text.clone(),
    }
}

/// Everything a start would check, without starting.
pub fn check(invocation: &Invocation) -> Result<u8> {
    let (directory, words) = match invocation.words.as_slice() {
        [option, directory, words @ ..] if option == "-c" => (Some(directory.as_str()), words),
        words => (None, words),
    };
    let config = loaded(invocation, directory)?;
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {}
        ["--unimplemented"] => return unimplemented(&config),
        ["--unimplemented", "--all"] => return all_unimplemented(&config),
        _ => bail!("usage: check [-c config_dir] [--unimplemented [--all]]"),
    }
    for warning in config.unused() {
        eprintln!("{}: warning: {}", invocation.name, placed(&warning));
    }
    let unobeyed = parameters::unobeyed(&config).len();
    if unobeyed > 0 {
        let them = if unobeyed == 1 { "1 parameter is" } else { &format!("{unobeyed} parameters are") };
        let name = &invocation.name;
        eprintln!(
            "{name}: warning: {them} set but not yet obeyed; `waxwing check --unimplemented` says which and where"
        );
    }
    crate::maillog::CommandLog::install()?;
    let problems = server::check(&config)?;
    for problem in &problems {
        eprintln!("{}: fatal: {problem}", invocation.name);
    }
    // Warnings leave a server that starts.
    Ok(u8::from(!problems.is_empty()))
}

/// What main.cf and master.cf set that nothing obeys yet, with file and line.
fn unimplemented(config: &Config) -> Result<u8> {
    let mut out = std::io::stdout().lock();
    for parameters::Unobeyed { name, value, place, protects } in parameters::unobeyed(config) {
        let remark = if protects { " (it would protect, and does not)" } else { "" };
        writeln!(out, "{place}: {name} = {value}{remark}")?;
    }
    Ok(0)
}

/// Every parameter that nothing obeys yet, and the numbers.
fn all_unimplemented(config: &Config) -> Result<u8> {
    let numbers = parameters::numbers(wiring::describe_plugins(config)?.config());
    let mut out = std::io::stdout().lock();
    for row in parameters::not_yet_obeyed() {
        let name = if row.template { format!("NAME{}", row.name) } else { row.name.to_string() };
        writeln!(out, "{}", format!("{name} = {}", row.default).trim_end())?;
    }
    let parameters::Numbers { obeyed, inert, not_yet } = numbers;
    writeln!(out, "{obeyed} parameters are obeyed, {inert} are without effect, {not_yet} are not yet obeyed")?;
    Ok(0)
}

/// `waxwing parameters`: the page of all parameters.
pub fn parameters_page(_: &Invocation) -> Result<u8> {
    let config = Config::from_text("", parameters::ROWS).map_err(|errors| anyhow!("{errors}"))?;
    print!("{}", parameters::page(wiring::describe_plugins(&config)?.config()));
    Ok(0)
}

/// `waxwing install DIRECTORY`.
pub fn install(invocation: &Invocation) -> Result<u8> {
    let [directory] = invocation.words.as_slice() else {
        bail!("usage: waxwing install DIRECTORY");
    };
    let program = std::env::current_exe().context("own program file")?;
    let directory = Path::new(directory);
    let own = [
        server::SERVE,
        "quickstart",
        "start",
        "start-fg",
        "stop",
        "reload",
        "status",
        "check",
        "parameters",
        "flush",
        "abort",
        "set-permissions",
        "upgrade-configuration",
        "plugin",
        "install",
    ];
    for command in COMMANDS.iter().filter(|c| !own.contains(&c.name)) {
        let link = directory.join(command.name);
        match std::fs::symlink_metadata(&link) {
            // Somebody's real Postfix is not ours to replace.
            Ok(found) if !found.is_symlink() => bail!("{} exists and is no link: not touched", link.display()),
            Ok(_) => std::fs::remove_file(&link).with_context(|| link.display().to_string())?,
            Err(_) => {}
        }
        std::os::unix::fs::symlink(&program, &link).with_context(|| link.display().to_string())?;
        println!("{} -> {}", link.display(), program.display());
    }
    Ok(0)
}
