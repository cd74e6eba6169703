//! Sorts a message's recipients into delivery requests: one for each transport and destination, split at the transport's
//! destination recipient limit.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use hook::{
    AddressClass, AddressError, Addresses, Attribute, Facts, NameStatus, Notes, Notify, Recipient, Request, Resolution,
    SessionView,
};
use mail::{Envelope, ReturnContent, Status};
use queue::{Message, Reason};

use crate::Settings;

/// One request to be, and the name its concurrency is counted under.
pub struct Routed {
    pub request: Request,
    pub destination: String,
}

/// Requests, and recipients that cannot be routed now, by their number.
pub struct Routes {
    pub requests: Vec<Routed>,
    pub unresolved: Vec<(u32, Reason)>,
    /// Double bounces that come back: nobody is to get them, and without local(8) nobody would take them.
    pub discarded: Option<Request>,
}

/// Said of what is discarded so.
const DISCARDED: &str = "undeliverable postmaster notification discarded";

/// Asks trivial-rewrite(8) about every recipient that is not done.
pub async fn routes(message: &Message, addresses: &dyn Addresses, settings: &Settings, now: SystemTime) -> Routes {
    let mut groups: Vec<(String, String, Vec<Recipient>)> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let (mut unresolved, mut double_bounces) = (Vec::new(), Vec::new());
    for number in message.remaining() {
        let Some(recipient) = message.envelope.recipients.get(number as usize) else { continue };
        let envelope = &message.envelope;
        let mut double_bounce = false;
        // A filter would only say that it takes everything.
        let filter = if envelope.probe { "" } else { &envelope.content_filter };
        let resolution = match filtered(filter, &recipient.address, settings) {
            Some((transport, nexthop)) => Ok((transport, nexthop, recipient.address.clone())),
            None => resolve(addresses, envelope, &recipient.address).await.map(|r| {
                double_bounce = is_double_bounce(&r, settings);
                (r.transport, r.nexthop, r.recipient)
            }),
        };
        let (transport, nexthop, address) = match resolution {
            Ok(resolved) => resolved,
            Err(AddressError::Temporary(_)) => {
                unresolved.push((number, Reason::new(Status::temporary(3, 0), "address resolver failure")));
                continue;
            }
            // RFC 3463: X.1.3, bad destination mailbox address syntax.
            Err(AddressError::Syntax) => {
                ("error".to_string(), "5.1.3 bad address syntax".to_string(), recipient.address.clone())
            }
        };
        let entry = Recipient {
            address,
            original: recipient.original.clone(),
            dsn_original: recipient.dsn_original.clone(),
            notify: Notify::from_bits_truncate(recipient.notify),
            index: number,
        };
        if double_bounce {
            double_bounces.push(entry);
            continue;
        }
        let place = *places.entry((transport.clone(), nexthop.clone())).or_insert_with(|| {
            groups.push((transport, nexthop, Vec::new()));
            groups.len() - 1
        });
        groups[place].2.push(entry);
    }
    let session: Arc<dyn SessionView> = Arc::new(Remembered::of(message));
    let notes = notes_of(&message.envelope);
    let mut requests = Vec::new();
    for (transport, nexthop, recipients) in groups {
        let limit = settings.transports.get(&transport).map_or(0, |t| t.recipients);
        let size = if limit == 0 { recipients.len() } else { limit };
        for chunk in recipients.chunks(size.max(1)) {
            let request = request(message, &transport, &nexthop, chunk.to_vec(), session.clone(), notes.clone(), now);
            // With one recipient a delivery, each recipient is a destination of its own, as in Postfix.
            let destination = if limit == 1 { chunk[0].address.to_lowercase() } else { nexthop.to_lowercase() };
            requests.push(Routed { request, destination });
        }
    }
    let discarded = (!double_bounces.is_empty())
        .then(|| request(message, "discard", DISCARDED, double_bounces, session.clone(), notes.clone(), now));
    Routes { requests, unresolved, discarded }
}

async fn resolve(addresses: &dyn Addresses, envelope: &Envelope, address: &str) -> Result<Resolution, AddressError> {
    match envelope.probe {
        true => addresses.resolve_probe(address, &envelope.sender).await,
        false => addresses.resolve(address, &envelope.sender).await,
    }
}

fn is_double_bounce(resolution: &Resolution, settings: &Settings) -> bool {
    let local_part = mail::address::split_domain(&resolution.recipient).0;
    resolution.address_class == AddressClass::Local && local_part.eq_ignore_ascii_case(&settings.double_bounce_sender)
}

/// content_filter and FILTER, `transport:destination`, for all recipients; without a destination it is default_filter_nexthop or
/// the recipient's domain.
fn filtered(filter: &str, recipient: &str, settings: &Settings) -> Option<(String, String)> {
    let (transport, nexthop) = filter.split_once(':').unwrap_or((filter, ""));
    if transport.is_empty() {
        return None;
    }
    let domain = || mail::address::split_domain(recipient).1.filter(|domain| !domain.is_empty());
    let nexthop = match (nexthop, settings.filter_nexthop.as_str()) {
        ("", "") => domain().unwrap_or(&settings.hostname),
        ("", default) => default,
        (given, _) => given,
    };
    Some((transport.to_string(), nexthop.to_string()))
}

