//! `waxwing explain`: an imagined client is served by the code that serves real ones, and everything that was asked, looked
//! up and said is kept for an administrator to read.
//!
//! The caller sees to it that nothing comes of it: it gives a queue of its own that nobody delivers from, and stores whose
//! changes are thrown away ([`Recorder::watch`] keeps probes from being sent). Pauses are told, not waited for.

mod recorder;
mod report;
mod trace;
mod wire;

use std::net::{IpAddr, SocketAddr};

use hook::NameStatus;

pub use self::{
    recorder::{Looked, Recorder},
    report::{Explanation, ImaginedClient, Item, Step},
};
use self::{trace::Trace, wire::Wire};
use crate::{
    Client, Service, Session, chat::End, conversation::Conversation, service::Generation, verb::Step as VerbStep,
};

/// The client and what it would say.
#[derive(Clone, Debug)]
pub struct Imagined {
    pub address: IpAddr,
    /// None: looked up like every client's. `unknown`: there is none.
    pub name: Option<String>,
    /// Where it connected to.
    pub server: SocketAddr,
    /// EHLO; none: it says none.
    pub helo: Option<String>,
    /// Logged in by this name.
    pub sasl_username: Option<String>,
    /// MAIL FROM, without brackets; empty: the null sender.
    pub sender: Option<String>,
    pub recipients: Vec<String>,
    /// ETRN of this domain instead of a message.
    pub etrn: Option<String>,
    /// Header and body with any line ends.
    pub content: Vec<u8>,
    pub until: Until,
}

/// The last command to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    Connect,
    Helo,
    Mail,
    Rcpt,
    Data,
    EndOfData,
}

impl Service {
    /// Plays the session. `recorder` watches the services that this service and its plugins were made with.
    pub async fn explain(&self, imagined: &Imagined, recorder: &Recorder) -> Explanation {
        let generation = &*self.0;
        let settings = &generation.settings;
        recorder.begin();
        let client = client(generation, imagined).await;
        let (lookups, log) = recorder.take();
        let mut explanation = Explanation {
            format: report::FORMAT,
            service: settings.service.clone(),
            smtpd_delay_reject: settings.delay_reject,
            client: ImaginedClient::of(&client, lookups, log),
            steps: Vec::new(),
            accepted: false,
        };
        let mut session = Session::new(settings.clone(), generation.own_tables(), client);
        session.sasl_username.clone_from(&imagined.sasl_username);
        let wire = Wire::default();
        let trace = Trace::new(recorder.clone());
        let mut conversation = Conversation::new(generation, wire.clone(), session);
        conversation.tracer = Some(Box::new(trace.clone()));
        let mut play = Play { conversation, wire, trace, recorder, steps: Vec::new() };
        explanation.accepted = play.session(imagined).await;
        explanation.steps = play.steps;
        explanation
    }
}

async fn client(generation: &Generation, imagined: &Imagined) -> Client {
    let mut client = Client::new(SocketAddr::new(imagined.address, 0), imagined.server);
    match imagined.name.as_deref() {
        None => generation.find_name(&mut client, imagined.address).await,
        Some("unknown") => {
            client.name_status = NameStatus::NotFound;
            client.reverse_status = NameStatus::NotFound;
        }
        Some(name) => {
            client.name = name.to_string();
            client.reverse_name = name.to_string();
            client.name_status = NameStatus::Verified;
            client.reverse_status = NameStatus::Verified;
        }
    }
    client
}

struct Play<'s> {
    conversation: Conversation<'s, Wire>,
    wire: Wire,
    trace: Trace,
    recorder: &'s Recorder,
    steps: Vec<Step>,
}

