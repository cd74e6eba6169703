//! One SMTP session, or the simulated one of other mail, told to all filters of a list.

use hook::{Call, MailLog, Sockets};
use mail::{Reply, Status};

use super::{
    Filters, Macros,
    list::Asked,
    milter::{self, Milter},
    packet::strings,
    plugin::Plugin,
};

/// What a filter says that is not "go on".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Quarantine. What follows is heard, too.
    Hold,
    Discard,
    /// 421 and close.
    Shutdown,
    /// `550 5.7.1 text`; further lines follow CR LF.
    Reply(String),
}

impl Answer {
    pub(super) fn misconfigured() -> Self {
        Self::Reply("451 4.3.5 Server configuration problem - try again later".to_string())
    }

    /// For the log; empty where there is no reply.
    pub fn log_text(&self) -> String {
        match self {
            Self::Reply(text) => answer_text(text),
            _ => self.reply().map(|reply| reply.log_text()).unwrap_or_default(),
        }
    }

    /// What the client is told; none where it is not told.
    pub fn reply(&self) -> Option<Reply> {
        match self {
            Self::Hold | Self::Discard => None,
            Self::Shutdown => Some(Reply::new(421, Status::temporary(7, 0), "Server closing connection").closing()),
            Self::Reply(text) => Some(reply_of(text)),
        }
    }
}

/// A reply of a filter for the log: line ends and other control characters show as `?`.
pub fn answer_text(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// A reply of a milter, which was checked by [`reply_text`].
pub(super) fn reply_of(text: &str) -> Reply {
    let code = text.get(..3).and_then(|code| code.parse().ok()).unwrap_or(451);
    let lines = text.split("\r\n").map(|line| line.get(4..).unwrap_or_default());
    let first = lines.clone().next().unwrap_or_default();
    // All lines of a reply have the status of the first: RFC 2034 section 4.
    let status = first.split(' ').next().and_then(|word| word.parse::<Status>().ok());
    let bare = |line: &str| match status {
        Some(_) => line.split_once(' ').map_or("", |(_, text)| text).to_string(),
        None => line.to_string(),
    };
    let lines = lines.map(|line| mail::reply::clean(&bare(line))).collect();
    Reply { code, status, lines, closes: code == 421 }
}

/// The text of SMFIR_REPLYCODE; none when it is no reply of class 4 or 5.
pub(super) fn reply_text(data: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(data.split(|byte| *byte == 0).next()?).ok()?;
    let text = text.trim_end_matches(['\r', '\n']);
    let class = text.bytes().next().filter(|class| matches!(class, b'4' | b'5'))?;
    let mut lines = text.split("\r\n").peekable();
    let code = text.get(..3)?;
    while let Some(line) = lines.next() {
        let bytes = line.as_bytes();
        let good = line.get(..3) == Some(code)
            && bytes[1..3].iter().all(u8::is_ascii_digit)
            && bytes.get(3) == Some(if lines.peek().is_some() { &b'-' } else { &b' ' })
            && bytes.get(4).is_none_or(|digit| !digit.is_ascii_digit() || *digit == class);
        if !good {
            return None;
        }
    }
    Some(text.to_string())
}

/// What filters need of who tells them.
pub struct Asking<'a> {
    pub sockets: &'a dyn Sockets,
    pub log: &'a MailLog,
    pub macros: &'a dyn Macros,
    /// For plugins.
    pub call: &'a Call,
    /// For the log lines of plugins: a queue id, or NOQUEUE.
    pub id: &'a str,
}

/// A filter at work.
pub(super) enum Working {
    Milter(Box<Milter>),
    Plugin(Box<Plugin>),
}

/// The filters of one session. `None` as an answer: go on.
pub struct FilterSession {
    pub(super) working: Vec<Working>,
}

impl FilterSession {
    /// Nobody is connected to yet.
    pub fn new(filters: &Filters) -> Self {
        let working = filters.items.iter().map(|item| match &item.asked {
            Asked::Milter(endpoint) => {
                let (settings, endpoint) = (filters.settings.clone(), endpoint.clone());
                Working::Milter(Box::new(Milter::new(item.name.clone(), endpoint, item.each.clone(), settings)))
            }
            Asked::Plugin(filter) => {
                let own = item.own_action.then(|| item.each.default_action.clone());
                Working::Plugin(Box::new(Plugin::new(filter.clone(), own)))
            }
        });
        Self { working: working.collect() }
    }

