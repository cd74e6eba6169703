//! The lines put before the message: the envelope header of mail_copy(3).

use std::time::SystemTime;

use mail::{address::quote, date};

/// Which lines, in their order; `None` leaves one out. Addresses in internal form.
#[derive(Clone, Debug, Default)]
pub struct Prefix<'a> {
    /// mbox(5)'s separator `From sender  date`.
    pub from: Option<&'a str>,
    pub return_path: Option<&'a str>,
    pub original_to: Option<&'a str>,
    pub delivered_to: Option<&'a str>,
}

impl Prefix<'_> {
    /// With this line end. An address may not end its line.
    pub fn lines(&self, eol: &str, now: SystemTime) -> Vec<u8> {
        let mut out = String::new();
        let mut put = |line: &str| {
            out.push_str(&line.replace(['\r', '\n', '\0'], " "));
            out.push_str(eol);
        };
        if let Some(sender) = self.from {
            put(&from_line(sender, now));
        }
        if let Some(sender) = self.return_path {
            put(&format!("Return-Path: <{}>", quote(sender)));
        }
        if let Some(original) = self.original_to {
            put(&format!("X-Original-To: {}", quote(original)));
        }
        if let Some(delivered) = self.delivered_to {
            put(&format!("Delivered-To: {}", quote(delivered)));
        }
        out.into_bytes()
    }
}

/// In the form of asctime(3).
fn from_line(sender: &str, now: SystemTime) -> String {
    let sender = if sender.is_empty() { "MAILER-DAEMON".into() } else { quote(sender) };
    let date = date::rfc5322(now);
    let words: Vec<_> = date.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [weekday, day, month, year, time, ..] = words[..] else {
        return format!("From {sender}  {date}");
    };
    format!("From {sender}  {weekday} {month} {day:>2} {time} {year}")
}
