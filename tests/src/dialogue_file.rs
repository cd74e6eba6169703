//! The sessions of tests/dialogues, which also the SMTP server's own tests play in memory; README.md there has the format.
//! Here a whole server plays them.

use std::{fs, path::Path, sync::OnceLock, time::Duration};

use regex::Regex;

use crate::{client::Client, normal, server::Server, waiting};

/// The base the dialogues were written for knows no XFORWARD.
const BASE: &str = "smtpd_authorized_xforward_hosts =\n";

#[derive(Debug)]
enum Line {
    Send(Vec<u8>),
    Expect(String),
    Close,
}

#[derive(Debug)]
pub struct DialogueFile {
    pub name: String,
    main_cf: String,
    lines: Vec<Line>,
    logged: Vec<String>,
}

/// All of them, in the order of their names.
pub fn all() -> Vec<DialogueFile> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialogues");
    let entries = fs::read_dir(&directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut paths: Vec<_> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "txt")).collect();
    paths.sort();
    paths.iter().map(|path| parse(path)).collect()
}

fn parse(path: &Path) -> DialogueFile {
    let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
    let text = fs::read_to_string(path).expect("UTF-8");
    let mut file = DialogueFile { name, main_cf: String::new(), lines: Vec::new(), logged: Vec::new() };
    for line in text.lines() {
        let (word, rest) = line.split_once(':').unwrap_or((line, ""));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match word {
            "main.cf" => file.main_cf += &format!("{rest}\n"),
            "S" => file.lines.push(Line::Send([unescape(rest), b"\r\n".to_vec()].concat())),
            "B" => file.lines.push(Line::Send(unescape(rest))),
            "R" => file.lines.push(Line::Expect(rest.into())),
            "L" => file.logged.push(rest.into()),
            "C" => file.lines.push(Line::Close),
            "needs" => {}
            _ if line.trim().is_empty() || line.starts_with('#') => {}
            _ => panic!("{}: a line of no known kind: {line}", path.display()),
        }
    }
    file
}

/// What differed; `number` tells the configurations of one server apart.
pub fn play(file: &DialogueFile, server: &mut Server, number: usize) -> Result<(), String> {
    let more = if file.main_cf.contains("xforward") { "" } else { BASE };
    // What a server says of the new configuration as such, it says in the first session that finds it.
    let logged_before = server.log().len();
    server.reconfigure(&format!("{more}{}", file.main_cf), number);
    let mut client = Client::connect(server.port).map_err(|e| e.to_string())?;
    client.set_patience(Duration::from_secs(15));
    let mut sent = String::from("(connects)");
    for line in &file.lines {
        match line {
            Line::Send(bytes) => {
                sent = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).trim_end().to_string();
                client.send(bytes);
            }
            Line::Close => {
                drop(client);
                break;
            }
            Line::Expect(pattern) => {
                let got = client.reply_line();
                if !matches(pattern, &got) {
                    return Err(format!("{}: sent {sent}\n    expected: {pattern}\n    got:      {got}", file.name));
                }
            }
        }
    }
    logged(file, server, logged_before)
}

/// The lines of `L:` come in this order, others may stand between them.
fn logged(file: &DialogueFile, server: &Server, from: usize) -> Result<(), String> {
    let missing = || {
        let log = server.log();
        let lines: Vec<String> = log.get(from..).unwrap_or_default().lines().map(text_of).collect();
        let mut rest = lines.iter();
        file.logged.iter().find(|wanted| !rest.any(|line| matches(wanted, line))).cloned()
    };
    if waiting::until_true(5, || missing().is_none()) {
        return Ok(());
    }
    let log = server.log();
    let lines: Vec<String> = log.get(from..).unwrap_or_default().lines().map(text_of).collect();
    Err(format!("{}: not in the log: {}\n    {}", file.name, missing().unwrap_or_default(), lines.join("\n    ")))
}

/// A log line without time and program.
fn text_of(line: &str) -> String {
    static IDENTITY: OnceLock<Regex> = OnceLock::new();
    let id = IDENTITY
        .get_or_init(|| Regex::new(r"^([0-9A-F]{6,}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,}): ").expect("a pattern"));
    let text = normal::log_line(line);
    let text = text.split_once(": ").map_or(text.clone(), |(_, rest)| rest.to_string());
    id.replace(&text, "ID: ").into_owned()
}

fn matches(pattern: &str, line: &str) -> bool {
    let line = normal::reply(line);
    match pattern.strip_prefix('~') {
        Some(regex) => Regex::new(&format!("^(?:{regex})$")).expect("a good pattern").is_match(&line),
        None => normal::reply(pattern) == line,
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'r') => bytes.push(b'\r'),
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'\\') => bytes.push(b'\\'),
            Some(b'x') => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.push(u8::from_str_radix(&digits, 16).expect("\\xHH"));
            }
            other => bytes.extend([b'\\'].into_iter().chain(other)),
        }
    }
    bytes
}
