//! smtp_send_xforward_command: XFORWARD_README. What a content filter is told of the client that sent the mail.

use hook::{Attribute, SessionView};
use mail::xtext;

use super::session::Attributes;

/// The commands, with line ends: who the client is, then how it spoke.
pub fn commands(session: &dyn SessionView, offered: Attributes) -> Vec<String> {
    let known = |attribute| session.attribute(attribute).filter(|text| !text.is_empty() && *text != "unknown");
    let address = known(Attribute::ClientAddress).map(|address| match address.contains(':') {
        true => format!("IPv6:{address}"),
        false => address.to_string(),
    });
    let port = Some(session.client_port()).filter(|port| *port > 0).map(|port| port.to_string());
    let source = session.named("rewrite_context").map(|context| context.to_ascii_uppercase());
    let client = [
        (Attributes::NAME, "NAME", known(Attribute::ClientName).map(xtext::encode)),
        (Attributes::ADDR, "ADDR", address),
        (Attributes::PORT, "PORT", port),
    ];
    let speech = [
        (Attributes::PROTO, "PROTO", known(Attribute::ProtocolName).map(xtext::encode)),
        (Attributes::HELO, "HELO", known(Attribute::HeloName).map(xtext::encode)),
        (Attributes::IDENT, "IDENT", session.named("log_ident").map(|ident| xtext::encode(&ident))),
        (Attributes::SOURCE, "SOURCE", source),
    ];
    // What is not known is not told.
    let line = |attributes: &[(Attributes, &str, Option<String>)]| {
        let told = attributes.iter().filter(|(flag, _, _)| offered.contains(*flag));
        let text: String = told.filter_map(|(_, name, value)| Some(format!(" {name}={}", value.as_ref()?))).collect();
        (!text.is_empty()).then(|| format!("XFORWARD{text}\r\n"))
    };
    [line(&client), line(&speech)].into_iter().flatten().collect()
}
