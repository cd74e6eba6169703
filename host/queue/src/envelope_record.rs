//! The envelope as bytes. Change the tables here with `mail::Envelope`: a new field gets a new tag, a tag never gets a
//! new meaning, and a missing field reads as its empty value.

use std::time::SystemTime;

use mail::{ClientAttributes, Envelope, EnvelopeRecipient, ReturnContent};

use crate::field::{Fields, Malformed, number, put, put_number, put_text, put_time, small, text, time};

mod tag {
    pub const SENDER: u8 = 1;
    pub const RECIPIENT: u8 = 2;
    pub const ARRIVAL: u8 = 3;
    pub const ENVELOPE_ID: u8 = 4;
    pub const RETURN_CONTENT: u8 = 5;
    pub const FLAGS: u8 = 6;
    pub const CLIENT: u8 = 7;
    pub const CONTENT_FILTER: u8 = 8;
    pub const REDIRECT: u8 = 9;
    pub const HOLD: u8 = 10;
    pub const NOTE: u8 = 11;
}

const EIGHT_BIT: u64 = 1;
const SMTPUTF8: u64 = 2;
const PROBE: u64 = 4;
const INTERNAL: u64 = 8;

/// Appends the envelope.
pub(crate) fn encode(envelope: &Envelope, out: &mut Vec<u8>) {
    let mut inner = Vec::with_capacity(128);
    put_time(out, tag::ARRIVAL, envelope.arrival);
    put_text(out, tag::SENDER, &envelope.sender);
    put_text(out, tag::ENVELOPE_ID, &envelope.envelope_id);
    if let Some(wanted) = envelope.return_content {
        put_number(out, tag::RETURN_CONTENT, if wanted == ReturnContent::Full { 1 } else { 2 });
    }
    let bit = |set: bool, bit: u64| if set { bit } else { 0 };
    let flags = bit(envelope.eight_bit, EIGHT_BIT)
        | bit(envelope.smtputf8, SMTPUTF8)
        | bit(envelope.probe, PROBE)
        | bit(envelope.internal, INTERNAL);
    put_number(out, tag::FLAGS, flags);
    encode_client(&envelope.client, &mut inner);
    if !inner.is_empty() {
        put(out, tag::CLIENT, &inner);
    }
    put_text(out, tag::CONTENT_FILTER, &envelope.content_filter);
    put_text(out, tag::REDIRECT, &envelope.redirect);
    if let Some(reason) = &envelope.hold {
        put(out, tag::HOLD, reason.as_bytes());
    }
    for (plugin, key, value) in &envelope.notes {
        inner.clear();
        put_text(&mut inner, 1, plugin);
        put_text(&mut inner, 2, key);
        put_text(&mut inner, 3, value);
        put(out, tag::NOTE, &inner);
    }
    for recipient in &envelope.recipients {
        inner.clear();
        put_text(&mut inner, 1, &recipient.address);
        put_text(&mut inner, 2, &recipient.original);
        put_text(&mut inner, 3, &recipient.dsn_original);
        put_number(&mut inner, 4, u64::from(recipient.notify));
        put(out, tag::RECIPIENT, &inner);
    }
}

fn encode_client(client: &ClientAttributes, out: &mut Vec<u8>) {
    put_text(out, 1, &client.name);
    put_text(out, 2, &client.reverse_name);
    put_text(out, 3, &client.address);
    put_number(out, 4, u64::from(client.port));
    put_text(out, 5, &client.helo);
    put_text(out, 6, &client.protocol);
    put_text(out, 7, &client.sasl_method);
    put_text(out, 8, &client.sasl_username);
    put_text(out, 9, &client.sasl_sender);
    put_text(out, 10, &client.log_ident);
    put_number(out, 11, u64::from(client.local));
}

/// Reads an envelope. Allocates no more than the input is long.
pub(crate) fn decode(bytes: &[u8]) -> Result<Envelope, Malformed> {
    let mut envelope = Envelope::new("", SystemTime::UNIX_EPOCH);
    let mut dated = false;
    for field in Fields::of(bytes) {
        let (tag, value) = field?;
        match tag {
            tag::SENDER => envelope.sender = text(value)?,
            tag::RECIPIENT => envelope.recipients.push(decode_recipient(value)?),
            tag::ARRIVAL => (envelope.arrival, dated) = (time(value)?, true),
            tag::ENVELOPE_ID => envelope.envelope_id = text(value)?,
            tag::RETURN_CONTENT => {
                envelope.return_content = match number(value)? {
                    1 => Some(ReturnContent::Full),
                    2 => Some(ReturnContent::Headers),
                    _ => return Err(Malformed("unknown RET value")),
                }
            }
            tag::FLAGS => {
                let flags = number(value)?;
                envelope.eight_bit = flags & EIGHT_BIT != 0;
                envelope.smtputf8 = flags & SMTPUTF8 != 0;
                envelope.probe = flags & PROBE != 0;
                envelope.internal = flags & INTERNAL != 0;
            }
            tag::CLIENT => envelope.client = decode_client(value)?,
            tag::CONTENT_FILTER => envelope.content_filter = text(value)?,
            tag::REDIRECT => envelope.redirect = text(value)?,
            tag::HOLD => envelope.hold = Some(text(value)?),
            tag::NOTE => envelope.notes.push(decode_note(value)?),
            _ => {}
        }
    }
    // Every envelope has its time; without this check a record of nothing would be a message from nobody to nobody.
    if dated { Ok(envelope) } else { Err(Malformed("envelope without arrival time")) }
}

fn decode_recipient(bytes: &[u8]) -> Result<EnvelopeRecipient, Malformed> {
    let mut recipient = EnvelopeRecipient::default();
    for field in Fields::of(bytes) {
        let (tag, value) = field?;
        match tag {
            1 => recipient.address = text(value)?,
            2 => recipient.original = text(value)?,
            3 => recipient.dsn_original = text(value)?,
            4 => recipient.notify = small(value)?,
            _ => {}
        }
    }
    Ok(recipient)
}

fn decode_client(bytes: &[u8]) -> Result<ClientAttributes, Malformed> {
    let mut client = ClientAttributes::default();
    for field in Fields::of(bytes) {
        let (tag, value) = field?;
        match tag {
            1 => client.name = text(value)?,
            2 => client.reverse_name = text(value)?,
            3 => client.address = text(value)?,
            4 => client.port = small(value)?,
            5 => client.helo = text(value)?,
            6 => client.protocol = text(value)?,
            7 => client.sasl_method = text(value)?,
            8 => client.sasl_username = text(value)?,
            9 => client.sasl_sender = text(value)?,
            10 => client.log_ident = text(value)?,
            11 => client.local = number(value)? != 0,
            _ => {}
        }
    }
    Ok(client)
}

fn decode_note(bytes: &[u8]) -> Result<(String, String, String), Malformed> {
    let mut note = (String::new(), String::new(), String::new());
    for field in Fields::of(bytes) {
        let (tag, value) = field?;
        match tag {
            1 => note.0 = text(value)?,
            2 => note.1 = text(value)?,
            3 => note.2 = text(value)?,
            _ => {}
        }
    }
    Ok(note)
}
