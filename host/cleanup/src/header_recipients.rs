//! `sendmail -t`: the recipients that a message's header names.

use mail::{AddressList, header};

/// Takes the recipients of To:, Cc: and Bcc: (of a resent message, of its Resent- fields: RFC 5322 section 3.6.6), and
/// takes Bcc: out of the header. Content with CR LF line ends; addresses in internal form.
pub fn recipients_of_header(content: Vec<u8>) -> (Vec<u8>, Vec<String>) {
    const RESENT: [&str; 3] = ["resent-to", "resent-cc", "resent-bcc"];
    let resent = header::fields(&content).any(|field| RESENT.iter().any(|name| field.is(name)));
    let wanted = if resent { RESENT } else { ["to", "cc", "bcc"] };
    let mut recipients = Vec::new();
    let mut kept = Vec::with_capacity(content.len());
    let mut fields = header::fields(&content);
    let mut at = 0;
    while let Some(field) = fields.next() {
        let end = fields.offset();
        if wanted.iter().any(|name| field.is(name)) {
            recipients.extend(AddressList::parse(&field.unfolded()).addresses().map(|address| address.clone()));
        }
        if !field.is("bcc") && !field.is("resent-bcc") {
            kept.extend_from_slice(&content[at..end]);
        }
        at = end;
    }
    kept.extend_from_slice(&content[at..]);
    recipients.retain(|address| !address.is_empty());
    (kept, recipients)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (String, Vec<String>) {
        let (content, recipients) = recipients_of_header(text.replace('\n', "\r\n").into_bytes());
        (String::from_utf8_lossy(&content).replace("\r\n", "\n"), recipients)
    }

    #[test]
    fn header_and_body_stay_but_bcc() {
        let (content, recipients) =
            of("To: A <a@x>, b@y\nBcc: secret@z,\n c@z\nSubject: s\nCc: (note) d@w\n\nTo: not@me\n");
        assert_eq!(recipients, ["a@x", "b@y", "secret@z", "c@z", "d@w"]);
        assert_eq!(content, "To: A <a@x>, b@y\nSubject: s\nCc: (note) d@w\n\nTo: not@me\n");
    }

    #[test]
    fn a_resent_message_goes_to_its_new_recipients() {
        assert_eq!(of("To: a@x\nResent-To: n@x\n\nbody\n").1, ["n@x"]);
        assert_eq!(of("Subject: none\n\n").1, Vec::<String>::new());
    }
}
