//! What a plugin changes in a message (wit/edits.wit): actions of access(5) and header_checks(5), requests of milters.

use bytes::Bytes;

/// One change. The host collects them during a call and applies them in order after it; none when the call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// HOLD, milter quarantine: into the hold queue. Text for the log.
    Hold(String),
    /// DISCARD: the client sees success, nobody gets the message.
    Discard(String),
    /// FILTER `transport:destination`; the last one wins.
    Filter(String),
    /// REDIRECT: replaces all recipients; the last one wins.
    Redirect(String),
    /// BCC: one more recipient with NOTIFY=NONE.
    Bcc(String),
    /// Another envelope sender, with ESMTP parameters as after MAIL FROM, or empty.
    SetSender {
        address: String,
        parameters: String,
    },
    AddRecipient {
        address: String,
        parameters: String,
    },
    /// Compared with the address given in RCPT TO.
    RemoveRecipient(String),
    /// PREPEND of access(5): above the first field.
    PrependHeader {
        name: String,
        value: String,
    },
    /// Below the last field.
    AppendHeader {
        name: String,
        value: String,
    },
    /// Before the field now at `index`.
    InsertHeader {
        index: u32,
        name: String,
        value: String,
    },
    ReplaceHeader {
        index: u32,
        value: String,
    },
    RemoveHeader {
        index: u32,
    },
    /// A piece of the new body; the first one throws the old body away.
    WriteBody(Bytes),
}