impl Play<'_> {
    /// True when the client got to the end without a refusal of its own; a refused recipient beside an accepted one is none.
    async fn session(&mut self, imagined: &Imagined) -> bool {
        let greeted = self.conversation.greet().await;
        self.note("connect", matches!(greeted, Err(End::Hangup)));
        if !self.went_well() || imagined.until == Until::Connect {
            return self.went_well();
        }
        if let Some(helo) = &imagined.helo
            && !self.command(&format!("EHLO {helo}")).await
        {
            return false;
        }
        if let Some(domain) = &imagined.etrn {
            return self.command(&format!("ETRN {domain}")).await;
        }
        let Some(sender) = imagined.sender.as_ref().filter(|_| imagined.until > Until::Helo) else { return true };
        if !self.command(&envelope("MAIL FROM", sender)).await {
            return false;
        }
        if imagined.until == Until::Mail || imagined.recipients.is_empty() {
            return true;
        }
        let mut accepted = 0;
        for recipient in &imagined.recipients {
            if self.command(&envelope("RCPT TO", recipient)).await {
                accepted += 1;
            } else if self.steps.last().is_none_or(|step| step.closed) {
                return false;
            }
        }
        if accepted == 0 || imagined.until == Until::Rcpt {
            return accepted > 0;
        }
        self.message(imagined).await
    }

    /// DATA and, unless that is the end, the content.
    async fn message(&mut self, imagined: &Imagined) -> bool {
        let whole = imagined.until == Until::EndOfData;
        self.wire.send(if whole { stuffed(&imagined.content) } else { Vec::new() });
        let outcome = self.conversation.command("DATA").await;
        self.flush().await;
        let mut reply = self.wire.said();
        let (of_data, of_end) = self.trace.take().into_iter().partition(|item| item.list != report::END_OF_DATA);
        let (lookups, log) = self.recorder.take();
        let hangup = matches!(outcome, Err(End::Hangup));
        let goes_on = reply.first().is_some_and(|line| line.starts_with("354"));
        let rest = if goes_on { reply.split_off(1) } else { Vec::new() };
        let mut data = Step { command: "DATA".into(), items: of_data, reply, ..Step::default() };
        if !(goes_on && whole) {
            (data.lookups, data.log) = (lookups, log);
            data.closed = hangup || self.conversation.hangup;
            self.steps.push(data);
            return goes_on;
        }
        self.steps.push(data);
        let command = crate::verb::END_OF_MESSAGE.to_string();
        let closed = hangup || self.conversation.hangup;
        self.steps.push(Step { command, items: of_end, reply: rest, lookups, log, closed });
        self.went_well()
    }

    /// Plays one command; true when it was not refused.
    async fn command(&mut self, line: &str) -> bool {
        let outcome = self.conversation.command(line).await;
        self.flush().await;
        self.note(line, matches!(outcome, Err(End::Hangup)));
        self.went_well() && !matches!(outcome, Ok(VerbStep::Failed))
    }

    async fn flush(&mut self) {
        // The wire takes everything.
        let _ = self.conversation.line.flush(&mut self.conversation.deadline).await;
    }

    fn note(&mut self, command: &str, hangup: bool) {
        let output = std::mem::take(self.conversation.line.output());
        let mut reply = self.wire.said();
        reply.extend(wire::lines(&output));
        let (lookups, log) = self.recorder.take();
        let closed = hangup || self.conversation.hangup;
        self.steps.push(Step { command: command.into(), items: self.trace.take(), reply, lookups, log, closed });
    }

    /// The last reply is no refusal.
    fn went_well(&self) -> bool {
        self.steps
            .last()
            .is_some_and(|step| !step.closed && step.reply.last().is_some_and(|line| line.starts_with(['2', '3'])))
    }
}

/// RFC 6531 section 3.4: an address beyond ASCII has to be declared.
fn envelope(command: &str, address: &str) -> String {
    let declared = if command == "MAIL FROM" && !address.is_ascii() { " SMTPUTF8" } else { "" };
    format!("{command}:<{address}>{declared}")
}

/// RFC 5321 section 4.5.2: CR LF line ends, dots doubled, and the end of the message.
fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 5);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_as_a_client_sends_it() {
        assert_eq!(stuffed(b"a: b\n\n.x\r\nend"), b"a: b\r\n\r\n..x\r\nend\r\n.\r\n");
        assert_eq!(stuffed(b""), b".\r\n");
        assert_eq!(envelope("MAIL FROM", "\u{e9}@x.test"), "MAIL FROM:<\u{e9}@x.test> SMTPUTF8");
        assert_eq!(envelope("RCPT TO", "a@b"), "RCPT TO:<a@b>");
    }
}
