//! Changes to the message. The server applies them after the call returned, in order; none when the call fails.

/// Where the message goes: HOLD, DISCARD, FILTER, REDIRECT, BCC. Grant: edit-envelope.
pub mod envelope {
    use crate::host::envelope_edits;

    /// Into the hold queue once all else accepted it. Text for the log.
    pub fn hold(reason: &str) {
        envelope_edits::hold(reason);
    }

    /// The client sees success, nobody gets the message. Return `permit` with it. Text for the log.
    pub fn discard(reason: &str) {
        envelope_edits::discard(reason);
    }

    /// `transport:destination`; the last one wins.
    pub fn filter(destination: &str) {
        envelope_edits::filter(destination);
    }

    /// Replaces all recipients; the last one wins, and over FILTER.
    pub fn redirect(address: &str) {
        envelope_edits::redirect(address);
    }

    /// One more recipient with NOTIFY=NONE.
    pub fn bcc(address: &str) {
        envelope_edits::bcc(address);
    }

    /// Another envelope sender; empty is the null sender.
    pub fn set_sender(address: &str, parameters: &str) {
        envelope_edits::set_sender(address, parameters);
    }

    /// One more recipient, through virtual alias and canonical mapping.
    pub fn add_recipient(address: &str, parameters: &str) {
        envelope_edits::add_recipient(address, parameters);
    }

    /// Takes a recipient out, by the address given in RCPT TO.
    pub fn remove_recipient(address: &str) {
        envelope_edits::remove_recipient(address);
    }
}

/// Header fields. Grant: edit-headers.
pub mod headers {
    use crate::host::header_edits;

    /// Above the first field; several come out in the order of the calls.
    pub fn prepend(name: &str, value: &str) {
        header_edits::prepend(name, value);
    }

    /// Below the last field.
    pub fn append(name: &str, value: &str) {
        header_edits::append(name, value);
    }

    /// Before the field now at `index`.
    pub fn insert(index: u32, name: &str, value: &str) {
        header_edits::insert(index, name, value);
    }

    /// Another value for the field at `index`.
    pub fn replace(index: u32, value: &str) {
        header_edits::replace(index, value);
    }

    /// Takes the field at `index` out.
    pub fn remove(index: u32) {
        header_edits::remove(index);
    }
}
