//! Replies of the remote server: RFC 5321 section 4.2, read as smtp_chat(3) does.

use std::sync::Arc;

use super::socket::Socket;
use hook::{MailLog, SearchOrder, Tables};
use mail::{Class, Status};
use net::{Connection, ConnectionError, Deadline, LineEnd, tls::Stream};

/// A server that says more than this in one reply never comes to an end.
const LARGEST_REPLY: usize = 1024 * 1024;

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 0: the last line had no code.
    pub code: u16,
    /// Of the reply's own class; `x.0.0` where the server gave none. None for 1xx, 3xx and nonsense.
    pub status: Option<Status>,
    /// All lines with their codes, joined by one space each.
    pub text: String,
    /// The lines without codes.
    pub lines: Vec<String>,
}

impl Reply {
    /// 2 for 2xx.
    pub fn digit(&self) -> u16 {
        self.code / 100
    }
}

/// Why there is no reply, or no way to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Lost,
    TimedOut,
    /// The queue file, or a table of this machine, could not be read.
    LocalData,
}

impl From<ConnectionError> for Trouble {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::Timeout => Self::TimedOut,
            ConnectionError::Eof | ConnectionError::Io(_) => Self::Lost,
        }
    }
}

/// smtp_reply_filter: a table that knows a better line for some that servers say.
#[derive(Clone)]
pub struct Filter {
    pub tables: Arc<dyn Tables>,
    /// `type:name`.
    pub maps: String,
}

impl Filter {
    async fn rewrite(&self, line: String, speaker: &Speaker<'_>) -> Result<String, Trouble> {
        match self.tables.find(SearchOrder::Exact, &self.maps, &line).wait().await {
            Ok(found) => Ok(found.map_or(line, |found| found.value)),
            Err(error) => {
                speaker.log.warning(format_args!("{}: {}: {error}", speaker.queue_id, self.maps));
                Err(Trouble::LocalData)
            }
        }
    }
}

/// Who speaks, for warnings.
pub struct Speaker<'a> {
    pub log: &'a MailLog,
    pub queue_id: &'a str,
    /// `host[address]:port`.
    pub server: &'a str,
    /// Keeps at most so much of a line, and of the whole text.
    pub limit: usize,
    pub pipelining: bool,
    pub filter: Option<&'a Filter>,
}

/// Reads one reply, however many lines; keeps at most `limit` bytes of it.
pub async fn read(
    connection: &mut Connection<Stream<Socket>>,
    deadline: &mut Deadline,
    speaker: &Speaker<'_>,
) -> Result<Reply, Trouble> {
    let mut line = Vec::new();
    let (mut text, mut lines) = (String::new(), Vec::new());
    let (mut total, mut full, mut warned) = (0, false, false);
    loop {
        let end = connection.read_line(speaker.limit, deadline, &mut line).await?;
        if end == LineEnd::TooLong {
            let start = printable(&line[..line.len().min(30)]);
            let (server, limit) = (speaker.server, speaker.limit);
            speaker.log.warning(format_args!("{server}: response longer than {limit}: {start}..."));
        }
        total += line.len() + 2;
        if total > LARGEST_REPLY {
            return Err(Trouble::Lost);
        }
        let mut shown = printable(&line);
        if let Some(filter) = speaker.filter {
            shown = filter.rewrite(shown, speaker).await?;
        }
        if !full {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&shown);
            full = text.len() > speaker.limit;
            if full {
                let (server, limit) = (speaker.server, speaker.limit);
                let start: String = text.chars().take(30).collect();
                speaker.log.warning(format_args!("{server}: multi-line response longer than {limit} {start}..."));
            }
        }
        match split_code(&shown) {
            Some((code, more, rest)) => {
                let status = status(code, rest);
                if lines.len() < 1000 {
                    lines.push(rest.to_string());
                }
                if !more {
                    return Ok(Reply { code, status, text, lines });
                }
            }
            None => {
                let (id, server) = (speaker.queue_id, speaker.server);
                let start: String = shown.chars().take(100).collect();
                speaker.log.warning(format_args!("{id}: non-ESMTP response from {server}: {start}"));
                if speaker.pipelining && !warned {
                    warned = true;
                    let host = server.split('[').next().unwrap_or(server);
                    let name = "smtp_discard_ehlo_keyword_address_maps";
                    speaker.log.warning(format_args!(
                        "to prevent loss of mail, turn off command pipelining for {host} with the {name} parameter"
                    ));
                }
            }
        }
    }
}

/// Code, whether more lines follow, and the text. Three digits and then a space, a minus or nothing.
fn split_code(line: &str) -> Option<(u16, bool, &str)> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if digits != 3 {
        return None;
    }
    let code = line[..3].parse().ok()?;
    match line.as_bytes().get(3) {
        None => Some((code, false, "")),
        Some(b' ') => Some((code, false, &line[4..])),
        Some(b'-') => Some((code, true, &line[4..])),
        Some(_) => None,
    }
}

/// RFC 2034 section 4: a status that contradicts its reply code does not count.
fn status(code: u16, text: &str) -> Option<Status> {
    let class = Class::of_code(code)?;
    let given = Status::split(text.trim_start()).map(|(status, _)| status);
    Some(given.filter(|status| status.class == class).unwrap_or(Status::new(class, 0, 0)))
}

/// Control characters, which could forge log lines, become `?`.
fn printable(line: &[u8]) -> String {
    String::from_utf8_lossy(line).chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_statuses() {
        assert_eq!(split_code("250"), Some((250, false, "")));
        assert_eq!(split_code("250-a"), Some((250, true, "a")));
        assert_eq!(split_code("250 2.1.0 Ok"), Some((250, false, "2.1.0 Ok")));
        for line in ["25", "2500 x", "250x", "", "hello", " 250 x", "é50 x"] {
            assert_eq!(split_code(line), None, "{line}");
        }
        assert_eq!(status(550, "5.1.1 no"), Some(Status::permanent(1, 1)));
        assert_eq!(status(550, "4.1.1 no"), Some(Status::permanent(0, 0)));
        assert_eq!(status(450, "no"), Some(Status::temporary(0, 0)));
        assert_eq!(status(354, "2.0.0 go"), None);
        assert_eq!(printable(b"550 a\x1b[0m\xffb"), "550 a?[0m\u{fffd}b");
    }
}