fn request(
    message: &Message,
    transport: &str,
    nexthop: &str,
    recipients: Vec<Recipient>,
    session: Arc<dyn SessionView>,
    notes: Notes,
    now: SystemTime,
) -> Request {
    let envelope = &message.envelope;
    Request {
        queue_id: message.id.to_string(),
        transport: transport.to_string(),
        nexthop: nexthop.to_string(),
        sender: envelope.sender.clone(),
        recipients,
        content: message.content.clone(),
        arrival: envelope.arrival,
        active_since: now,
        attempts: message.attempts,
        envelope_id: envelope.envelope_id.clone(),
        return_full: envelope.return_content.map(|r| r == ReturnContent::Full),
        eight_bit: envelope.eight_bit,
        smtputf8: envelope.smtputf8,
        probe: envelope.probe,
        session,
        notes,
    }
}

fn notes_of(envelope: &Envelope) -> Notes {
    let notes = Notes::default();
    for (plugin, key, value) in &envelope.notes {
        // They were within the limits when they were taken in.
        let _ = notes.set(plugin, key, Some(value));
    }
    notes
}

/// The session attributes kept with a message.
struct Remembered {
    envelope: Arc<Envelope>,
    id: String,
    size: u64,
}

impl Remembered {
    fn of(message: &Message) -> Self {
        Self { envelope: message.envelope.clone(), id: message.id.to_string(), size: message.size() }
    }
}

impl SessionView for Remembered {
    fn attribute(&self, attribute: Attribute) -> Option<&str> {
        let client = &self.envelope.client;
        let text = match attribute {
            Attribute::QueueId => &self.id,
            Attribute::Sender => return Some(&self.envelope.sender),
            Attribute::EnvelopeId => &self.envelope.envelope_id,
            Attribute::ProtocolName => &client.protocol,
            Attribute::HeloName => &client.helo,
            Attribute::ClientAddress => &client.address,
            Attribute::ClientName => &client.name,
            Attribute::ReverseClientName => &client.reverse_name,
            Attribute::SaslMethod => &client.sasl_method,
            Attribute::SaslUsername => &client.sasl_username,
            Attribute::SaslSender => &client.sasl_sender,
            _ => return None,
        };
        (!text.is_empty()).then_some(text.as_str())
    }

    /// What only an agent asks for (XFORWARD): the queue id at the first server, and whose headers were completed.
    fn named(&self, name: &str) -> Option<String> {
        let client = &self.envelope.client;
        match name {
            "log_ident" if client.log_ident.is_empty() => Some(self.id.clone()),
            "log_ident" => Some(client.log_ident.clone()),
            "rewrite_context" => Some(if client.local { "local" } else { "remote" }.to_string()),
            _ => None,
        }
    }

    fn facts(&self) -> Facts {
        let mut facts = Facts::empty();
        facts.set(Facts::SMTPUTF8, self.envelope.smtputf8);
        facts.set(Facts::AUTHENTICATED, !self.envelope.client.sasl_username.is_empty());
        facts.set(Facts::LOCAL_SUBMISSION, self.envelope.client.address.is_empty());
        facts.set(Facts::ESMTP, self.envelope.client.protocol.starts_with('E'));
        facts
    }

    fn recipient_count(&self) -> u32 {
        self.envelope.recipients.len() as u32
    }

    fn recipient_at(&self, index: u32) -> Option<&str> {
        self.envelope.recipients.get(index as usize).map(|r| r.address.as_str())
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn client_port(&self) -> u16 {
        self.envelope.client.port
    }

    fn server_port(&self) -> u16 {
        0
    }

    fn encryption_keysize(&self) -> u16 {
        0
    }

    fn client_connections(&self) -> u32 {
        0
    }

    fn client_name_status(&self) -> NameStatus {
        NameStatus::Unchecked
    }

    fn reverse_client_name_status(&self) -> NameStatus {
        NameStatus::Unchecked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_filter_gets_its_mail() {
        for (filter, default, recipient, expected) in [
            ("", "", "a@b", None),
            ("smtp:[f]:25", "d", "a@b", Some(("smtp", "[f]:25"))),
            ("smtp:", "", "a@b", Some(("smtp", "b"))),
            ("smtp", "", "a@b", Some(("smtp", "b"))),
            ("smtp:", "d", "a@b", Some(("smtp", "d"))),
            ("smtp:", "", "a", Some(("smtp", "mx.test"))),
        ] {
            let text = format!("myhostname = mx.test\ndefault_filter_nexthop = {default}\n");
            let config = config::Config::from_text(&text, &[]).expect("a valid main.cf");
            let found = filtered(filter, recipient, &Settings::from(&config));
            let found = found.as_ref().map(|(transport, nexthop)| (transport.as_str(), nexthop.as_str()));
            assert_eq!(found, expected, "{filter:?} for {recipient}, default {default:?}");
        }
    }
}
