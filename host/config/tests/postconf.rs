//! The same files, read by Postfix's own postconf and by this crate, must say the same. Skipped where there is no postconf.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

use config::{Config, Machine, MasterEntry};
use tempfile::TempDir;

/// What postconf printed: standard output, and the lines of standard error without `postconf: `.
struct Answer {
    output: String,
    messages: Vec<String>,
}

/// Runs postconf on the directory; `None`, loudly, where there is none.
fn postconf(directory: &Path, arguments: &[&str]) -> Option<Answer> {
    let Ok(found) = Command::new("postconf").arg("-c").arg(directory).args(arguments).output() else {
        eprintln!("SKIPPED: there is no postconf to compare with");
        return None;
    };
    let mut messages: Vec<String> = String::from_utf8_lossy(&found.stderr)
        .lines()
        .map(|line| line.trim_start_matches("postconf: ").to_string())
        .collect();
    messages.dedup();
    Some(Answer { output: String::from_utf8_lossy(&found.stdout).trim().to_string(), messages })
}

fn directory(main_cf: &str, master_cf: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("main.cf"), main_cf).unwrap();
    fs::write(directory.path().join("master.cf"), master_cf).unwrap();
    directory
}

/// postconf folds white space when it prints.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Snippets of main.cf; each is read for `mydestination`.
const SNIPPETS: &[&str] = &[
    "mydestination = plain text",
    "mydestination =",
    "mydestination",
    "= x",
    "two words = x\nmydestination = y",
    "mydestination=no=spaces = here",
    "mydestination = first\nmydestination = second",
    "mydestination = a\n b\n\tc",
    "mydestination = a\n# comment\n\n   # indented comment\n  b\n \nmynetworks = 1.2.3.4",
    "mydestination = a # no comment",
    "mydestination = a\r\n b\r\n",
    "a = 1\nmydestination = $a",
    "a = 1\nmydestination = x${a}y$(a)z",
    "a = 1\nmydestination = $a.x $a-y $a/z $a,$a",
    "a = 1\nmydestination = $ab.",
    "a = $b\nb = $c\nc = deep\nmydestination = $a",
    "mydestination = 5$$ $$a",
    "a = 1\nb=$$a\nmydestination = <$b>",
    "a = 1\nmydestination = ${a?yes}${a:no}",
    "a =\nmydestination = ${a?yes}${a:no}",
    "mydestination = ${nothing?yes}${nothing:no}",
    "mydestination = <$nothing>",
    "a=1\nmydestination = ${a?{yes}:{no}} ${b?{yes}:{no}}",
    "a=1\nmydestination = ${a ? {yes} : {no}}",
    "a=1\nmydestination = ${ a ?{yes}:no}",
    "a=1\nmydestination = x${a? yes }y${ a }z",
    "a=1\nmydestination = ${a?{ yes }}|${a?{y{e}s}}",
    "a=1\nmydestination = ${a??foo:{b}ar}",
    "a=1\nmydestination = ${b:{x}:{y}}",
    "a=1\nmydestination = ${a?$a$a} ${b:${a?$a$a$a}}",
    "b=\na=$b\nmydestination = ${a?raw value counts}",
    "a=1\nb=2\nmydestination = ${a?{${b?{both}:{a}}}:{none}}",
    "mydestination = ${{a} == {a}}|${{a} == {b}}|${{a}!={b}}",
    "mydestination = ${{a} == {a} ? {same} : {other}}",
    "mydestination = ${{a} == {b} ? {same} : {other}}",
    "mydestination = ${{a} == {b}?same:other}",
    "mydestination = ${{a} != {b}:{same}}${{a} == {b}:{other}}",
    "mydestination = ${{10} < {9} ? {less} : {more}} ${{10x} < {9} ? {less} : {more}}",
    "mydestination = ${{2}<={2}}${{2}>={3}}${{3}>{2}}${{a}<{b}}",
    "mydestination = ${{ 3} == {3} ? {same} : {other}} ${{03} == {3} ? {same} : {other}}",
    "a=x\nmydestination = ${{$a} == {x} ? {$a is x} : {$a is not x}}",
    "mydestination = ${{3.6} <level {3.10} ? {less} : {more}} ${{3.10} < {3.6} ? {less} : {more}}",
    "mydestination = ${{3} ==level {3.0.0}} ${{3.1} !=level {3}} ${{4} >level {3.9}} ${{4} >=level {4}} ${{4} <=level {3}}",
    "mydestination = ${{x} ==level {3.0.0}}",
    "mydestination = ${{1.2.3.4} <level {3.0.0}}",
    "compatibility_level = 2\nmydestination = ${{$compatibility_level} <level {2} ? {old} : {new}}",
    "mydestination = ${{a} = {b}}",
    "mydestination = ${{a} {b}}",
    "mydestination = ${{a} == b}",
    "mydestination = ${{a} == {b} x}",
    "mydestination = ${{a == b}}",
    "a=1\nmydestination = ${a?{yes} no}",
    "a=1\nmydestination = ${a?{yes}:{no} more}",
    "a=1\nmydestination = ${a?{yes}:b{}c}",
    "mydestination = ${a b}",
    "mydestination = ${a-b}",
    "mydestination = x${a",
    "mydestination = x$(a",
    "mydestination = x${}",
    "mydestination = x$-y",
    "mydestination = x$",
    "mydestination = $mydestination",
    "a=$b\nb=$a\nmydestination = x$a",
    "a=1\nmydestination = ${a?fine}${b?$}",
    "myhostname = mail.example.com\nmydestination = $myhostname $mydomain $myorigin",
    "mydomain = example.org\nmydestination = $myhostname $mydomain",
    "myhostname = short\nmydestination = $myhostname $mydomain",
    "multi_instance_name = two\nmydestination = $syslog_name",
    "relay_domains = x y\ncompatibility_level = 3.6\nmydestination = $relay_domains $smtputf8_enable $mynetworks_style",
    "mynetworks_style = host\nmydestination = $mynetworks",
    "mynetworks_style = subnet\nmydestination = $mynetworks",
    "mynetworks_style = class\nmydestination = $mynetworks",
    "inet_interfaces = loopback-only\nmydestination = $mynetworks",
    "inet_interfaces = 127.0.0.1\nmydestination = $mynetworks",
    "inet_protocols = ipv4\nmydestination = $mynetworks",
    "  continuation of nothing\nmydestination = y",
    "stress = yes\nmydestination = ${stress?{1}:{3}}",
];

