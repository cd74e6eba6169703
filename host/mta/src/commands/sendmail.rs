//! sendmail(1): takes a message on standard input, for recipients on the command line or, with -t, in its header.
//!
//! A running server takes it at once; otherwise it waits in the maildrop queue.

use std::{
    io::{BufRead, Read},
    time::SystemTime,
};

use anyhow::{Context, Result, bail};
use config::parameters::{MESSAGE_SIZE_LIMIT, QUEUE_DIRECTORY};
use mail::{Envelope, EnvelopeRecipient, ReturnContent};

use super::Invocation;
use crate::{server::submit_order, system::SystemRandomness};

/// sysexits(3).
const EX_USAGE: u8 = 64;
const EX_TEMPFAIL: u8 = 75;
/// What the server says where the user may not (authorized_submit_users). Postfix exits with EX_TEMPFAIL then.
const EX_NOPERM: i32 = 77;

pub fn run(invocation: &Invocation) -> Result<u8> {
    let call = match Call::parse(&invocation.words) {
        Ok(call) => call,
        Err(text) => {
            eprintln!("sendmail: fatal: {text}");
            return Ok(EX_USAGE);
        }
    };
    match call.mode {
        Mode::Deliver => submit(invocation, call),
        Mode::List => super::postqueue::mailq(invocation.named("mailq", call.config_words())?.as_ref()),
        Mode::Flush => super::postqueue::run(
            invocation.named("postqueue", [call.config_words(), vec!["-f".to_string()]].concat())?.as_ref(),
        ),
        Mode::Aliases => super::postmap::newaliases(invocation, call.config.as_deref(), call.alias_database.as_deref()),
    }
}

/// newaliases(1): sendmail -I.
pub fn newaliases(invocation: &Invocation) -> Result<u8> {
    let call = Call::parse(&invocation.words).map_err(anyhow::Error::msg)?;
    super::postmap::newaliases(invocation, call.config.as_deref(), call.alias_database.as_deref())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Deliver,
    List,
    Flush,
    Aliases,
}

/// A parsed command line.
#[derive(Debug)]
struct Call {
    mode: Mode,
    config: Option<String>,
    /// -oA
    alias_database: Option<String>,
    sender: Option<String>,
    full_name: Option<String>,
    from_header: bool,
    dot_is_text: bool,
    notify: u8,
    return_content: Option<ReturnContent>,
    envelope_id: String,
    recipients: Vec<String>,
}

impl Call {
    /// sendmail's own option syntax: `-oi`, `-bp`, `-fsender`, `-q30m`.
    fn parse(words: &[String]) -> Result<Self, String> {
        let mut call = Self {
            mode: Mode::Deliver,
            config: None,
            alias_database: None,
            sender: None,
            full_name: None,
            from_header: false,
            dot_is_text: false,
            notify: 0,
            return_content: None,
            envelope_id: String::new(),
            recipients: Vec::new(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix('-').filter(|o| !o.is_empty()) else {
                call.recipients.push(word.clone());
                continue;
            };
            if option == "-" {
                call.recipients.extend(words.cloned());
                break;
            }
            call.option(option, &mut words)?;
        }
        Ok(call)
    }

    fn option<'w>(&mut self, option: &str, words: &mut impl Iterator<Item = &'w String>) -> Result<(), String> {
        let letter = option.chars().next().unwrap_or_default();
        let attached = &option[letter.len_utf8()..];
        let mut value = || -> Result<String, String> {
            if !attached.is_empty() {
                return Ok(attached.to_string());
            }
            words.next().cloned().ok_or_else(|| format!("option requires an argument -- '{letter}'"))
        };
        match letter {
            'b' => {
                self.mode = match value()?.as_str() {
                    "m" => Mode::Deliver,
                    "p" => Mode::List,
                    "i" => Mode::Aliases,
                    other => return Err(format!("unsupported: -b{other}")),
                }
            }
            'C' | 'c' => self.config = Some(value()?),
            'f' | 'r' => self.sender = Some(value()?),
            'F' => self.full_name = Some(value()?),
            't' => self.from_header = true,
            'i' => self.dot_is_text = true,
            'I' => self.mode = Mode::Aliases,
            'q' => self.mode = Mode::Flush,
            'N' => self.notify = notify(&value()?)?,
            'R' => self.return_content = Some(return_content(&value()?)?),
            'V' => self.envelope_id = value()?,
            'o' => {
                // All others are accepted by Postfix's sendmail and ignored there, too.
                let value = value()?;
                if let Some(database) = value.strip_prefix('A') {
                    self.alias_database = Some(database.to_string());
                }
                self.dot_is_text |= value == "i";
            }
            'B' | 'h' | 'L' | 'O' | 'p' | 'X' | 'A' | 'm' if letter != 'm' => {
                value()?;
            }
            'e' | 'G' | 'm' | 'n' | 'U' | 'v' | 'x' => {}
            other => return Err(format!("invalid option -- '{other}'")),
        }
        Ok(())
    }

