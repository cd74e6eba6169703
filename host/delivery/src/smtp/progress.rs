//! What became of each recipient so far, and what a trouble does to those that are left: smtp_trouble(3).

use std::time::Duration;

use hook::{Clock, MailLog, Outcome, RecipientStatus, Request};
use mail::{Class, Status, reply::clean};

use super::reply::{Reply, Trouble};
use crate::status_log::Attempt;

/// A reason that may end a recipient's delivery, or send it to the next server.
#[derive(Clone, Debug)]
pub struct Reason {
    pub status: Status,
    pub text: String,
    /// Remote host and reply, where it spoke.
    pub remote: Option<(String, String)>,
    /// The server as a whole is unusable.
    pub throttle: bool,
}

impl Reason {
    /// Of our own.
    pub fn local(status: Status, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), remote: None, throttle: false }
    }

    /// Of the remote server's reply. One that is neither 4xx nor 5xx breaks the protocol.
    pub fn remote(host: &str, reply: &Reply, text: String) -> Self {
        let remote = Some((host.to_string(), reply.text.clone()));
        let protocol_error = Status::permanent(5, 0);
        match reply.status {
            Some(status) if status.class != Class::Success => Self { status, text, remote, throttle: false },
            // A yes at the wrong time needs a word of explanation; other codes speak for themselves.
            Some(_) => {
                Self { status: protocol_error, text: format!("Protocol error: {text}"), remote, throttle: false }
            }
            None => Self { status: protocol_error, text, remote, throttle: false },
        }
    }

    pub fn throttling(mut self) -> Self {
        self.throttle = true;
        self
    }
}

enum Fate {
    Open,
    /// For the next server.
    Kept,
    Done(Box<Attempt>),
}

/// The server under way.
#[derive(Clone, Default)]
pub struct Peer {
    /// `host[address]`.
    pub name_address: String,
    /// `host[address]:port`.
    pub relay: String,
    pub host: String,
    pub earlier_uses: u32,
}

/// One request's recipients.
pub struct Progress<'a> {
    pub request: &'a Request,
    log: &'a MailLog,
    clock: &'a dyn Clock,
    fates: Vec<Fate>,
    begin: Duration,
    /// When there was a session, or it was clear that there is none.
    connected: Option<Duration>,
    /// No other server is left to try after this one.
    pub final_server: bool,
    /// The last reason that sent recipients on.
    pub why: Option<Reason>,
    pub peer: Option<Peer>,
}

impl<'a> Progress<'a> {
    pub fn new(request: &'a Request, log: &'a MailLog, clock: &'a dyn Clock) -> Self {
        let fates = request.recipients.iter().map(|_| Fate::Open).collect();
        let begin = clock.monotonic();
        Self { request, log, clock, fates, begin, connected: None, final_server: false, why: None, peer: None }
    }

    /// Recipients this session has still to deal with.
    pub fn open(&self) -> Vec<usize> {
        let open = |(n, fate): (usize, &Fate)| matches!(fate, Fate::Open).then_some(n);
        self.fates.iter().enumerate().filter_map(open).collect()
    }

    /// None is left for this or another server.
    pub fn is_finished(&self) -> bool {
        self.fates.iter().all(|fate| matches!(fate, Fate::Done(_)))
    }

    /// A session is about to begin, or ended: the kept ones are open again.
    pub fn next_server(&mut self) {
        for fate in &mut self.fates {
            if matches!(fate, Fate::Kept) {
                *fate = Fate::Open;
            }
        }
        self.peer = None;
    }

    /// The connection is there, with greeting and EHLO behind it.
    pub fn session_begins(&mut self, peer: Peer) {
        self.peer = Some(peer);
        self.connected.get_or_insert(self.clock.monotonic());
    }

    /// The greeting is still to come: what fails now is a connection problem.
    pub fn connecting(&mut self, peer: Peer) {
        self.peer = Some(peer);
        self.connected = None;
    }

    /// The server took the message for this recipient.
    pub fn sent(&mut self, recipient: usize, reply: &Reply, dsn_relayed: bool) {
        let status = reply.status.unwrap_or(Status::success(0, 0));
        let mut one = self.status(Outcome::Delivered, status, reply.text.clone());
        one.dsn_relayed = dsn_relayed;
        self.describe_remote(&mut one, self.peer.as_ref().map(|peer| (peer.host.as_str(), reply.text.as_str())));
        self.finish(recipient, one);
    }

