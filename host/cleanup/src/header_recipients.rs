//! `sendmail -t`: the recipients that a message's header names.

use mail::{AddressList, header};

use crate::headers::RESENT;

/// The recipients of To:, Cc: and Bcc:, of a resent message those of its Resent- fields (RFC 5322 section 3.6.6), in internal form.
/// The fields stay: message_drop_headers takes Bcc: out.
pub fn recipients_of_header(content: &[u8]) -> Vec<String> {
    let resent = header::fields(content).any(|field| RESENT.iter().any(|name| field.is(name)));
    let wanted = if resent { ["resent-to", "resent-cc", "resent-bcc"] } else { ["to", "cc", "bcc"] };
    let fields = header::fields(content).filter(|field| wanted.iter().any(|name| field.is(name)));
    let mut recipients = Vec::new();
    for field in fields {
        let mut list = AddressList::parse_bytes(field.value(), usize::MAX);
        recipients.extend(list.addresses().filter(|address| !address.is_empty()).map(|address| address.clone()));
    }
    recipients
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        recipients_of_header(text.replace('\n', "\r\n").as_bytes())
    }

    #[test]
    fn all_fields_of_the_header() {
        assert_eq!(
            of("To: A <a@x>, b@y\nBcc: secret@z,\n c@z\nSubject: s\nCc: (note) d@w\n\nTo: not@me\n"),
            ["a@x", "b@y", "secret@z", "c@z", "d@w"]
        );
    }

    #[test]
    fn a_resent_message_goes_to_its_new_recipients() {
        assert_eq!(of("To: a@x\nResent-To: n@x\n\nbody\n"), ["n@x"]);
        assert_eq!(of("To: a@x\nResent-From: n@x\n\nbody\n"), Vec::<String>::new());
        assert_eq!(of("Subject: none\n\n"), Vec::<String>::new());
    }
}