    fn config_words(&self) -> Vec<String> {
        self.config.iter().flat_map(|dir| ["-c".to_string(), dir.clone()]).collect()
    }
}

/// RFC 3461 section 4.1.
fn notify(text: &str) -> Result<u8, String> {
    let mut bits = 0;
    for word in text.split(',') {
        bits |= match word.trim().to_ascii_lowercase().as_str() {
            "never" => 1,
            "success" => 2,
            "failure" => 4,
            "delay" => 8,
            other => return Err(format!("bad NOTIFY parameter: {other}")),
        };
    }
    if bits & 1 != 0 && bits != 1 { Err("bad NOTIFY parameter: never goes alone".to_string()) } else { Ok(bits) }
}

/// RFC 3461 section 4.3.
fn return_content(text: &str) -> Result<ReturnContent, String> {
    match text.to_ascii_lowercase().as_str() {
        "full" => Ok(ReturnContent::Full),
        "hdrs" => Ok(ReturnContent::Headers),
        other => Err(format!("bad RET parameter: {other}")),
    }
}

fn submit(invocation: &Invocation, call: Call) -> Result<u8> {
    let config = invocation.config(call.config.as_deref())?;
    let limit = config.get(&MESSAGE_SIZE_LIMIT);
    let content = read_message(&call, if limit == 0 { u64::MAX } else { limit })?;
    let mut recipients = Vec::new();
    if call.from_header {
        // Rewritten before they are recipients: what the sender wrote is not kept, as in Postfix.
        let rewrite = rewrite::Settings::from(&config);
        let found = cleanup::recipients_of_header(&content).into_iter();
        recipients.extend(found.map(|r| rewrite.canonical_form(&r, rewrite::Context::Local).into_owned()));
    }
    recipients.extend(call.recipients.iter().map(|r| mail::address::unquote(r)));
    if recipients.is_empty() {
        eprintln!("sendmail: fatal: Recipient addresses must be specified on the command line or via the -t option");
        return Ok(EX_USAGE);
    }
    let mut envelope = Envelope::new(call.sender.as_deref().map_or_else(login_name, sender_address), SystemTime::now());
    envelope.envelope_id = call.envelope_id.clone();
    envelope.return_content = call.return_content;
    envelope.client.local = true;
    envelope.recipients = recipients
        .into_iter()
        .map(|address| EnvelopeRecipient { address, notify: call.notify, ..Default::default() })
        .collect();
    let content = with_full_name(content, call.full_name.as_deref());
    let queue_directory = config.get(&QUEUE_DIRECTORY);
    let order = submit_order(&envelope)?;
    let words: Vec<&str> = order.iter().map(String::as_str).collect();
    let mut said = Vec::new();
    let status = match master::control::ask(queue_directory.as_ref(), &words, &content, |line| said.push(line)) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("sendmail: fatal: {error}");
            return Ok(EX_TEMPFAIL);
        }
    };
    match status {
        Some(0) => Ok(0),
        Some(EX_NOPERM) => {
            eprintln!("sendmail: fatal: {}", said.join(" "));
            Ok(EX_TEMPFAIL)
        }
        Some(status) if status != i32::from(EX_TEMPFAIL) => {
            eprintln!("sendmail: fatal: {}", said.join(" "));
            Ok(status as u8)
        }
        // Nobody is there to take it, or not now: pickup(8) tries again.
        Some(_) | None => {
            let randomness = SystemRandomness::open().context("/dev/urandom")?;
            match queue::maildrop::drop(queue_directory.as_ref(), &envelope, &content, SystemTime::now(), &randomness) {
                Ok(_) => {
                    // It may have started since, and have looked into maildrop already. Else it looks when it starts.
                    let _ = master::control::ask(queue_directory.as_ref(), &["pickup"], b"", |_| ());
                    Ok(0)
                }
                Err(error) => {
                    eprintln!(
                        "sendmail: fatal: the mail system is down and the message cannot wait in maildrop: {error}"
                    );
                    Ok(EX_TEMPFAIL)
                }
            }
        }
    }
}