    /// One recipient was refused.
    pub fn recipient_failed(&mut self, recipient: usize, reason: Reason) {
        if matches!(self.fates[recipient], Fate::Open) {
            let temporary = reason.status.class == Class::Temporary;
            if temporary && !self.final_server {
                self.log.info(format_args!("{}: {}", self.request.queue_id, reason.text));
                self.fates[recipient] = Fate::Kept;
            } else {
                self.end(recipient, &reason);
            }
            self.why = Some(reason);
        }
    }

    /// Everything that is open fails: at another server, if there is one and the reason allows it.
    pub fn all_failed(&mut self, reason: Reason) {
        let temporary = reason.status.class == Class::Temporary;
        let open = self.open();
        if (temporary || reason.throttle) && !self.final_server {
            self.log.info(format_args!("{}: {}", self.request.queue_id, reason.text));
            open.into_iter().for_each(|recipient| self.fates[recipient] = Fate::Kept);
        } else {
            self.connected.get_or_insert(self.clock.monotonic());
            open.into_iter().for_each(|recipient| self.end(recipient, &reason));
        }
        self.why = Some(reason);
    }

    /// The conversation broke.
    pub fn broken(&mut self, trouble: Trouble, doing: &str) {
        let name = self.peer.as_ref().map_or("", |peer| peer.name_address.as_str());
        let reason = match trouble {
            Trouble::Lost => (Status::temporary(4, 2), format!("lost connection with {name} while {doing}")),
            Trouble::TimedOut => (Status::temporary(4, 2), format!("conversation with {name} timed out while {doing}")),
            Trouble::LocalData => (Status::temporary(3, 0), format!("local data error while talking to {name}")),
        };
        self.all_failed(Reason::local(reason.0, reason.1).throttling());
    }

    /// In the order of the request. Every recipient is finished by now.
    pub fn into_attempts(self) -> Vec<Attempt> {
        let unfinished = || {
            let text = "server unavailable or unable to receive mail";
            RecipientStatus::new(Outcome::Deferred, Status::temporary(3, 0), text).into()
        };
        let attempt = |fate| match fate {
            Fate::Done(attempt) => *attempt,
            Fate::Open | Fate::Kept => unfinished(),
        };
        self.fates.into_iter().map(attempt).collect()
    }

    fn end(&mut self, recipient: usize, reason: &Reason) {
        let temporary = reason.status.class == Class::Temporary;
        let outcome = if temporary { Outcome::Deferred } else { Outcome::Bounced };
        let mut one = self.status(outcome, reason.status, reason.text.clone());
        one.destination_failed = temporary && reason.throttle;
        let remote = reason.remote.as_ref().map(|(host, text)| (host.as_str(), text.as_str()));
        self.describe_remote(&mut one, remote);
        self.finish(recipient, one);
    }

    fn status(&self, outcome: Outcome, status: Status, text: String) -> RecipientStatus {
        let now = self.clock.monotonic();
        let connected = self.connected.unwrap_or(now);
        let mut one = RecipientStatus::new(outcome, status, clean(&text));
        one.relay = self.peer.as_ref().map_or("none".to_string(), |peer| peer.relay.clone());
        one.connect_seconds = connected.saturating_sub(self.begin).as_secs_f64();
        one.transmit_seconds = now.saturating_sub(connected).as_secs_f64();
        one
    }

    /// RFC 3464 sections 2.3.5 and 2.3.6.
    fn describe_remote(&self, one: &mut RecipientStatus, remote: Option<(&str, &str)>) {
        if let Some((host, text)) = remote {
            one.remote_mta = Some(format!("dns; {host}"));
            one.diagnostic = Some(format!("smtp; {}", clean(text)));
        }
    }

    fn finish(&mut self, recipient: usize, status: RecipientStatus) {
        let earlier_uses = self.peer.as_ref().map_or(0, |peer| peer.earlier_uses);
        self.fates[recipient] = Fate::Done(Box::new(Attempt { status, earlier_uses }));
    }
}
