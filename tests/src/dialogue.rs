//! A scripted SMTP session: what the client sends, line by line, and the replies that came.
//!
//! A line of the script is a command, sent with CR LF; its reply is read. `{x*600}` stands for 600 times x. Lines that
//! begin with `@` are for the client itself:
//!
//! ```text
//! @from 198.51.100.9        connect from that address (first line only)
//! @client ADDR NAME         XCLIENT ADDR=ADDR NAME=NAME, then the greeting that follows it; later in a session RSET first
//! @data / @end              the lines between are content: sent as they are, then the final dot; one reply
//! @raw TEXT                 bytes with \r \n \t \0 \xHH and \\ , then one reply
//! @send TEXT                the same without reading
//! @read                     one more reply
//! @packet / @end            the lines between in one write; then all replies until the server closes
//! @bytes / @end             the same, one byte a write
//! @repeat N LINE            the line N times, {n} counting from 1; a run of equal replies is kept as one
//! @wait SECONDS
//! @policy ANSWER / @policy  the policy server, see that module
//! @tls [CERTIFICATE] [TLSv1.2]   the handshake after a 220 to STARTTLS
//! ```

use std::{thread, time::Duration};

use crate::{
    client::{CLOSED, Client},
    policy_server,
};

/// What was sent (shortened) and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub sent: String,
    pub reply: String,
}

/// Plays a script against a server on 127.0.0.1.
pub fn play(script: &[String], port: u16) -> Vec<Exchange> {
    let from = script.first().and_then(|l| l.strip_prefix("@from ")).unwrap_or("127.0.0.1").trim();
    let mut talk = match Client::connect_from(from, port) {
        Ok(client) => Talk { client, heard: Vec::new() },
        Err(why) => return vec![Exchange { sent: "(connects)".into(), reply: format!("<{why}>") }],
    };
    talk.read("(connects)");
    let mut lines = script.iter().filter(|l| !l.starts_with("@from "));
    while let Some(line) = lines.next() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut block = || -> Vec<String> { lines.by_ref().take_while(|l| *l != "@end").map(|l| expand(l)).collect() };
        match word {
            "@data" => {
                let text: String = block().iter().map(|l| format!("{l}\r\n")).collect();
                talk.client.send(format!("{text}.\r\n").as_bytes());
                talk.read("(content)");
            }
            "@packet" => talk.pipeline(&block(), false),
            "@bytes" => talk.pipeline(&block(), true),
            _ if line.starts_with('@') => talk.directive(word, rest),
            _ => talk.line(&expand(line)),
        }
        if talk.heard.last().is_some_and(|e| e.reply.ends_with(CLOSED)) {
            break;
        }
    }
    talk.client.send(b"QUIT\r\n");
    talk.heard
}

struct Talk {
    client: Client,
    heard: Vec<Exchange>,
}

impl Talk {
    fn read(&mut self, sent: &str) {
        let reply = self.client.reply();
        self.heard.push(Exchange { sent: shorten(sent), reply });
    }

    fn line(&mut self, line: &str) {
        self.client.send(format!("{line}\r\n").as_bytes());
        self.read(line);
    }

    fn directive(&mut self, word: &str, rest: &str) {
        match word {
            "@client" => {
                // Refused within a transaction.
                if self.heard.len() > 1 {
                    self.line("RSET");
                }
                let (address, name) = rest.trim().split_once(' ').unwrap_or((rest.trim(), "[UNAVAILABLE]"));
                self.line(&format!("XCLIENT ADDR={address} NAME={}", name.trim()));
            }
            "@raw" | "@send" => {
                self.client.send(&unescape(&expand(rest)));
                if word == "@raw" {
                    self.read(rest);
                }
            }
            "@read" => self.read("(nothing)"),
            "@tls" => self.handshake(rest),
            "@wait" => thread::sleep(Duration::from_secs_f64(rest.trim().parse().expect("@wait SECONDS"))),
            "@repeat" => self.repeat(rest),
            "@policy" => {
                let reply = policy_server::order(rest);
                self.heard.push(Exchange { sent: format!("@policy {rest}"), reply });
            }
            _ => panic!("unknown line in a script: {word} {rest}"),
        }
    }

    fn handshake(&mut self, rest: &str) {
        let certificate = rest.split_whitespace().find(|word| !word.starts_with("TLS"));
        let done = self.client.handshake(certificate, rest.contains("TLSv1.2"));
        let reply = done.map_or_else(|_| "<no handshake>".to_string(), |()| "<handshake>".to_string());
        self.heard.push(Exchange { sent: "(TLS)".into(), reply });
    }

    fn repeat(&mut self, rest: &str) {
        let (count, line) = rest.trim().split_once(' ').expect("@repeat N LINE");
        let mut last = String::new();
        for n in 1..=count.parse::<u32>().expect("@repeat N LINE") {
            let line = expand(&line.replace("{n}", &n.to_string()));
            let reply = self.client.command(&line);
            if reply != last {
                self.heard.push(Exchange { sent: shorten(&format!("{line} ({n})")), reply: reply.clone() });
            }
            let closed = reply.ends_with(CLOSED);
            last = reply;
            if closed {
                return;
            }
        }
    }

    fn pipeline(&mut self, lines: &[String], bytewise: bool) {
        let text: String = lines.iter().map(|l| format!("{l}\r\n")).collect();
        if bytewise {
            for byte in text.bytes() {
                self.client.send(&[byte]);
                thread::sleep(Duration::from_micros(300));
            }
        } else {
            self.client.send(text.as_bytes());
        }
        let what = if bytewise { "(byte by byte)" } else { "(one packet)" };
        for reply in self.client.replies_until_quiet(Duration::from_secs(5)) {
            self.heard.push(Exchange { sent: what.into(), reply });
        }
    }
}

/// `{x*3}` becomes `xxx`.
fn expand(line: &str) -> String {
    let mut text = line.to_string();
    while let Some(star) = text.find('*') {
        let Some(open) = text[..star].rfind('{') else { return text };
        let Some(close) = text[star..].find('}').map(|c| star + c) else { return text };
        let Ok(count) = text[star + 1..close].parse::<usize>() else { return text };
        let run = text[open + 1..star].repeat(count);
        text.replace_range(open..=close, &run);
        if run.contains('*') {
            return text;
        }
    }
    text
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            bytes.extend_from_slice(c.to_string().as_bytes());
            continue;
        }
        match characters.next() {
            Some('r') => bytes.push(b'\r'),
            Some('n') => bytes.push(b'\n'),
            Some('t') => bytes.push(b'\t'),
            Some('0') => bytes.push(0),
            Some('x') => {
                let digits: String = characters.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&digits, 16).expect("\\xHH"));
            }
            _ => bytes.push(b'\\'),
        }
    }
    bytes
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(160).collect();
    if short.len() < text.len() {
        short += "...";
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_escapes() {
        assert_eq!(expand("a{b*3}c{d*1}"), "abbbcd");
        assert_eq!(expand("no *stars {here}"), "no *stars {here}");
        assert_eq!(unescape(r"a\r\n\x2e\\"), b"a\r\n.\\");
    }
}
