//! What happens to each header field of a message: dropped, rewritten, counted, or added when it is missing.

use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

use mail::{
    AddressList, Envelope, address, date,
    header::{self, AddressHeader, Field},
};
use rewrite::Context;

use crate::{Cleanup, CleanupError, settings::Classes};

bitflags::bitflags! {
    /// Fields that decide what is missing.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct Seen: u16 {
        const MESSAGE_ID = 1; const RESENT_MESSAGE_ID = 2; const DATE = 4; const RESENT_DATE = 8;
        const FROM = 16; const RESENT_FROM = 32;
        /// To, Cc, Resent-To or Resent-Cc.
        const RECIPIENT = 64;
        /// Any Resent- field: the missing ones are added with that prefix.
        const RESENT = 128;
    }
}

/// The fields that make a message a resent one: RFC 5322 section 3.6.6, and Resent-Reply-To of RFC 822.
pub(crate) const RESENT: [&str; 8] = [
    "resent-to",
    "resent-cc",
    "resent-bcc",
    "resent-from",
    "resent-sender",
    "resent-reply-to",
    "resent-date",
    "resent-message-id",
];

/// Header facts of one message.
#[derive(Debug)]
pub(crate) struct Headers {
    pub seen: Seen,
    /// Content-Transfer-Encoding: 8bit, as detect_8bit_encoding_header.
    pub eight_bit: bool,
    /// Received: fields so far, ours included.
    hops: usize,
    /// How addresses are completed; none: headers stay as they are.
    pub context: Option<Context>,
    /// receive_override_options = no_address_mappings.
    mapping: bool,
}

/// What becomes of a field.
pub(crate) enum Fate {
    Keep,
    Drop,
    Replace(Vec<u8>),
}

impl Headers {
    /// `local`: by local_header_rewrite_clients.
    pub fn new(cleanup: &Cleanup, local: bool, mapping: bool) -> Self {
        let context = match (local, cleanup.settings.remote_header_rewrite_domain.is_empty()) {
            (true, _) => Some(Context::Local),
            (false, false) => Some(Context::Remote),
            (false, true) => None,
        };
        Self { seen: Seen::empty(), eight_bit: false, hops: 0, context, mapping }
    }

    /// Sees each field of a message's header, once and in order.
    pub async fn field(&mut self, cleanup: &Cleanup, id: &str, field: Field<'_>) -> Result<Fate, CleanupError> {
        let mut buffer = [0u8; 32];
        let Some(name) = lower_case(field.name(), &mut buffer) else {
            return Ok(Fate::Keep);
        };
        if RESENT.contains(&name) {
            self.seen |= Seen::RESENT;
        }
        if cleanup.settings.message_drop_headers.iter().any(|dropped| dropped == name) {
            return Ok(Fate::Drop);
        }
        self.note(cleanup, id, name, &field)?;
        match (header::address_header(name), self.context) {
            (Some(header), Some(context)) => self.rewritten(cleanup, id, header, context, &field).await,
            _ => Ok(Fate::Keep),
        }
    }

