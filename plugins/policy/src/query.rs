//! One request and its answer: attr_clnt(3) in Postfix's terms.

use std::time::Duration;

use waxwing_sdk::{
    log,
    socket::{self, Connection, SocketError},
};

use crate::service::Service;

/// Longest answer taken, in bytes.
const ANSWER: usize = 64 * 1024;

/// Why a try came to nothing.
struct Trouble {
    /// As the log has it.
    text: String,
    /// Trouble that a new connection usually ends is told only when it does not.
    is_usual: bool,
}

/// The action that the server names; none after the last try.
pub fn ask(service: &Service, request: &str) -> Option<String> {
    let mut tried = 0;
    loop {
        // What was kept may be stale: the second time it has to be a new one.
        let trouble = match attempt(service, request, tried == 0) {
            Ok(action) => return Some(action),
            Err(trouble) => trouble,
        };
        tried += 1;
        if tried >= service.try_limit || !trouble.is_usual {
            log::warning(&["problem talking to server ", service.server(), ": ", &trouble.text].concat());
        }
        if tried >= service.try_limit {
            return None;
        }
        socket::wait(service.retry_delay);
    }
}

fn attempt(service: &Service, request: &str, reuse: bool) -> Result<String, Trouble> {
    let connection = match socket::connect(&service.endpoint, service.timeout, reuse) {
        Ok(connection) => connection,
        Err(error) => {
            let trouble = Trouble::of(error);
            log::warning(&["connect to ", service.server(), ": ", &trouble.text].concat());
            return Err(trouble);
        }
    };
    connection.write(request.as_bytes()).map_err(Trouble::of)?;
    let (action, is_whole) = Answer::new(service, &connection).read()?;
    if is_whole {
        keep(service, &connection);
    }
    Ok(action)
}

/// Hands the connection on, unless it has done its time or work.
fn keep(service: &Service, connection: &Connection) {
    let age = Duration::from_millis(connection.age());
    let worn = service.request_limit > 0 && u64::from(connection.uses()) >= service.request_limit;
    let rest = service.max_ttl.saturating_sub(age).min(service.max_idle).as_secs();
    if !worn && rest > 0 {
        connection.keep(rest.try_into().unwrap_or(u32::MAX));
    }
}

/// An answer under way: lines `name=value`, then an empty one.
struct Answer<'a> {
    server: &'a str,
    connection: &'a Connection,
    unread: Vec<u8>,
    /// Something came. A server that says nothing at all is told of once, by whoever asks.
    begun: bool,
}

impl<'a> Answer<'a> {
    fn new(service: &'a Service, connection: &'a Connection) -> Self {
        Self { server: service.server(), connection, unread: Vec::new(), begun: false }
    }

    /// The action, and whether the connection can take another request.
    fn read(mut self) -> Result<(String, bool), Trouble> {
        let mut action = None;
        loop {
            // An answer without its empty line may be half of one.
            let line = self.line()?;
            if line.is_empty() {
                let Some(action) = action else {
                    return Err(self.broken("missing attribute action in input from "));
                };
                return Ok((action, self.unread.is_empty()));
            }
            let Some((name, value)) = line.split_once('=') else {
                if action.is_none() && line == "action" {
                    return Err(self.broken("missing value for string attribute action from "));
                }
                continue;
            };
            if action.is_none() && name == "action" {
                action = Some(value.to_string());
            }
        }
    }

    /// One line, without its end.
    fn line(&mut self) -> Result<String, Trouble> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            let part = if self.unread.contains(&b'=') { "value" } else { "name" };
            match self.connection.read(4096) {
                Ok(bytes) => {
                    self.begun = true;
                    self.unread.extend_from_slice(&bytes);
                }
                Err(error) if !self.begun => return Err(Trouble::of(error)),
                Err(error) => {
                    let what = if matches!(error, SocketError::Timeout) { "timeout" } else { "premature end-of-input" };
                    log::warning(&[what, " on ", self.server, " while reading input attribute ", part].concat());
                    return Err(Trouble::of(error));
                }
            }
            if self.unread.len() > ANSWER {
                let text =
                    ["string length > 65536 characters from ", self.server, " while reading input attribute ", part];
                log::warning(&text.concat());
                return Err(Trouble::nameless());
            }
        }
    }

    fn broken(&self, what: &str) -> Trouble {
        log::warning(&[what, self.server].concat());
        Trouble::nameless()
    }
}

impl Trouble {
    fn of(error: SocketError) -> Self {
        let text = match error {
            SocketError::NotGranted => "Operation not permitted".to_string(),
            SocketError::Timeout => "Connection timed out".to_string(),
            SocketError::Closed => return Self::nameless(),
            SocketError::Failed(text) => text,
        };
        let is_usual =
            matches!(text.as_str(), "Broken pipe" | "No such file or directory" | "Connection reset by peer");
        Self { text, is_usual }
    }

    /// What is no error of the operating system has Postfix's words for none.
    fn nameless() -> Self {
        Self { text: "Application error".to_string(), is_usual: true }
    }
}

#[cfg(test)]
mod tests;
