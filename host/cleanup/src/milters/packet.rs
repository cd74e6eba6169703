//! The milter protocol on the wire: a length of four bytes, a letter, data. Versions 2 to 6.

use std::time::Duration;

use hook::{BoxFuture, Stream};

/// Requests.
pub(super) mod smfic {
    pub const ABORT: u8 = b'A';
    pub const BODY: u8 = b'B';
    pub const CONNECT: u8 = b'C';
    pub const MACRO: u8 = b'D';
    pub const BODYEOB: u8 = b'E';
    pub const HELO: u8 = b'H';
    pub const QUIT_NC: u8 = b'K';
    pub const HEADER: u8 = b'L';
    pub const MAIL: u8 = b'M';
    pub const EOH: u8 = b'N';
    pub const OPTNEG: u8 = b'O';
    pub const QUIT: u8 = b'Q';
    pub const RCPT: u8 = b'R';
    pub const DATA: u8 = b'T';
    pub const UNKNOWN: u8 = b'U';
}

/// Replies.
pub(super) mod smfir {
    pub const ADDRCPT: u8 = b'+';
    pub const DELRCPT: u8 = b'-';
    pub const ADDRCPT_PAR: u8 = b'2';
    pub const SHUTDOWN: u8 = b'4';
    pub const ACCEPT: u8 = b'a';
    pub const REPLBODY: u8 = b'b';
    pub const CONTINUE: u8 = b'c';
    pub const DISCARD: u8 = b'd';
    pub const CHGFROM: u8 = b'e';
    pub const ADDHEADER: u8 = b'h';
    pub const INSHEADER: u8 = b'i';
    pub const CHGHEADER: u8 = b'm';
    pub const PROGRESS: u8 = b'p';
    pub const QUARANTINE: u8 = b'q';
    pub const REJECT: u8 = b'r';
    pub const SKIP: u8 = b's';
    pub const TEMPFAIL: u8 = b't';
    pub const REPLYCODE: u8 = b'y';
}

/// Events a milter does not want, and those it does not reply to.
pub(super) mod smfip {
    pub const NOCONNECT: u32 = 0x1;
    pub const NOHELO: u32 = 0x2;
    pub const NOMAIL: u32 = 0x4;
    pub const NORCPT: u32 = 0x8;
    pub const NOBODY: u32 = 0x10;
    pub const NOHDRS: u32 = 0x20;
    pub const NOEOH: u32 = 0x40;
    pub const NR_HDR: u32 = 0x80;
    pub const NOUNKNOWN: u32 = 0x100;
    pub const NODATA: u32 = 0x200;
    /// Wants recipients that the server refused, too.
    pub const RCPT_REJ: u32 = 0x800;
    pub const NR_CONN: u32 = 0x1000;
    pub const NR_HELO: u32 = 0x2000;
    pub const NR_MAIL: u32 = 0x4000;
    pub const NR_RCPT: u32 = 0x8000;
    pub const NR_DATA: u32 = 0x1_0000;
    pub const NR_UNKN: u32 = 0x2_0000;
    pub const NR_EOH: u32 = 0x4_0000;
    pub const NR_BODY: u32 = 0x8_0000;
    /// Header values with the blank after the colon.
    pub const HDR_LEADSPC: u32 = 0x10_0000;
}

/// Bytes of body in one request: MILTER_CHUNK_SIZE.
pub(super) const CHUNK: usize = 65_535;
/// No reply is longer: libmilter itself takes at most 64 KiB at a time.
const LONGEST_REPLY: usize = 1024 * 1024;

/// milter_protocol: a version, or words for single features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Protocol {
    /// The error is for the log.
    pub version: Result<u32, String>,
    pub events: u32,
    pub actions: u32,
}

impl Protocol {
    /// `6`, or `2 no_header_reply`.
    pub fn named(text: &str) -> Self {
        let none = "no protocol version information".to_string();
        let mut protocol = Self { version: Err(none), events: 0, actions: 0x1ff };
        for word in super::list::macro_names(text) {
            match word.parse::<u32>() {
                Ok(version @ (2 | 3 | 4 | 6)) => {
                    protocol.version = Ok(version);
                    protocol.events |= Self::events_of(version);
                }
                Err(_) if word.eq_ignore_ascii_case("no_header_reply") => protocol.events |= smfip::NR_HDR,
                _ => return Self { version: Err(format!("bad protocol information: {text}")), ..protocol },
            }
        }
        protocol
    }

    /// The events and options of a version.
    pub fn events_of(version: u32) -> u32 {
        match version {
            2 => 0x7f,
            3 => 0x7f | smfip::NOUNKNOWN,
            4 | 5 => 0x7f | smfip::NOUNKNOWN | smfip::NODATA,
            _ => 0x1f_ffff,
        }
    }
}

/// SMFIC_CONNECT and so on, for log lines.
pub(super) fn request_name(request: u8) -> &'static str {
    match request {
        smfic::ABORT => "SMFIC_ABORT",
        smfic::BODY => "SMFIC_BODY",
        smfic::CONNECT => "SMFIC_CONNECT",
        smfic::MACRO => "SMFIC_MACRO",
        smfic::BODYEOB => "SMFIC_BODYEOB",
        smfic::HELO => "SMFIC_HELO",
        smfic::QUIT_NC => "SMFIC_QUIT_NC",
        smfic::HEADER => "SMFIC_HEADER",
        smfic::MAIL => "SMFIC_MAIL",
        smfic::EOH => "SMFIC_EOH",
        smfic::OPTNEG => "SMFIC_OPTNEG",
        smfic::QUIT => "SMFIC_QUIT",
        smfic::RCPT => "SMFIC_RCPT",
        smfic::DATA => "SMFIC_DATA",
        _ => "SMFIC_UNKNOWN",
    }
}

