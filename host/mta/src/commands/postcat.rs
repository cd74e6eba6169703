//! postcat(1): the envelope and content of queued messages, by file or, with -q, by queue id.

use std::io::Write;

use anyhow::{Context, Result};
use config::parameters::QUEUE_DIRECTORY;
use queue::{Message, QueueName};

use super::Invocation;
use crate::options::Options;

pub fn run(invocation: &Invocation) -> Result<u8> {
    let options = Options::parse("bc:ehqv", &invocation.words)?;
    let config = invocation.config(options.value('c'))?;
    let queue_directory = config.get(&QUEUE_DIRECTORY);
    let mut wanted = Parts { envelope: options.has('e'), header: options.has('h'), body: options.has('b') };
    if !(wanted.envelope || wanted.header || wanted.body) {
        wanted = Parts { envelope: true, header: true, body: true };
    }
    let mut out = std::io::stdout().lock();
    for operand in &options.operands {
        // A file of the queue is named by its id, so the two forms differ only in what stands before the id.
        let id = operand.rsplit('/').next().unwrap_or(operand);
        let found = match id.parse() {
            Ok(id) => queue::offline::read(queue_directory.as_ref(), id)?,
            Err(_) => None,
        };
        let Some((queue, message)) = found else {
            eprintln!("{}: fatal: open queue file {operand}: No such file or directory", invocation.name);
            return Ok(1);
        };
        show(&mut out, queue, &message, &wanted).with_context(|| format!("queue file {operand}"))?;
    }
    Ok(0)
}

struct Parts {
    envelope: bool,
    header: bool,
    body: bool,
}

fn show(out: &mut impl Write, queue: QueueName, message: &Message, parts: &Parts) -> Result<()> {
    let name = format!("{queue}/{}", message.id);
    if parts.envelope {
        writeln!(out, "*** ENVELOPE RECORDS {name} ***")?;
        envelope(out, message)?;
        writeln!(out, "*** MESSAGE CONTENTS {name} ***")?;
    }
    let content = message.content.read(0, message.content.len() as usize)?;
    let end = content.windows(4).position(|w| w == b"\r\n\r\n").map_or(content.len(), |at| at + 2);
    if parts.header {
        out.write_all(&unix_lines(&content[..end]))?;
    }
    if parts.body {
        out.write_all(&unix_lines(&content[end..]))?;
    }
    if parts.envelope {
        writeln!(out, "*** HEADER EXTRACTED {name} ***")?;
        writeln!(out, "*** MESSAGE FILE END {name} ***")?;
    }
    Ok(())
}

/// The records of the envelope under the names postcat gives them.
fn envelope(out: &mut impl Write, message: &Message) -> Result<()> {
    let envelope = &message.envelope;
    let mut attribute = |name: &str, value: &str| -> std::io::Result<()> {
        if value.is_empty() { Ok(()) } else { writeln!(out, "named_attribute: {name}={value}") }
    };
    let client = &envelope.client;
    attribute("log_ident", &message.id.to_string())?;
    attribute("rewrite_context", if client.local { "local" } else { "remote" })?;
    attribute("client_name", &client.name)?;
    attribute("reverse_client_name", &client.reverse_name)?;
    attribute("client_address", &client.address)?;
    attribute("client_port", &if client.port == 0 { String::new() } else { client.port.to_string() })?;
    attribute("helo_name", &client.helo)?;
    attribute("protocol_name", &client.protocol)?;
    attribute("sasl_method", &client.sasl_method)?;
    attribute("sasl_username", &client.sasl_username)?;
    attribute("sasl_sender", &client.sasl_sender)?;
    attribute("envelope_id", &envelope.envelope_id)?;
    attribute("content_filter", &envelope.content_filter)?;
    for (plugin, key, value) in &envelope.notes {
        attribute(&format!("note:{plugin}:{key}"), value)?;
    }
    writeln!(out, "message_size: {:>15} {:>15}", message.size(), envelope.recipients.len())?;
    let arrival = jiff::Timestamp::try_from(envelope.arrival).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let arrival = arrival.to_zoned(jiff::tz::TimeZone::system()).strftime("%a %b %e %H:%M:%S %Y");
    writeln!(out, "message_arrival_time: {arrival}")?;
    writeln!(out, "sender: {}", envelope.sender)?;
    for (recipient, state) in envelope.recipients.iter().zip(&message.recipients) {
        if !recipient.dsn_original.is_empty() {
            writeln!(out, "named_attribute: dsn_orig_rcpt={}", recipient.dsn_original)?;
        }
        if recipient.notify != 0 {
            writeln!(out, "named_attribute: notify_flags={}", recipient.notify)?;
        }
        let original = if recipient.original.is_empty() { &recipient.address } else { &recipient.original };
        writeln!(out, "original_recipient: {original}")?;
        // postcat calls a recipient that needs no further attempt "done".
        writeln!(out, "{}recipient: {}", if state.done { "done_" } else { "" }, recipient.address)?;
    }
    Ok(())
}

fn unix_lines(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    for (at, byte) in content.iter().enumerate() {
        if !(*byte == b'\r' && content.get(at + 1) == Some(&b'\n')) {
            out.push(*byte);
        }
    }
    out
}
