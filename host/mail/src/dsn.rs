//! Delivery status notifications as bounce(8) lays them out: RFC 3462 multipart/report with a text for people, a
//! message/delivery-status part (RFC 3464, RFC 6533), and the original message or its header.
//!
//! The builder never sees the original: the caller puts its bytes between [`Parts::before`] and [`Parts::after`].

use std::{fmt::Write, time::SystemTime};

use crate::{Status, address, date, wrap::wrap};

/// What is reported. It decides Action:, Content-Description: and how much of the original belongs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Failed,
    Delayed,
    /// Delivered, relayed or expanded: each recipient says which.
    Success,
}

/// `Action:` of RFC 3464 section 2.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Failed,
    Delayed,
    Delivered,
    Relayed,
    Expanded,
}

impl Action {
    pub fn name(self) -> &'static str {
        match self {
            Action::Failed => "failed",
            Action::Delayed => "delayed",
            Action::Delivered => "delivered",
            Action::Relayed => "relayed",
            Action::Expanded => "expanded",
        }
    }
}

/// How it went for one recipient.
#[derive(Clone, Debug)]
pub struct RecipientReport {
    /// Internal form.
    pub address: String,
    /// Before aliasing; empty when the same.
    pub original: String,
    /// ORCPT as `type;address`, decoded; empty when not given.
    pub dsn_original: String,
    pub action: Action,
    pub status: Status,
    /// Why, in one line.
    pub reason: String,
    /// `type; name`, where a remote server spoke.
    pub remote_mta: Option<String>,
    /// `type; text` of the remote server; none: the reason, as of type X-Postfix.
    pub diagnostic: Option<String>,
}

/// Everything a notification is made of.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    pub kind: Kind,
    /// Template headers of bounce(5).
    pub from: &'a str,
    pub subject: &'a str,
    pub charset: &'a str,
    /// The template's text, expanded, lines ending in `\n`. Left out of postmaster copies.
    pub text: &'a str,
    /// A copy under notify_classes: no text, other headers.
    pub postmaster_copy: bool,
    /// Receiver of the notice, internal form.
    pub to: &'a str,
    /// myhostname.
    pub hostname: &'a str,
    /// Of the message reported on.
    pub queue_id: &'a str,
    pub sender: &'a str,
    pub arrival: SystemTime,
    /// Now; part of the boundary.
    pub time: SystemTime,
    /// ENVID, decoded; empty: not given.
    pub envelope_id: &'a str,
    /// Until when delayed mail is retried.
    pub retry_until: Option<SystemTime>,
    /// The original is 8-bit mail, or internationalized mail (RFC 6533).
    pub eight_bit: bool,
    pub smtputf8: bool,
    pub recipients: &'a [RecipientReport],
    /// The whole message follows, not only its header.
    pub full_original: bool,
}

/// A notification around the place of the original message; CR LF line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    pub before: String,
    pub after: String,
}

/// Puts a notification together.
pub fn build(notice: &Notice<'_>) -> Parts {
    let seconds = notice.time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let boundary = format!("{}.{seconds}/{}", notice.queue_id, notice.hostname);
    let mut out = Lines(String::with_capacity(2048));
    message_header(&mut out, notice, &boundary);
    if !notice.postmaster_copy {
        for line in notice.text.lines() {
            out.line(line);
        }
    }
    for recipient in notice.recipients {
        out.line("");
        let address = address::quote(&recipient.address);
        let reason = &recipient.reason;
        out.wrapped(&match recipient.original.as_str() {
            "" => format!("<{address}>: {reason}"),
            original => format!("<{address}> (expanded from <{}>): {reason}", address::quote(original)),
        });
    }
    delivery_status(&mut out, notice, &boundary);
    original_header(&mut out, notice, &boundary);
    Parts { before: out.0, after: format!("\r\n--{boundary}--\r\n") }
}

fn message_header(out: &mut Lines, notice: &Notice<'_>, boundary: &str) {
    out.field("Date", &date::rfc5322(notice.time));
    out.field("From", &standard_form(notice.from));
    out.field("Subject", notice.subject);
    out.field("To", &address::quote(notice.to));
    // RFC 3834 section 5.
    out.field("Auto-Submitted", if notice.postmaster_copy { "auto-generated" } else { "auto-replied" });
    out.field("MIME-Version", "1.0");
    let report_type = if notice.smtputf8 { "global-delivery-status" } else { "delivery-status" };
    out.field("Content-Type", &format!("multipart/report; report-type={report_type};"));
    out.line(&format!("\tboundary=\"{boundary}\""));
    encoding(out, notice);
    out.line("");
    out.line("This is a MIME-encapsulated message.");
    out.line("");
    out.line(&format!("--{boundary}"));
    out.field("Content-Description", "Notification");
    let charset = if notice.smtputf8 { "utf-8" } else { notice.charset };
    out.field("Content-Type", &format!("text/plain; charset={charset}"));
    encoding(out, notice);
    out.line("");
}