/// SMFIR_CONTINUE and so on, for log lines.
pub(super) fn reply_name(reply: u8) -> &'static str {
    match reply {
        smfir::ADDRCPT => "SMFIR_ADDRCPT",
        smfir::DELRCPT => "SMFIR_DELRCPT",
        smfir::ADDRCPT_PAR => "SMFIR_ADDRCPT_PAR",
        smfir::SHUTDOWN => "SMFIR_SHUTDOWN",
        smfir::ACCEPT => "SMFIR_ACCEPT",
        smfir::REPLBODY => "SMFIR_REPLBODY",
        smfir::CONTINUE => "SMFIR_CONTINUE",
        smfir::DISCARD => "SMFIR_DISCARD",
        smfir::CHGFROM => "SMFIR_CHGFROM",
        b'f' => "SMFIR_CONN_FAIL",
        smfir::ADDHEADER => "SMFIR_ADDHEADER",
        smfir::INSHEADER => "SMFIR_INSHEADER",
        b'l' => "SMFIR_SETSYMLIST",
        smfir::CHGHEADER => "SMFIR_CHGHEADER",
        smfir::PROGRESS => "SMFIR_PROGRESS",
        smfir::QUARANTINE => "SMFIR_QUARANTINE",
        smfir::REJECT => "SMFIR_REJECT",
        smfir::SKIP => "SMFIR_SKIP",
        smfir::TEMPFAIL => "SMFIR_TEMPFAIL",
        smfir::REPLYCODE => "SMFIR_REPLYCODE",
        _ => "(unknown filter reply)",
    }
}

/// Appends a request.
pub(super) fn put(out: &mut Vec<u8>, request: u8, data: &[&[u8]]) {
    let len = 1 + data.iter().map(|piece| piece.len()).sum::<usize>();
    out.extend_from_slice(&(len as u32).to_be_bytes());
    out.push(request);
    data.iter().for_each(|piece| out.extend_from_slice(piece));
}

/// Appends strings, each with its null.
pub(super) fn strings<'a>(all: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for text in all {
        // A null would end the text and begin another one.
        out.extend(text.iter().map(|byte| if *byte == 0 { b'?' } else { *byte }));
        out.push(0);
    }
    out
}

/// A reply's data, taken apart.
pub(super) struct Data<'a>(pub &'a [u8]);

impl<'a> Data<'a> {
    pub fn long(&mut self) -> Option<u32> {
        let (front, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*front))
    }

    /// Up to its null.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(0, self.0)?;
        let (text, rest) = self.0.split_at(end);
        self.0 = &rest[1..];
        Some(text)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A connection that went wrong: what errno would say.
pub(super) type Trouble = String;

/// A connection with what was read ahead. Postfix writes and reads by whole packets.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    read: Vec<u8>,
    used: usize,
}

impl Wire {
    pub fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, read: Vec::new(), used: 0 }
    }

    pub async fn write(&mut self, bytes: &[u8], limit: Duration) -> Result<(), Trouble> {
        timed(limit, self.stream.write(bytes)).await
    }

    /// Letter and data of the next reply.
    pub async fn reply(&mut self, limit: Duration) -> Result<(u8, Vec<u8>), Trouble> {
        self.need(4, limit).await?;
        let mut length = [0; 4];
        length.copy_from_slice(&self.read[self.used..self.used + 4]);
        let length = u32::from_be_bytes(length) as usize;
        if length == 0 || length > LONGEST_REPLY {
            return Err(format!("bad packet length: {length}"));
        }
        self.need(4 + length, limit).await?;
        let packet = &self.read[self.used + 4..self.used + 4 + length];
        let reply = (packet[0], packet[1..].to_vec());
        self.used += 4 + length;
        if self.used == self.read.len() {
            self.read.clear();
            self.used = 0;
        }
        Ok(reply)
    }

    async fn need(&mut self, bytes: usize, limit: Duration) -> Result<(), Trouble> {
        while self.read.len() - self.used < bytes {
            let mut piece = [0; 4096];
            match timed(limit, self.stream.read(&mut piece)).await? {
                // What Postfix says of a connection that ended.
                0 => return Err("Application error".to_string()),
                some => self.read.extend_from_slice(&piece[..some]),
            }
        }
        Ok(())
    }
}

async fn timed<T>(limit: Duration, work: BoxFuture<'_, std::io::Result<T>>) -> Result<T, Trouble> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done.map_err(|error| reason(&error)),
        Err(_) => Err("Connection timed out".to_string()),
    }
}

/// An error of the operating system in the words of strerror(3).
pub(super) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols() {
        assert_eq!(Protocol::named("6"), Protocol { version: Ok(6), events: 0x1f_ffff, actions: 0x1ff });
        assert_eq!(Protocol::named("2, no_header_reply").events, 0xff);
        assert_eq!(Protocol::named("7").version, Err("bad protocol information: 7".to_string()));
    }

    #[test]
    fn data() {
        let mut data = Data(b"\0\0\0\x07name\0rest");
        assert_eq!(data.long(), Some(7));
        assert_eq!(data.string(), Some(&b"name"[..]));
        assert_eq!(data.string(), None);
        assert!(!data.is_empty());
        let mut out = Vec::new();
        put(&mut out, b'L', &[&strings([&b"a\0b"[..], b"c"])]);
        assert_eq!(out, b"\0\0\0\x07La?b\0c\0");
    }
}
