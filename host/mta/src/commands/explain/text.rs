//! The explanation for people.

use std::fmt::Write;

use smtpd::explain::{Explanation, Item, Looked, Step};

/// The whole page, with its last line end.
pub fn page(explanation: &Explanation) -> String {
    let mut page = Page::default();
    let client = &explanation.client;
    page.line(0, &format!("client {} is {} ({})", client.address, client.name, client.name_status));
    if client.reverse_name != client.name {
        page.line(2, &format!("its address alone leads to {}", client.reverse_name));
    }
    page.lookups(2, &client.lookups);
    page.log(2, &client.log);
    let asked = if explanation.smtpd_delay_reject {
        "client, helo and sender lists are asked at RCPT TO or ETRN"
    } else {
        "each list is asked at its own command"
    };
    let delay = if explanation.smtpd_delay_reject { "yes" } else { "no" };
    page.line(0, &format!("service {}, smtpd_delay_reject = {delay}: {asked}", explanation.service));
    for step in &explanation.steps {
        page.step(step);
    }
    page.line(0, "");
    page.line(0, if explanation.accepted { "accepted; nothing was sent or queued" } else { "not accepted" });
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, indent: usize, text: &str) {
        // Writing to a String cannot fail; what a client or plugin gave must not steer the terminal.
        let text: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        let _ = writeln!(self.0, "{:indent$}{text}", "");
    }

    fn step(&mut self, step: &Step) {
        self.line(0, "");
        self.line(0, &step.command);
        let mut list = "";
        for item in &step.items {
            if item.list != list && item.depth > 0 {
                list = item.list;
                self.line(2, list);
            }
            self.item(item);
        }
        self.lookups(2, &step.lookups);
        self.log(2, &step.log);
        for line in &step.reply {
            self.line(2, &format!("< {line}"));
        }
        if step.closed {
            self.line(2, "(the server closes the connection)");
        }
    }

    fn item(&mut self, item: &Item) {
        let indent = 2 + 2 * item.depth;
        match &item.answered {
            None if item.item.is_empty() => self.line(2, &item.note),
            None if item.note.is_empty() => self.line(indent, &item.item),
            None => self.line(indent, &format!("{}: not asked: {}", item.item, item.note)),
            Some(answered) => {
                let detail = if answered.detail.is_empty() { String::new() } else { format!(" {}", answered.detail) };
                let mode = if answered.mode == "warn" { ", mode=warn" } else { "" };
                let origin =
                    if answered.origin == "default" { String::new() } else { format!(", {}", answered.origin) };
                let time =
                    if answered.reused { "as answered before".to_string() } else { micros(answered.microseconds) };
                let name = match item.item.split(' ').next() {
                    Some(written) if written.eq_ignore_ascii_case(&answered.restriction) => String::new(),
                    _ => format!("{} of ", answered.restriction),
                };
                self.line(
                    indent,
                    &format!(
                        "{}: {}{detail}   [{name}{} {}{origin}{mode}; {time}]",
                        item.item, answered.verdict, answered.plugin, answered.version
                    ),
                );
                if !answered.reused {
                    self.lookups(indent + 4, &answered.lookups);
                }
                for edit in &answered.edits {
                    self.line(indent + 4, &format!("changes the message: {edit}"));
                }
                for line in &answered.log {
                    self.line(indent + 4, &format!("says in the log: {line}"));
                }
                if answered.pause_milliseconds > 0 {
                    let pause = answered.pause_milliseconds;
                    self.line(indent + 4, &format!("wants a pause of {pause} ms, which is not made here"));
                }
            }
        }
        if let (Some(effect), Some(reply)) = (item.effect, &item.reply) {
            let effect = match effect {
                "refuses" => "refused",
                "warns" => "only logged",
                "defers_if_permit" => "put off until something permits",
                "defers_if_reject" => "put off until something rejects",
                other => other,
            };
            self.line(indent + 4, &format!("{effect}: {reply}"));
        }
    }

    fn lookups(&mut self, indent: usize, lookups: &[Looked]) {
        for looked in lookups {
            let Looked { kind, target, key, answer, microseconds } = looked;
            self.line(indent, &format!("{kind} {target} {key:?}: {answer} ({})", micros(*microseconds)));
        }
    }

    fn log(&mut self, indent: usize, lines: &[String]) {
        for line in lines {
            self.line(indent, &format!("log {line}"));
        }
    }
}

fn micros(microseconds: f64) -> String {
    if microseconds < 1000.0 { format!("{microseconds:.1} us") } else { format!("{:.1} ms", microseconds / 1000.0) }
}