#[test]
fn main_cf_says_what_postconf_says() {
    // postconf waits a second before it dies of a fatal error, so many run at a time.
    let differences: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = SNIPPETS.iter().map(|snippet| scope.spawn(|| difference(snippet))).collect();
        runs.into_iter().filter_map(|run| run.join().unwrap()).collect()
    });
    assert!(differences.is_empty(), "{} of {} differ:\n{}", differences.len(), SNIPPETS.len(), differences.join("\n"));
}

/// How the two readings of one snippet differ.
fn difference(snippet: &str) -> Option<String> {
    let directory = directory(snippet, "");
    let theirs = postconf(directory.path(), &["-xh", "mydestination"])?;
    let failed = theirs.messages.iter().any(|message| message.starts_with("fatal:"));
    let (ours, said): (Option<String>, Vec<String>) = match Config::load_on(directory.path(), &[], Machine::current()) {
        Ok(loaded) => {
            let said = loaded.warnings.iter().map(|warning| format!("warning: {warning}"));
            (Some(loaded.config.text("mydestination").unwrap_or_default()), said.collect())
        }
        Err(errors) => {
            let said = errors.0.iter().flat_map(|error| {
                let place = error.place().map(ToString::to_string).unwrap_or_default();
                [format!("fatal: {place}: {}", error.message()), format!("warning: {}", error.message())]
            });
            (None, said.collect())
        }
    };
    let same = match &ours {
        Some(text) => {
            // postconf reads the file again and again, and then finds line 1 to override an earlier reading.
            let about_reading = |message: &&String| {
                message.contains("logical line") || (message.contains("overriding") && !message.contains("line 1:"))
            };
            !failed
                && folded(text) == folded(&theirs.output)
                && theirs.messages.iter().filter(about_reading).all(|message| said.contains(message))
        }
        None => failed && theirs.messages.iter().any(|message| said.contains(message)),
    };
    let Answer { output, messages } = theirs;
    (!same).then(|| format!("{snippet:?}\n  postconf: {output:?} {messages:#?}\n  here: {ours:?} {said:#?}"))
}

