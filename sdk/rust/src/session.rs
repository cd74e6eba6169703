//! The SMTP session and transaction behind the current call (wit/session.wit). Needs no grant.

use std::time::Duration;

use crate::{Attribute, Facts, NameStatus, Stage, host};

/// One attribute; none when it does not exist at this point.
pub fn attribute(attribute: Attribute) -> Option<String> {
    host::session::get(attribute)
}

/// Several attributes in one call, which is cheaper than one by one.
pub fn attributes<const N: usize>(wanted: [Attribute; N]) -> [Option<String>; N] {
    let mut values = host::session::get_many(&wanted).into_iter();
    std::array::from_fn(|_| values.next().flatten())
}

/// By policy protocol name (`ccert_subject`) or milter macro (`{client_ptr}`, `j`).
pub fn named(name: &str) -> Option<String> {
    host::session::get_named(name)
}

/// MAIL FROM address, unquoted; `Some("")` is the null sender, none is "no MAIL command yet".
pub fn sender() -> Option<String> {
    attribute(Attribute::Sender)
}

/// RCPT TO address under test, unquoted.
pub fn recipient() -> Option<String> {
    attribute(Attribute::Recipient)
}

/// Name given with HELO or EHLO.
pub fn helo_name() -> Option<String> {
    attribute(Attribute::HeloName)
}

/// IPv4 or IPv6 address, no brackets.
pub fn client_address() -> String {
    attribute(Attribute::ClientAddress).unwrap_or_default()
}

/// Verified host name, or `unknown`.
pub fn client_name() -> String {
    attribute(Attribute::ClientName).unwrap_or_default()
}

/// The list under evaluation.
pub fn stage() -> Stage {
    host::session::current_stage()
}

/// Truth values: [`Facts::AUTHENTICATED`], [`Facts::ENCRYPTED`] …
pub fn facts() -> Facts {
    host::session::current_facts()
}

/// Recipients accepted so far, the one under test not counted.
pub fn recipient_count() -> u32 {
    host::session::recipient_count()
}

/// Accepted recipient by number from 0.
pub fn recipient_at(index: u32) -> Option<String> {
    host::session::recipient_at(index)
}

/// Bytes of the message: as announced, then real; 0 when not known.
pub fn size() -> u64 {
    host::session::size()
}

/// Port of the client; 0 when it is not known.
pub fn client_port() -> u16 {
    host::session::client_port()
}

/// Port that the client connected to.
pub fn server_port() -> u16 {
    host::session::server_port()
}

/// TLS secret bits in use; 0 without TLS.
pub fn encryption_keysize() -> u16 {
    host::session::encryption_keysize()
}

/// How the client's verified name came about.
pub fn client_name_status() -> NameStatus {
    host::session::client_name_status()
}

/// How the name from address to name only came about; never forged.
pub fn reverse_client_name_status() -> NameStatus {
    host::session::reverse_client_name_status()
}

/// Open connections of this client.
pub fn client_connections() -> u32 {
    host::session::client_connections()
}

/// Asks the server to wait before it acts on this call's answer. Costs no instance and no time_limit.
pub fn pause(time: Duration) {
    host::session::pause(time.as_millis().try_into().unwrap_or(u32::MAX));
}