/// RFC 6533 section 4: an address that is pure ASCII stays of type rfc822.
fn address_type(notice: &Notice<'_>, address: &str) -> &'static str {
    if notice.smtputf8 && !address.is_ascii() { "utf-8" } else { "rfc822" }
}

fn delivery_status(out: &mut Lines, notice: &Notice<'_>, boundary: &str) {
    out.line("");
    out.line(&format!("--{boundary}"));
    out.field("Content-Description", "Delivery report");
    out.field(
        "Content-Type",
        if notice.smtputf8 { "message/global-delivery-status" } else { "message/delivery-status" },
    );
    if notice.smtputf8 {
        encoding(out, notice);
    }
    out.line("");
    out.field("Reporting-MTA", &format!("dns; {}", notice.hostname));
    if !notice.envelope_id.is_empty() {
        out.wrapped(&format!("Original-Envelope-Id: {}", notice.envelope_id));
    }
    out.field("X-Postfix-Queue-ID", notice.queue_id);
    if !notice.sender.is_empty() {
        let kind = address_type(notice, notice.sender);
        out.field("X-Postfix-Sender", &format!("{kind}; {}", address::quote(notice.sender)));
    }
    out.field("Arrival-Date", &date::rfc5322(notice.arrival));
    for recipient in notice.recipients {
        recipient_status(out, notice, recipient);
    }
}

/// RFC 3464 section 2.3.
fn recipient_status(out: &mut Lines, notice: &Notice<'_>, recipient: &RecipientReport) {
    out.line("");
    let kind = address_type(notice, &recipient.address);
    out.field("Final-Recipient", &format!("{kind}; {}", address::quote(&recipient.address)));
    if !recipient.dsn_original.is_empty() {
        out.field("Original-Recipient", &recipient.dsn_original);
    } else if !recipient.original.is_empty() {
        let kind = address_type(notice, &recipient.original);
        out.field("Original-Recipient", &format!("{kind};{}", address::quote(&recipient.original)));
    }
    out.field("Action", recipient.action.name());
    out.field("Status", &recipient.status.to_string());
    if let Some(remote) = &recipient.remote_mta {
        out.field("Remote-MTA", remote);
    }
    match &recipient.diagnostic {
        Some(diagnostic) => out.wrapped(&format!("Diagnostic-Code: {diagnostic}")),
        None => out.wrapped(&format!("Diagnostic-Code: X-Postfix; {}", recipient.reason)),
    }
    if let (Action::Delayed, Some(until)) = (recipient.action, notice.retry_until) {
        out.field("Will-Retry-Until", &date::rfc5322(until));
    }
}

/// `address (name)` as `name <address>`: header_from_format = standard.
fn standard_form(from: &str) -> String {
    match from.trim().strip_suffix(')').and_then(|from| from.split_once('(')) {
        Some((address, name)) if !address.trim().is_empty() => format!("{} <{}>", name.trim(), address.trim()),
        _ => from.to_string(),
    }
}

fn original_header(out: &mut Lines, notice: &Notice<'_>, boundary: &str) {
    let whose = if notice.kind == Kind::Success { "" } else { "Undelivered " };
    let (what, content_type) = match (notice.full_original, notice.smtputf8) {
        (true, false) => ("Message", "message/rfc822"),
        (true, true) => ("Message", "message/global"),
        (false, false) => ("Message Headers", "text/rfc822-headers"),
        (false, true) => ("Message Headers", "message/global-headers"),
    };
    out.line("");
    out.line(&format!("--{boundary}"));
    out.field("Content-Description", &format!("{whose}{what}"));
    out.field("Content-Type", content_type);
    encoding(out, notice);
    out.line("");
    out.field("Return-Path", &format!("<{}>", address::quote(notice.sender)));
}

fn encoding(out: &mut Lines, notice: &Notice<'_>) {
    if notice.eight_bit || notice.smtputf8 {
        out.field("Content-Transfer-Encoding", "8bit");
    }
}

struct Lines(String);

impl Lines {
    /// One line. Its text comes from outside (a server's reply, a queue file), so line ends in it become spaces.
    fn line(&mut self, text: &str) {
        self.0.extend(text.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }));
        self.0.push_str("\r\n");
    }

    fn field(&mut self, name: &str, value: &str) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{name}: ");
        self.line(value);
    }

    /// Breaks at spaces before column 79; lines after the first start with four spaces.
    fn wrapped(&mut self, text: &str) {
        for line in wrap(text, 79) {
            self.line(&line);
        }
    }
}

#[cfg(test)]
mod tests;
