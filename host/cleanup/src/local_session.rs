//! What plugins may ask of mail that came without SMTP.

use hook::{Attribute, Facts, NameStatus, SessionView};
use mail::Envelope;

/// sendmail(1), pickup(8).
pub(crate) struct LocalSession {
    queue_id: String,
    sender: String,
    recipients: Vec<String>,
}

impl LocalSession {
    pub fn new(queue_id: String, envelope: &Envelope) -> Self {
        let recipients = envelope.recipients.iter().map(|recipient| recipient.address.clone()).collect();
        Self { queue_id, sender: envelope.sender.clone(), recipients }
    }
}

impl SessionView for LocalSession {
    fn attribute(&self, attribute: Attribute) -> Option<&str> {
        match attribute {
            Attribute::QueueId => Some(&self.queue_id),
            Attribute::Sender => Some(&self.sender),
            Attribute::Recipient => self.recipients.first().map(String::as_str),
            _ => None,
        }
    }

    fn named(&self, name: &str) -> Option<String> {
        let attribute = match name.trim_matches(['{', '}']) {
            "queue_id" | "i" => Attribute::QueueId,
            "sender" => Attribute::Sender,
            "recipient" => Attribute::Recipient,
            _ => return None,
        };
        self.attribute(attribute).map(str::to_string)
    }

    fn facts(&self) -> Facts {
        Facts::LOCAL_SUBMISSION
    }

    fn recipient_count(&self) -> u32 {
        self.recipients.len() as u32
    }

    fn recipient_at(&self, index: u32) -> Option<&str> {
        self.recipients.get(index as usize).map(String::as_str)
    }

    fn size(&self) -> u64 {
        0
    }

    fn client_port(&self) -> u16 {
        0
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