    fn note(&mut self, cleanup: &Cleanup, id: &str, name: &str, field: &Field<'_>) -> Result<(), CleanupError> {
        self.seen |= match name {
            "message-id" | "resent-message-id" => {
                cleanup.log.info(format_args!("{id}: {name}={}", printable(field)));
                if name == "message-id" { Seen::MESSAGE_ID } else { Seen::RESENT_MESSAGE_ID }
            }
            "date" => Seen::DATE,
            "resent-date" => Seen::RESENT_DATE,
            "from" => Seen::FROM,
            "resent-from" => Seen::RESENT_FROM,
            "to" | "cc" | "resent-to" | "resent-cc" => Seen::RECIPIENT,
            "content-transfer-encoding" => {
                self.note_encoding(cleanup, field.raw);
                return Ok(());
            }
            "received" => {
                self.hops += 1;
                if self.hops >= cleanup.settings.hopcount_limit {
                    cleanup.log.warning(format_args!("{id}: message rejected: hopcount exceeded"));
                    return Err(CleanupError::PeerTooManyHops);
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        Ok(())
    }

    /// Content-Transfer-Encoding: of the message or of a part.
    pub fn note_encoding(&mut self, cleanup: &Cleanup, field: &[u8]) {
        let value = field.split(|byte| *byte == b':').nth(1).unwrap_or_default().trim_ascii();
        // Postfix takes binary for 8bit, too.
        let eight_bit = ["8bit", "binary"].iter().any(|encoding| value.eq_ignore_ascii_case(encoding.as_bytes()));
        self.eight_bit |= eight_bit && cleanup.settings.detect_8bit_encoding_header;
    }

    async fn rewritten(
        &self,
        cleanup: &Cleanup,
        id: &str,
        header: AddressHeader,
        context: Context,
        field: &Field<'_>,
    ) -> Result<Fate, CleanupError> {
        let class = if header == AddressHeader::Recipient { Classes::HEADER_RECIPIENT } else { Classes::HEADER_SENDER };
        let mut list = AddressList::parse_bytes(field.value(), cleanup.settings.header_address_token_limit);
        for address in list.addresses() {
            let canonical = cleanup.rewrite.canonical_form(address, context);
            if canonical != *address {
                *address = canonical.into_owned();
            }
            if self.mapping {
                cleanup.canonical(id, address, class).await?;
            }
        }
        Ok(if list.is_changed() {
            Fate::Replace(list.header(&String::from_utf8_lossy(field.name()), cleanup.settings.header_size_limit))
        } else {
            Fate::Keep
        })
    }

    /// The fields that are missing, in Postfix's order, with CR LF: RFC 5322 section 3.6. `now` is the time of the queue id.
    pub fn missing(
        &self,
        cleanup: &Cleanup,
        id: &str,
        now: SystemTime,
        envelope: &Envelope,
        full_name: &str,
    ) -> String {
        let mut out = String::new();
        let settings = &cleanup.settings;
        let adding = self.context.is_some() || settings.always_add_missing_headers;
        let (prefix, wanted) = match self.seen.contains(Seen::RESENT) {
            true => ("Resent-", [Seen::RESENT_MESSAGE_ID, Seen::RESENT_DATE, Seen::RESENT_FROM]),
            false => ("", [Seen::MESSAGE_ID, Seen::DATE, Seen::FROM]),
        };
        let lacks = wanted.map(|field| adding && !self.seen.contains(field));
        // Writing to a String cannot fail.
        if lacks[0] {
            let message_id = match settings.enable_long_queue_ids {
                true => format!("<{id}@{}>", settings.myhostname),
                false => format!("<{}.{id}@{}>", digits(now), settings.myhostname),
            };
            let _ = write!(out, "{prefix}Message-Id: {message_id}\r\n");
            cleanup.log.info(format_args!("{id}: {}message-id={message_id}", prefix.to_ascii_lowercase()));
        }
        let logged = self.seen.contains(Seen::MESSAGE_ID) || (lacks[0] && prefix.is_empty());
        if !logged {
            cleanup.log.info(format_args!("{id}: message-id=<>"));
        }
        if lacks[1] {
            let _ = write!(out, "{prefix}Date: {}\r\n", date::rfc5322(envelope.arrival));
        }
        if lacks[2] {
            let sender = if envelope.sender.is_empty() { "MAILER-DAEMON" } else { &envelope.sender };
            let _ =
                write!(out, "{prefix}From: {}\r\n", from(&address::quote(sender), full_name, settings.standard_from));
        }
        let undisclosed = &settings.undisclosed_recipients_header;
        if adding && !self.seen.contains(Seen::RECIPIENT) && !undisclosed.is_empty() {
            match header::name_length(undisclosed.as_bytes()) {
                Some(_) => {
                    let _ = write!(out, "{undisclosed}\r\n");
                }
                None => cleanup.log.warning(format_args!(
                    "bad undisclosed_recipients_header header text \"{undisclosed}\" -- need \"headername: headervalue\""
                )),
            }
        }
        out
    }
}

/// The value of a missing From: header, by header_from_format.
fn from(address: &str, full_name: &str, standard: bool) -> String {
    let name: String = full_name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let escaped = |specials: &str| {
        let mut out = String::with_capacity(name.len());
        for c in name.trim().chars() {
            if specials.contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        out
    };
    if name.trim().is_empty() {
        address.to_string()
    } else if !standard {
        format!("{address} ({})", escaped("()\\"))
    } else if name.contains(|c: char| "()<>[]:;@\\,.\"".contains(c)) {
        format!("\"{}\" <{address}>", escaped("\"\\"))
    } else {
        format!("{} <{address}>", name.trim())
    }
}

/// A value for the log: line ends and control characters show as `?`.
fn printable(field: &Field<'_>) -> String {
    let text = String::from_utf8_lossy(field.value()).replace("\r\n", "\n");
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The name in lower case; none when it is longer than any name that means something here.
fn lower_case<'b>(name: &[u8], buffer: &'b mut [u8; 32]) -> Option<&'b str> {
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).ok()
}

/// `20261121215405`, in UTC.
fn digits(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days to a Gregorian date, counting years from March 1st so that the leap day is the last of its year.
    let day = days + 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let day_of_month = of_year - (153 * shifted + 2) / 5 + 1;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day_of_month:02}{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_names() {
        for (name, standard, expected) in [
            ("", true, "a@b"),
            ("Joe Doe", true, "Joe Doe <a@b>"),
            ("Joe \"X\" D.", true, "\"Joe \\\"X\\\" D.\" <a@b>"),
            ("Joe (X)\r\nTo: y", false, "a@b (Joe \\(X\\)  To: y)"),
        ] {
            assert_eq!(from("a@b", name, standard), expected);
        }
    }

    #[test]
    fn message_id_times() {
        let at = |seconds| digits(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        for (seconds, expected) in [
            (0, "19700101000000"),
            (951_827_696, "20000229123456"),
            (1_795_298_045, "20261121215405"),
            (4_107_542_399, "21000228235959"),
        ] {
            assert_eq!(at(seconds), expected);
        }
    }
}
