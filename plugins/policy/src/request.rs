//! The attributes of a request, in Postfix's order: SMTPD_POLICY_README.

use waxwing_sdk::{Attribute as A, hostname::digits, session};

/// A whole request, the empty line at its end included.
pub fn text(policy_context: &str) -> String {
    let mut request = Request(String::with_capacity(1024));
    let state = session::attribute(A::ProtocolState).unwrap_or_default();
    // BDAT is DATA to a policy server.
    let state = if state == "BDAT" { "DATA" } else { state.as_str() };
    let counts = matches!(state, "DATA" | "END-OF-MESSAGE");
    request.add("request", "smtpd_access_policy");
    request.add("protocol_state", state);
    request.of(["protocol_name", "client_address", "client_name"], [A::ProtocolName, A::ClientAddress, A::ClientName]);
    request.port("client_port", session::client_port());
    request.of(["reverse_client_name", "server_address"], [A::ReverseClientName, A::ServerAddress]);
    request.port("server_port", session::server_port());
    request.of(["helo_name", "sender", "recipient"], [A::HeloName, A::Sender, A::Recipient]);
    request.number("recipient_count", if counts { session::recipient_count().into() } else { 0 });
    request.of(["queue_id", "instance"], [A::QueueId, A::Instance]);
    request.number("size", session::size());
    request.of(
        ["etrn_domain", "stress", "sasl_method", "sasl_username", "sasl_sender"],
        [A::EtrnDomain, A::Stress, A::SaslMethod, A::SaslUsername, A::SaslSender],
    );
    let [subject, issuer] = session::attributes([A::CcertSubject, A::CcertIssuer]);
    request.add("ccert_subject", &xtext(&subject.unwrap_or_default()));
    request.add("ccert_issuer", &xtext(&issuer.unwrap_or_default()));
    request.of(["ccert_fingerprint", "ccert_pubkey_fingerprint"], [A::CcertFingerprint, A::CcertPubkeyFingerprint]);
    request.of(["encryption_protocol", "encryption_cipher"], [A::EncryptionProtocol, A::EncryptionCipher]);
    request.number("encryption_keysize", session::encryption_keysize().into());
    request.add("policy_context", policy_context);
    request.of(["compatibility_level", "mail_version"], [A::CompatibilityLevel, A::MailVersion]);
    request.0.push('\n');
    request.0
}

/// RFC 3461 section 4: everything but printable ASCII, and `+` and `=`, as two hexadecimal digits.
fn xtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'+' && byte != b'=' {
            out.push(byte.into());
        } else {
            out.push('+');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            }
        }
    }
    out
}

struct Request(String);

impl Request {
    fn add(&mut self, name: &str, value: &str) {
        self.0.push_str(name);
        self.0.push('=');
        // A line feed would begin another attribute, and two of them another request.
        self.0.extend(value.chars().map(|c| if matches!(c, '\n' | '\0') { '?' } else { c }));
        self.0.push('\n');
    }

    /// Empty where there is none at this point.
    fn of<const N: usize>(&mut self, names: [&str; N], attributes: [A; N]) {
        for (name, value) in names.iter().zip(session::attributes(attributes)) {
            self.add(name, value.as_deref().unwrap_or_default());
        }
    }

    fn number(&mut self, name: &str, value: u64) {
        self.add(name, &value.to_string());
    }

    fn port(&mut self, name: &str, port: u16) {
        if port == 0 {
            return self.add(name, "unknown");
        }
        self.add(name, digits(port, &mut [0; 5]));
    }
}

#[cfg(test)]
mod tests;
