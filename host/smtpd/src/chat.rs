//! Saying replies: soft_bounce, smtpd_reject_footer, smtpd_error_sleep_time, and the codes that end a session.

use std::{borrow::Cow, sync::Arc};

use mail::{Reply, Status};
use net::ConnectionError;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{conversation::Conversation, footer, restrict::eval::soften};

/// Why a session ends before QUIT.
#[derive(Debug)]
pub(crate) enum End {
    Timeout,
    /// The client went away.
    Lost,
    /// By a restriction's HANGUP: nothing is said.
    Hangup,
}

impl From<ConnectionError> for End {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::Timeout => End::Timeout,
            ConnectionError::Eof | ConnectionError::Io(_) => End::Lost,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S> {
    /// Says a line that is no refusal, such as `250 2.0.0 Ok`.
    pub async fn say(&mut self, line: &str) -> Result<(), End> {
        self.slow_down().await?;
        self.write_lines(|output| {
            output.extend_from_slice(line.as_bytes());
            output.extend_from_slice(b"\r\n");
        });
        Ok(())
    }

    /// Says a reply; 421 and 521 end the session.
    pub async fn reply(&mut self, mut reply: Reply) -> Result<(), End> {
        self.slow_down().await?;
        if self.service.settings.soft_bounce {
            soften(&mut reply);
        }
        if reply.code >= 400 {
            footer::append(&mut reply, self.service, &self.session).await;
        }
        self.write_lines(|output| reply.write_to(output));
        self.hangup |= reply.closes || matches!(reply.code, 421 | 521);
        Ok(())
    }

    /// `421 status hostname text`.
    pub async fn close_with(&mut self, status: Status, text: &str) -> Result<(), End> {
        let text = format!("{} {text}", self.service.settings.hostname);
        self.reply(Reply::new(421, status, &text).closing()).await
    }

    /// smtpd_soft_error_limit: a client with many errors waits for every reply.
    async fn slow_down(&mut self) -> Result<(), End> {
        let settings = &self.service.settings;
        if self.errors >= settings.soft_error_limit && !settings.error_sleep.is_zero() {
            let pause = settings.error_sleep;
            self.line.flush(&mut self.deadline).await?;
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Whole lines for the client; for debug_peer_list they are logged as well.
    pub fn write_lines(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let output = self.line.output();
        let start = output.len();
        write(output);
        self.transcript.said(&output[start..]);
        if self.debugged {
            let label = &self.session.client.label;
            for line in output[start..].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let line = printable(String::from_utf8_lossy(line).trim_end());
                self.service.log.info(format_args!("> {label}: {line}"));
            }
        }
    }

    /// A command of a client in debug_peer_list.
    pub fn log_command(&self) {
        let shown = printable(&without_password(self.command_line()));
        self.service.log.info(format_args!("< {}: {shown}", self.session.client.label));
    }

    /// The session, to change it. Copies it only when a plugin kept its snapshot.
    pub fn session_mut(&mut self) -> &mut crate::Session {
        Arc::make_mut(&mut self.session)
    }
}

/// A command without what AUTH carries: it is a password, which no log and no mailbox should hold.
pub(crate) fn without_password(line: &[u8]) -> Cow<'_, str> {
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_ascii_whitespace();
    let shown = match (words.next(), words.next(), words.next()) {
        (Some(verb), Some(mechanism), Some(_)) if verb.eq_ignore_ascii_case("AUTH") => {
            Some(format!("{verb} {mechanism} ..."))
        }
        _ => None,
    };
    shown.map_or(line, Cow::Owned)
}

/// Text from a client for a log line: control characters as `\r\n\001`, at most `limit` characters of it.
pub(crate) fn escaped(bytes: &[u8], limit: usize) -> String {
    let mut out = String::new();
    for &byte in bytes {
        if out.len() >= limit {
            break;
        }
        match byte {
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\{byte:03o}")),
        }
    }
    out.truncate(limit);
    out
}

/// Control characters become `?`, as in names the client gives.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_and_cuts() {
        assert_eq!(super::escaped(b"a\r\n\x01\xe9", 100), "a\\r\\n\\001\\351");
        assert_eq!(super::escaped(&[b'x'; 300], 100).len(), 100);
        assert_eq!(super::printable("a\x07b"), "a?b");
    }
}
