//! Forwarded mail: a new message for each sender and Delivered-To address, so that each new recipient has a state of its own.

use hook::{Attribute, BoxFuture, Facts, Notify, Request};
use indexmap::IndexMap;
use mail::{ClientAttributes, Envelope, EnvelopeRecipient, ReturnContent, Status, address::quote};

use super::{Local, attributes::Attributes};
use hook::RecipientStatus;

/// Why cleanup(8) did not take a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotForwarded {
    /// It never will: the message has too many hops, for example.
    pub for_good: bool,
    pub text: String,
}

/// The way into the queue: cleanup(8), which puts a Received: line before the content.
pub trait Resubmit: Send + Sync {
    /// Gives the queue id, durable. Content with CR LF line ends.
    fn submit(&self, envelope: Envelope, content: Vec<u8>) -> BoxFuture<'_, Result<String, NotForwarded>>;
}

/// What is to be forwarded, by Delivered-To address and sender.
#[derive(Default)]
pub(super) struct Forwards(IndexMap<(String, String), Vec<Attributes>>);

/// One new message.
pub(super) struct Forwarded {
    delivered: String,
    sender: String,
    recipients: Vec<Attributes>,
}

impl Forwards {
    pub(super) fn add(&mut self, it: Attributes) {
        self.0.entry((it.delivered.clone(), it.sender.clone())).or_default().push(it);
    }

    pub(super) fn into_messages(self) -> impl Iterator<Item = Forwarded> {
        self.0.into_iter().map(|((delivered, sender), recipients)| Forwarded { delivered, sender, recipients })
    }
}

impl Local {
    pub(super) async fn resubmit(&self, request: &Request, top: &Attributes, message: Forwarded) -> RecipientStatus {
        let begin = self.services.clock.monotonic();
        let done = match self.content(request, &message.delivered) {
            Ok(content) => self.resubmit.submit(self.envelope(request, &message), content).await,
            Err(error) => Err(NotForwarded { for_good: false, text: format!("error reading message: {error}") }),
        };
        let done = match done {
            Ok(id) => Ok(format!("forwarded as {id}")),
            Err(NotForwarded { for_good: true, text }) => Err((Status::permanent(3, 0), text)),
            Err(NotForwarded { for_good: false, text }) => {
                self.status_log.log().warning(format_args!("{}: not forwarded: {text}", request.queue_id));
                Err((Status::temporary(3, 0), "unable to forward message".to_string()))
            }
        };
        let spent = self.services.clock.monotonic().saturating_sub(begin);
        self.log_done(request, top, done, spent).await
    }

    fn content(&self, request: &Request, delivered: &str) -> std::io::Result<Vec<u8>> {
        let mut content = Vec::with_capacity(request.content.len() as usize + 128);
        if self.settings.delivered_header.forward {
            let line = quote(delivered).to_lowercase().replace(['\r', '\n', '\0'], " ");
            content.extend_from_slice(format!("Delivered-To: {line}\r\n").as_bytes());
        }
        for piece in request.content.pieces() {
            content.extend_from_slice(&piece?);
        }
        Ok(content)
    }

    fn envelope(&self, request: &Request, message: &Forwarded) -> Envelope {
        let mut envelope = Envelope::new(message.sender.clone(), self.services.clock.now());
        envelope.recipients = message
            .recipients
            .iter()
            .map(|it| EnvelopeRecipient {
                address: it.address.clone(),
                original: it.original.clone(),
                dsn_original: it.dsn_original.clone(),
                notify: if it.list { Notify::empty().bits() } else { it.notify.bits() },
            })
            .collect();
        if !message.recipients.iter().any(|it| it.list) {
            envelope.envelope_id.clone_from(&request.envelope_id);
            envelope.return_content =
                request.return_full.map(|full| if full { ReturnContent::Full } else { ReturnContent::Headers });
        }
        envelope.eight_bit = request.eight_bit;
        envelope.smtputf8 = request.smtputf8;
        envelope.client = client(request);
        // It was checked when it came in.
        envelope.internal = true;
        envelope
    }
}

fn client(request: &Request) -> ClientAttributes {
    let attribute = |attribute| request.session.attribute(attribute).unwrap_or("").to_string();
    ClientAttributes {
        name: attribute(Attribute::ClientName),
        reverse_name: attribute(Attribute::ReverseClientName),
        address: attribute(Attribute::ClientAddress),
        port: request.session.client_port(),
        helo: attribute(Attribute::HeloName),
        protocol: attribute(Attribute::ProtocolName),
        sasl_method: attribute(Attribute::SaslMethod),
        sasl_username: attribute(Attribute::SaslUsername),
        sasl_sender: attribute(Attribute::SaslSender),
        log_ident: String::new(),
        local: request.session.facts().contains(Facts::LOCAL_SUBMISSION),
    }
}
