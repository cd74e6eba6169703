//! Applying what plugins change: `hook::Edit`, in the order given.

use hook::Edit;
use mail::{Envelope, EnvelopeRecipient, ReturnContent, command, xtext};

use crate::envelope::NOTIFY_NEVER;

/// What the edits of the envelope came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Edited {
    pub discarded: bool,
    pub recipients_removed: bool,
    /// Header or body have to change too.
    pub content: bool,
}

/// Applies all edits but those of header and body.
pub(crate) fn apply_to_envelope(envelope: &mut Envelope, edits: &[Edit]) -> Edited {
    let mut edited = Edited::default();
    for edit in edits {
        match edit {
            Edit::Hold(reason) => envelope.hold = Some(reason.clone()),
            Edit::Discard(_) => edited.discarded = true,
            Edit::Filter(destination) => envelope.content_filter = destination.clone(),
            Edit::Redirect(address) => envelope.redirect = mail::address::unquote(address),
            Edit::Bcc(address) => envelope.recipients.push(EnvelopeRecipient {
                address: mail::address::unquote(address),
                notify: NOTIFY_NEVER,
                ..EnvelopeRecipient::default()
            }),
            Edit::SetSender { address, parameters } => set_sender(envelope, address, parameters),
            Edit::AddRecipient { address, parameters } => envelope.recipients.push(recipient(address, parameters)),
            Edit::RemoveRecipient(address) => {
                let gone = mail::address::unquote(address);
                let given =
                    |r: &EnvelopeRecipient| if r.original.is_empty() { r.address.clone() } else { r.original.clone() };
                let before = envelope.recipients.len();
                envelope.recipients.retain(|recipient| !given(recipient).eq_ignore_ascii_case(&gone));
                edited.recipients_removed |= envelope.recipients.len() < before;
            }
            Edit::PrependHeader { .. }
            | Edit::AppendHeader { .. }
            | Edit::InsertHeader { .. }
            | Edit::ReplaceHeader { .. }
            | Edit::RemoveHeader { .. }
            | Edit::WriteBody(_) => edited.content = true,
        }
    }
    edited
}

/// ESMTP parameters of MAIL FROM: RFC 3461 section 4.3 and 4.4.
pub(crate) fn set_sender(envelope: &mut Envelope, address: &str, parameters: &str) {
    envelope.sender = mail::address::unquote(address);
    for (name, value) in command::esmtp_parameters(parameters) {
        let value = value.unwrap_or("");
        match name.to_ascii_uppercase().as_str() {
            "ENVID" => envelope.envelope_id = xtext::decode(value).unwrap_or_default(),
            "RET" if value.eq_ignore_ascii_case("full") => envelope.return_content = Some(ReturnContent::Full),
            "RET" if value.eq_ignore_ascii_case("hdrs") => envelope.return_content = Some(ReturnContent::Headers),
            "BODY" => envelope.eight_bit = value.eq_ignore_ascii_case("8bitmime"),
            "SMTPUTF8" => envelope.smtputf8 = true,
            _ => {}
        }
    }
}

/// ESMTP parameters of RCPT TO: RFC 3461 section 4.1 and 4.2.
pub(crate) fn recipient(address: &str, parameters: &str) -> EnvelopeRecipient {
    let mut recipient = EnvelopeRecipient { address: mail::address::unquote(address), ..EnvelopeRecipient::default() };
    for (name, value) in command::esmtp_parameters(parameters) {
        let value = value.unwrap_or("");
        match name.to_ascii_uppercase().as_str() {
            "ORCPT" => recipient.dsn_original = xtext::decode(value).unwrap_or_default(),
            "NOTIFY" => {
                let bit = |word: &str| match word.to_ascii_uppercase().as_str() {
                    "NEVER" => 1,
                    "SUCCESS" => 2,
                    "FAILURE" => 4,
                    "DELAY" => 8,
                    _ => 0,
                };
                recipient.notify = value.split(',').map(bit).fold(0, |all, bit| all | bit);
            }
            _ => {}
        }
    }
    recipient
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn every_edit_of_the_envelope() {
        let mut envelope = Envelope::new("s@x", SystemTime::UNIX_EPOCH);
        envelope.recipients.push(EnvelopeRecipient { address: "a@x".into(), ..EnvelopeRecipient::default() });
        let edited = apply_to_envelope(
            &mut envelope,
            &[
                Edit::Hold("why".into()),
                Edit::Filter("smtp:[f]".into()),
                Edit::Redirect("\"r r\"@x".into()),
                Edit::Bcc("b@x".into()),
                Edit::SetSender { address: "t@x".into(), parameters: "ENVID=a+2Bb RET=HDRS".into() },
                Edit::AddRecipient {
                    address: "c@x".into(),
                    parameters: "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;d@x".into(),
                },
                Edit::RemoveRecipient("A@x".into()),
            ],
        );
        assert_eq!(edited, Edited { recipients_removed: true, ..Edited::default() });
        assert_eq!(envelope.hold.as_deref(), Some("why"));
        assert_eq!((&*envelope.content_filter, &*envelope.redirect), ("smtp:[f]", "r r@x"));
        assert_eq!((&*envelope.sender, &*envelope.envelope_id), ("t@x", "a+b"));
        assert_eq!(envelope.return_content, Some(ReturnContent::Headers));
        let recipients: Vec<_> =
            envelope.recipients.iter().map(|r| (&*r.address, r.notify, &*r.dsn_original)).collect();
        assert_eq!(recipients, [("b@x", 1, ""), ("c@x", 10, "rfc822;d@x")]);
        assert!(apply_to_envelope(&mut envelope, &[Edit::Discard(String::new())]).discarded);
    }
}