    /// The client connected. `port` is 0 when it is not known; an address that is none is of an unknown family.
    pub async fn connect(&mut self, name: &str, address: &str, port: u16, asking: &Asking<'_>) -> Option<Answer> {
        // As Sendmail has it, a client without a name is called by its address.
        let unnamed = format!("[{address}]");
        let name = if name == "unknown" { &unnamed } else { name };
        let mut data = strings([name.as_bytes()]);
        let (family, shown) = match address.parse() {
            Ok(std::net::IpAddr::V4(_)) => (b'4', address.to_string()),
            Ok(std::net::IpAddr::V6(_)) => (b'6', format!("IPv6:{address}")),
            Err(_) => (b'U', String::new()),
        };
        data.push(family);
        if family != b'U' {
            data.extend(port.to_be_bytes());
            data.extend(strings([shown.as_bytes()]));
        }
        for one in &mut self.working {
            let answer = match one {
                Working::Milter(milter) => milter.connect(&data, asking).await,
                Working::Plugin(plugin) => plugin.connect(asking).await,
            };
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    /// HELO or EHLO.
    pub async fn helo(&mut self, name: &str, asking: &Asking<'_>) -> Option<Answer> {
        let data = strings([name.as_bytes()]);
        for one in &mut self.working {
            let answer = match one {
                Working::Milter(milter) => milter.helo(&data, asking).await,
                Working::Plugin(plugin) => plugin.helo(asking).await,
            };
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    /// MAIL FROM: the address in angle brackets, and the ESMTP parameters.
    pub async fn mail(&mut self, arguments: &[&str], asking: &Asking<'_>) -> Option<Answer> {
        let data = strings(arguments.iter().map(|argument| argument.as_bytes()));
        for one in &mut self.working {
            let answer = match one {
                Working::Milter(milter) => milter.mail(&data, asking).await,
                Working::Plugin(plugin) => plugin.mail(asking).await,
            };
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    /// RCPT TO. A refused recipient is told only to who wants to hear of such, and the answers mean nothing.
    pub async fn rcpt(&mut self, arguments: &[&str], refused: bool, asking: &Asking<'_>) -> Option<Answer> {
        let data = strings(arguments.iter().map(|argument| argument.as_bytes()));
        for one in &mut self.working {
            let answer = match one {
                Working::Milter(milter) if refused && !milter.wants_refused() => None,
                Working::Milter(milter) => milter.envelope(&milter::RCPT, &data, asking).await,
                Working::Plugin(_) if refused => None,
                Working::Plugin(plugin) => plugin.rcpt(asking).await,
            };
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    /// Somebody wants to hear of refused recipients.
    pub fn wants_refused(&self) -> bool {
        self.working.iter().any(|one| matches!(one, Working::Milter(milter) if milter.wants_refused()))
    }

    /// DATA, or the first BDAT.
    pub async fn data(&mut self, asking: &Asking<'_>) -> Option<Answer> {
        for one in &mut self.working {
            let answer = match one {
                Working::Milter(milter) => milter.envelope(&milter::DATA, &[], asking).await,
                Working::Plugin(plugin) => plugin.data(asking).await,
            };
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    /// A command that is none.
    pub async fn unknown(&mut self, line: &str, asking: &Asking<'_>) -> Option<Answer> {
        let data = strings([line.as_bytes()]);
        for one in &mut self.working {
            let answer = match one {
                Working::Milter(milter) => milter.unknown(&data, asking).await,
                Working::Plugin(plugin) => plugin.unknown(line, asking).await,
            };
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    /// STARTTLS, AUTH, VRFY and ETRN, of which filters hear nothing: what an earlier answer means for them.
    pub fn other(&self) -> Option<Answer> {
        self.working.iter().find_map(|one| match one {
            Working::Milter(milter) => milter.answer.clone(),
            Working::Plugin(plugin) => plugin.standing(),
        })
    }

    /// The transaction is over, one way or the other.
    pub async fn abort(&mut self, asking: &Asking<'_>) {
        for one in &mut self.working {
            match one {
                Working::Milter(milter) => milter.abort(asking).await,
                Working::Plugin(plugin) => plugin.abort(asking).await,
            }
        }
    }

    /// The session is over.
    pub async fn quit(&mut self, asking: &Asking<'_>) {
        for one in &mut self.working {
            match one {
                Working::Milter(milter) => milter.quit(asking).await,
                Working::Plugin(plugin) => plugin.quit(asking).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies() {
        let good = |text: &str| {
            reply_text(text.as_bytes()).map(|text| {
                let mut out = Vec::new();
                reply_of(&text).write_to(&mut out);
                String::from_utf8_lossy(&out).into_owned()
            })
        };
        assert_eq!(good("550 5.7.1 No\0junk").as_deref(), Some("550 5.7.1 No\r\n"));
        assert_eq!(good("451 later").as_deref(), Some("451 later\r\n"));
        assert_eq!(good("550-5.7.1 a b\r\n550 5.7.1 c").as_deref(), Some("550-5.7.1 a b\r\n550 5.7.1 c\r\n"));
        for bad in ["250 2.0.0 ok", "55", "5x0 no", "550", "550 4.7.1 no", "550-5.7.1 a\r\n551 5.7.1 b", "550-a"] {
            assert_eq!(good(bad), None, "{bad}");
        }
    }
}