/// What differs from Postfix on purpose, or belongs to the machine or is unknown to it.
const OWN_DEFAULTS: &[&str] = &[
    "mail_name",
    "mail_version",
    "config_directory",
    "queue_directory",
    "data_directory",
    "process_id",
    "process_name",
    "plugin_directory",
    "delivery_plugins",
];

#[test]
fn defaults_are_those_of_postconf() {
    let directory = directory("", "");
    let config = Config::load_on(directory.path(), &[], Machine::current()).unwrap().config;
    let Some(answer) = postconf(directory.path(), &["-d"]) else { return };
    let mut differences = Vec::new();
    for row in config.rows().filter(|row| !OWN_DEFAULTS.contains(&row.name)) {
        let ours = format!("{} = {}", row.name, config.default_text(row.name).unwrap());
        if !answer.output.lines().any(|line| line.trim() == ours.trim()) {
            let start = format!("{} = ", row.name);
            let theirs = answer.output.lines().find(|line| line.starts_with(&start)).unwrap_or("no such parameter");
            differences.push(format!("here: {ours}\n  postconf: {theirs}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

const SERVICES: &str = "\
# comment
smtp      inet  n       -       y       -       -       smtpd
127.0.0.1:10025 inet n  -       n       -       3       smtpd
  -o first=1
# a comment between
  -o { second = two words }
  -ofifth=$first   -v
  -vDo third=3
pickup    unix  n       -       n       60      1       pickup
qmgr      unix  n       -       n       300?    1       qmgr
tlsmgr    unix  -       -       -       1000?   0       tlsmgr
postlog   unix-dgram n  -       n       -       1       postlogd
old       fifo  n       y       n       -       -       old
smtpd     pass  -       -       n       -       -       smtpd
mailer    unix  -       n       n       -       10      pipe
  -o x=y
  flags=DRhu user=vmail argv=/usr/bin/deliver -o not=option { two words } ${recipient}
relay     unix  -       -       n       -       -       smtp -o syslog_name=postfix/$service_name
braced    unix  -       -       n       -       -       smtp -o x={a b} -- -o y=z
";

fn column(text: Option<bool>) -> &'static str {
    match text {
        None => "-",
        Some(true) => "y",
        Some(false) => "n",
    }
}

/// An entry as `postconf -M` prints it, white space folded, options first.
fn shown(entry: &MasterEntry) -> String {
    let wakeup = match (entry.wakeup.seconds, entry.wakeup.only_if_used) {
        (0, _) => "-".to_string(),
        (seconds, conditional) => format!("{seconds}{}", if conditional { "?" } else { "" }),
    };
    let maxproc = entry.maxproc.map_or("-".to_string(), |limit| limit.to_string());
    let braced = |text: String| if text.contains(' ') { format!("{{{text}}}") } else { text };
    let mut words = vec![
        entry.service.clone(),
        entry.kind.to_string(),
        column(entry.private).to_string(),
        column(entry.unpriv).to_string(),
        column(entry.chroot).to_string(),
        wakeup,
        maxproc,
        entry.command.clone(),
    ];
    words.extend(entry.overrides.iter().map(|(name, value, _)| format!("-o {}", braced(format!("{name}={value}")))));
    words.extend(entry.args.iter().map(|word| braced(word.clone())));
    words.join(" ")
}

#[test]
fn master_cf_says_what_postconf_says() {
    let directory = directory("", SERVICES);
    let config = Config::load_on(directory.path(), &[], Machine::current()).unwrap().config;
    let Some(answer) = postconf(directory.path(), &["-M"]) else { return };
    let sorted = |line: &str| {
        let mut words: Vec<String> = line.split_whitespace().map(str::to_string).collect();
        words.sort();
        words.join(" ")
    };
    let theirs: Vec<String> = answer.output.lines().map(sorted).collect();
    let ours: Vec<String> = config.master().iter().map(|entry| sorted(&shown(entry))).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn unused_and_undefined_parameters_are_those_of_postconf() {
    let main_cf = "\
unread = 1
read = 2
mydestination = $read $undefined_one
also_unread = $unread_too
unread_too = x
myclass = permit
smtpd_restriction_classes = myclass, missing
alias_maps = ldap:people
people_server_host = ldap.example.com
strangers_server_host = ldap.example.com
from_service = y
";
    let master_cf = "\
smtp inet n - n - - smtpd -o unknown=1 -o known=2 -o mydestination=$known -o myorigin=$from_service -o read=3 -o myclass=reject
 -o smtpd_client_restrictions=$undefined_two
";
    let directory = directory(main_cf, master_cf);
    config::parameters! { SMTPD_CLIENT_RESTRICTIONS: Text = "smtpd_client_restrictions", ""; }
    let config = Config::load_on(directory.path(), &[PARAMETERS], Machine::current()).unwrap().config;
    let Some(answer) = postconf(directory.path(), &["-x", "mydestination"]) else { return };
    let mut theirs: Vec<String> = answer
        .messages
        .iter()
        .filter(|message| message.contains("unused parameter") || message.contains("undefined parameter"))
        .map(|message| message.trim_start_matches("warning: ").to_string())
        .collect();
    let mut ours: Vec<String> = config.unused().iter().chain(&config.undefined()).map(ToString::to_string).collect();
    theirs.sort();
    ours.sort();
    assert_eq!(ours, theirs);
}

/// Settings that every Postfix program reads at its start, so that postmap dies of a bad one.
const VALUES: &[&str] = &[
    "soft_bounce = maybe",
    "soft_bounce = YES",
    "soft_bounce =",
    "message_size_limit = 1k",
    "message_size_limit = 99999999999",
    "line_length_limit = 99999999999",
    "line_length_limit = 12",
    "line_length_limit = 2048 x",
    "default_process_limit = 0",
    "daemon_timeout = 5 s",
    "daemon_timeout =",
    "daemon_timeout = 5x",
    "daemon_timeout = 5",
    "daemon_timeout = 2h",
    "ipc_timeout = 0",
    "ipc_ttl = 99999999999h",
    "ipc_ttl = 1h30m",
    "ipc_ttl = -5s",
    "mail_owner =",
    "myhostname =",
    "myhostname = a..b",
    "compatibility_level = x",
    "compatibility_level = 3.6.1",
    "inet_protocols = ipv5",
    "inet_protocols = ipv4, ipv6",
    "mynetworks_style = foo",
    "relayhost = a b",
    "myorigin = a b",
    "myhostname = mx.example.org\nrelayhost = MX.example.org",
    "relayhost = ${a",
];

/// Rows of [`VALUES`] that no crate here reads.
mod processes {
    config::parameters! {
        DAEMON_TIMEOUT: Time = "daemon_timeout", "18000s", unit = s, min = 1;
        IPC_TIMEOUT: Time = "ipc_timeout", "3600s", unit = s, min = 1;
        IPC_TTL: Time = "ipc_ttl", "1000s", unit = s, min = 1;
    }
}

#[test]
fn bad_values_are_refused_in_postfix_s_words() {
    if Command::new("postmap").arg("-V").output().is_err() {
        eprintln!("SKIPPED: there is no postmap to compare with");
        return;
    }
    let differences: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = VALUES.iter().map(|setting| scope.spawn(|| refusal(setting))).collect();
        runs.into_iter().filter_map(|run| run.join().unwrap()).collect()
    });
    assert!(differences.is_empty(), "{} of {} differ:\n{}", differences.len(), VALUES.len(), differences.join("\n"));
}

/// How the two refusals of one setting differ.
fn refusal(setting: &str) -> Option<String> {
    let directory = directory(setting, "");
    let found = Command::new("postmap").arg("-c").arg(directory.path()).args(["-q", "x", "static:y"]).output().unwrap();
    let theirs = String::from_utf8_lossy(&found.stderr).to_string();
    let ours = match Config::load_on(directory.path(), &[processes::PARAMETERS], Machine::current()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.0.iter().map(config::ConfigError::message).collect::<Vec<_>>(),
    };
    let refused = theirs.contains("fatal: ");
    // Some messages have `file main.cf: ` before them, which stands for the place here.
    let same =
        refused != ours.is_empty() && (!refused || ours.iter().any(|message| theirs.contains(message.trim_end())));
    (!same).then(|| format!("{setting:?}\n  postmap: {theirs:?}\n  here: {ours:?}"))
}