/// -f: any form a user may write; `<>` and the empty string are the null sender.
fn sender_address(given: &str) -> String {
    let inner = given.trim().trim_start_matches('<').trim_end_matches('>');
    mail::address::unquote(inner)
}

fn login_name() -> String {
    let uid = nix::unistd::getuid();
    match nix::unistd::User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => format!("{uid}"),
    }
}

/// Standard input with CR LF line ends. Without -i a line with a single dot ends it.
fn read_message(call: &Call, limit: u64) -> Result<Vec<u8>> {
    let mut input = std::io::stdin().lock();
    let mut content = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut input).take(limit.saturating_add(1)).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(content);
        }
        if line.ends_with(b"\n") {
            line.pop();
            if line.ends_with(b"\r") {
                line.pop();
            }
        }
        if line == b"." && !call.dot_is_text {
            return Ok(content);
        }
        // The line that begins a message in a mailbox file is no part of it.
        let unquoted = line.iter().position(|byte| *byte != b'>').unwrap_or(line.len());
        if content.is_empty() && line[unquoted..].starts_with(b"From ") {
            continue;
        }
        content.extend_from_slice(&line);
        content.extend_from_slice(b"\r\n");
        if content.len() as u64 > limit {
            bail!("message too large: over {limit} bytes (message_size_limit)");
        }
    }
}

/// -F: the From: header that cleanup would make has no name, so it is made here.
fn with_full_name(content: Vec<u8>, name: Option<&str>) -> Vec<u8> {
    let Some(name) = name.filter(|n| !n.is_empty()) else { return content };
    if mail::header::fields(&content).any(|f| f.is("from")) {
        return content;
    }
    let quoted = name.replace(['"', '\\', '\r', '\n'], " ");
    [format!("From: \"{quoted}\" <{}>\r\n", login_name()).into_bytes(), content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(text: &str) -> Result<Call, String> {
        Call::parse(&text.split_whitespace().map(str::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn option_forms() {
        let c = call("-oi -fme@x -t -N success,delay a@b -R hdrs -V id7 -om -- -c@d").expect("good options");
        assert!(c.dot_is_text && c.from_header);
        assert_eq!((c.sender.as_deref(), c.notify, c.envelope_id.as_str()), (Some("me@x"), 10, "id7"));
        assert_eq!(c.recipients, ["a@b", "-c@d"]);
        assert_eq!(c.return_content, Some(ReturnContent::Headers));
        assert_eq!(call("-bp").expect("mailq").mode, Mode::List);
        assert_eq!(call("-q30m").expect("flush").mode, Mode::Flush);
        assert!(call("-N never,delay").is_err());
        assert!(call("-bz").is_err());
    }

    #[test]
    fn senders() {
        assert_eq!(sender_address("<>"), "");
        assert_eq!(sender_address("<a@b>"), "a@b");
        assert_eq!(sender_address("\"a b\"@c"), "a b@c");
    }
}
