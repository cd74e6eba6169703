//! What a server made of the messages, without what two honest servers may have differently.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use regex::Regex;
use waxwing_tests::{server::Server, users::Users, waiting};

pub struct Collected {
    /// Path below the server's directory to content.
    files: BTreeMap<String, String>,
    /// How often each line stands there.
    log: BTreeMap<String, usize>,
}

impl Collected {
    /// Waits until everything was tried once and the log is still.
    pub fn of(server: &Server, users: &Users, messages: usize) -> Self {
        let tried = |server: &Server| server.log().lines().filter(|line| line.contains(" status=")).count();
        waiting::until_true(30, || tried(server) >= messages);
        let mut last = (0, 0);
        waiting::until_true(60, || {
            std::thread::sleep(Duration::from_millis(1500));
            let active = server.queue().iter().filter(|m| m["queue_name"] != "deferred").count();
            let now = (server.log().len(), active);
            let still = now == last && active == 0;
            last = now;
            still
        });
        let normal = Normal::new(server);
        let mut files = BTreeMap::new();
        for directory in [users.home(""), users.spool(), users.out()] {
            collect(&directory, &server.directory, &normal, &mut files);
        }
        let mut log = BTreeMap::new();
        for line in server.log().lines().filter_map(|line| normal.status_line(line)) {
            *log.entry(line).or_default() += 1;
        }
        Self { files, log }
    }

    /// How much is the same, and what is not.
    pub fn differences(&self, other: &Self) -> (usize, Vec<String>) {
        let (mut same, mut found) = (0, Vec::new());
        let names: BTreeSet<&String> = self.files.keys().chain(other.files.keys()).collect();
        for name in names {
            match (self.files.get(name), other.files.get(name)) {
                (Some(a), Some(b)) if a == b => same += 1,
                (a, b) => found.push(format!("== file {name}\n{}", difference(a, b))),
            }
        }
        let lines: BTreeSet<&String> = self.log.keys().chain(other.log.keys()).collect();
        for line in lines {
            let count = |of: &Self| of.log.get(line).copied().unwrap_or(0);
            match (count(self), count(other)) {
                (a, b) if a == b => same += 1,
                (a, b) => found.push(format!("== logged {a} times by postfix, {b} times by waxwing: {line}")),
            }
        }
        (same, found)
    }
}

fn difference(postfix: Option<&String>, waxwing: Option<&String>) -> String {
    let (Some(postfix), Some(waxwing)) = (postfix, waxwing) else {
        let (who, text) = if postfix.is_some() { ("postfix", postfix) } else { ("waxwing", waxwing) };
        return format!("only {who} has it:\n{}", text.map_or("", |text| text));
    };
    let only = |of: &str, other: &str| -> String {
        let lines = of.lines().filter(|line| !other.lines().any(|o| o == *line));
        lines.map(|line| format!("    {line}\n")).collect()
    };
    let (theirs, ours) = (only(postfix, waxwing), only(waxwing, postfix));
    if theirs.is_empty() && ours.is_empty() {
        return format!(
            "  the lines are the same, their order or number is not\n  postfix:\n{postfix}\n  waxwing:\n{waxwing}"
        );
    }
    format!("  only postfix:\n{theirs}  only waxwing:\n{ours}")
}

fn collect(at: &Path, root: &Path, normal: &Normal, files: &mut BTreeMap<String, String>) {
    let mut entries: Vec<_> = fs::read_dir(at).into_iter().flatten().filter_map(Result::ok).map(|e| e.path()).collect();
    entries.sort();
    let in_maildir = at.ends_with("new");
    if in_maildir {
        // They may have arrived in any order.
        entries.sort_by_cached_key(|path| normal.text(&String::from_utf8_lossy(&fs::read(path).unwrap_or_default())));
    }
    for (number, path) in entries.iter().enumerate() {
        if path.is_dir() {
            collect(path, root, normal, files);
            continue;
        }
        let parent = at.strip_prefix(root).unwrap_or(at).display().to_string();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = if in_maildir { format!("message {}", number + 1) } else { name };
        let facts = path.metadata().map(|facts| {
            use std::os::unix::fs::MetadataExt;
            format!("owner {} group {} mode {:o}", facts.uid(), facts.gid(), facts.mode() & 0o7777)
        });
        let bytes = fs::read(path).unwrap_or_default();
        let text = normal.text(&String::from_utf8_lossy(&bytes));
        files.insert(format!("{parent}/{name}"), format!("{}\n{}", facts.unwrap_or_default(), messages_sorted(&text)));
    }
}

fn is_notice(message: &str) -> bool {
    message.starts_with("From MAILER-DAEMON ")
        || message.starts_with("Return-Path: <>\n")
        || message.contains("\nReturn-Path: <>\n")
}

/// Messages of a mailbox arrive in any order.
fn messages_sorted(text: &str) -> String {
    let mut messages: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("From ") || messages.is_empty() {
            messages.push(String::new());
        }
        if let Some(message) = messages.last_mut() {
            message.push_str(line);
        }
    }
    // The words of a notice are each server's own.
    const TOLD: &[&str] = &["To: ", "Subject: ", "Final-Recipient: ", "Action: ", "Status: "];
    for message in messages.iter_mut().filter(|message| is_notice(message)) {
        let told = message.lines().filter(|line| TOLD.iter().any(|start| line.starts_with(start)));
        *message = told.map(|line| format!("{line}\n")).collect();
    }
    messages.sort();
    messages.concat()
}

struct Normal {
    directory: String,
    patterns: Vec<(Regex, &'static str)>,
}

impl Normal {
    fn new(server: &Server) -> Self {
        let regex = |text: &str| Regex::new(text).expect("a good pattern");
        let date = r"\w{3}, +\d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}(?: \(\w+\))?";
        Self {
            directory: server.directory.display().to_string(),
            patterns: vec![
                (regex(&format!(r"(?m)^Date: {date}")), "Date: DATE"),
                (regex(date), "DATE"),
                (regex(r"(?m)^(From \S+) .*$"), "$1 DATE"),
                (regex(r"[0-9A-F]{6,14}\.\d+/mx\.test"), "BOUNDARY"),
                (regex(r"<\d{14}\.[0-9A-Za-z]+@mx\.test>"), "<MESSAGE-ID>"),
                (regex(r"(/tmp/)[^/ ]+\.mx\.test"), "$1NAME"),
                (regex(r"\b[0-9A-F]{8,14}\b"), "ID"),
                (regex(r"250[12]\b"), "PORT"),
                (regex(r"/(postfix|waxwing)/"), "/SERVER/"),
            ],
        }
    }

    fn text(&self, text: &str) -> String {
        let text = text.replace(&self.directory, "DIR");
        self.patterns.iter().fold(text, |text, (regex, with)| regex.replace_all(&text, *with).into_owned())
    }

    /// `local: to=<...>, relay=..., dsn=..., status=...` and warnings of local and pipe.
    fn status_line(&self, line: &str) -> Option<String> {
        let (_, rest) = line.split_once(" postfix/")?;
        let (daemon, rest) = rest.split_once('[')?;
        let (_, text) = rest.split_once("]: ")?;
        if !["local", "pipe"].contains(&daemon) || !(text.contains(" status=") || text.starts_with("warning: ")) {
            return None;
        }
        let delays = Regex::new(r", delay=[^,]*, delays=[^,]*").expect("a good pattern");
        Some(format!("{daemon}: {}", self.text(&delays.replace(text, ""))))
    }
}
