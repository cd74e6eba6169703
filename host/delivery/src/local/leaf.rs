//! What an expansion comes to: deliveries, and what takes their place.

use mail::Status;

use super::attributes::Attributes;

/// One delivery to be made, and all that is known about it.
#[derive(Clone, Debug)]
pub struct Leaf {
    pub attributes: Attributes,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The user's mailbox file.
    Mailbox { path: String, in_spool: bool },
    /// The user's maildir. With a slash at its end.
    UserMaildir(String),
    /// A maildir that an alias or file names, likewise.
    Maildir(String),
    /// `/file/name`.
    File(String),
    /// A command line.
    Command(String),
    /// Another transport, `transport:nexthop`.
    Pass(String),
    /// A new message to the address.
    Forward,
    /// Nothing more to do: why that is a success.
    Done(String),
    /// Deferred or bounced, by the status. With `tell_owner` an owner- alias hears of it in the sender's place.
    Refused { status: Status, text: String, tell_owner: bool },
}
