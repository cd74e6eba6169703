//! The plain-text form of a session (tests/dialogues/README.md): reading and playing it.

use std::{path::Path, time::Duration};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// One file.
pub struct Dialogue {
    pub title: String,
    pub settings: Vec<(String, String)>,
    /// It needs the whole server and its default plugins.
    pub needs_server: bool,
    pub steps: Vec<(usize, Step)>,
}

pub enum Step {
    /// Bytes to send.
    Send(Vec<u8>),
    /// A line that comes back.
    Receive(Expected),
    /// The server closes the connection.
    Closed,
    /// The client closes it.
    Close,
    /// A line in the mail log, after the last one found.
    Log(Expected),
}

pub enum Expected {
    Exact(String),
    Pattern(pcre2::bytes::Regex),
}

impl Expected {
    fn parse(text: &str) -> Self {
        match text.strip_prefix('~') {
            Some(pattern) => {
                Expected::Pattern(pcre2::bytes::Regex::new(&format!("^(?:{pattern})$")).expect("a good pattern"))
            }
            None => Expected::Exact(text.to_string()),
        }
    }

    fn fits(&self, line: &str) -> bool {
        match self {
            Expected::Exact(text) => text == line,
            Expected::Pattern(pattern) => pattern.is_match(line.as_bytes()).unwrap_or(false),
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Expected::Exact(text) => write!(f, "{text:?}"),
            Expected::Pattern(pattern) => write!(f, "~{}", pattern.as_str()),
        }
    }
}

impl Dialogue {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a readable dialogue");
        let title = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut dialogue = Self { title, settings: Vec::new(), needs_server: false, steps: Vec::new() };
        for (number, line) in text.lines().enumerate() {
            let (key, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            let step = match key {
                _ if line.is_empty() || line.starts_with('#') => continue,
                "main.cf" => {
                    let (name, value) = value.split_once('=').expect("name = value");
                    dialogue.settings.push((name.trim().to_string(), value.trim().to_string()));
                    continue;
                }
                "needs" => {
                    dialogue.needs_server = value == "server";
                    continue;
                }
                "S" => Step::Send([&unescape(value)[..], b"\r\n"].concat()),
                "B" => Step::Send(unescape(value)),
                "R" if value == "<closed>" => Step::Closed,
                "R" => Step::Receive(Expected::parse(value)),
                "L" => Step::Log(Expected::parse(value)),
                "C" => Step::Close,
                _ => panic!("{}:{}: what is {line:?}?", dialogue.title, number + 1),
            };
            dialogue.steps.push((number + 1, step));
        }
        dialogue
    }

    /// Plays it over a stream; gives the first difference.
    pub async fn play(&self, mut stream: DuplexStream) -> Result<(), String> {
        let mut input = Vec::new();
        for (number, step) in &self.steps {
            let at = |what: String| Err(format!("{}:{number}: {what}", self.title));
            match step {
                Step::Send(bytes) => {
                    if let Err(error) = stream.write_all(bytes).await {
                        return at(format!("cannot send: {error}"));
                    }
                }
                Step::Receive(expected) => match read_line(&mut stream, &mut input).await {
                    Some(line) if expected.fits(&without_id(&line)) => {}
                    Some(line) => return at(format!("expected {expected}, got {line:?}")),
                    None => return at(format!("expected {expected}, got nothing")),
                },
                Step::Closed => {
                    if let Some(line) = read_line(&mut stream, &mut input).await {
                        return at(format!("expected the end, got {line:?}"));
                    }
                }
                Step::Close => return Ok(()),
                Step::Log(_) => {}
            }
        }
        Ok(())
    }

    /// Looks for the log lines, in order.
    pub fn check_log(&self, log: &[String]) -> Result<(), String> {
        let mut rest = log.iter();
        for (number, step) in &self.steps {
            let Step::Log(expected) = step else { continue };
            if !rest.any(|line| expected.fits(&without_id(line))) {
                let log = log.join("\n  ");
                return Err(format!(
                    "{}:{number}: not in the log, or out of order: {expected}; the log:\n  {log}",
                    self.title
                ));
            }
        }
        Ok(())
    }
}

async fn read_line(stream: &mut DuplexStream, input: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = input.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = input.drain(..=end).collect();
            return Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_string());
        }
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_buf(input)).await;
        match read {
            Ok(Ok(count)) if count > 0 => {}
            _ => return None,
        }
    }
}

/// Queue ids differ from run to run: they become ID.
fn without_id(line: &str) -> String {
    let is_id = |word: &str| word.len() >= 6 && word != "NOQUEUE" && word.bytes().all(|b| b.is_ascii_alphanumeric());
    let warning = line.strip_prefix("warning: ").unwrap_or(line);
    let front = &line[..line.len() - warning.len()];
    let line = match warning.split_once(": ") {
        Some((id, rest)) if is_id(id) && id.bytes().any(|b| b.is_ascii_digit()) => format!("{front}ID: {rest}"),
        _ => line.to_string(),
    };
    match line.split_once("queued as ") {
        Some((front, id)) if is_id(id) => format!("{front}queued as ID"),
        _ => line,
    }
}

/// `\r \n \t \\ \xHH`.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'r') => out.push(b'\r'),
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'x') => {
                let digits: String = bytes.by_ref().take(2).map(char::from).collect();
                out.push(u8::from_str_radix(&digits, 16).expect("two hexadecimal digits"));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}
