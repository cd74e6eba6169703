//! What a client may write after MAIL FROM: and RCPT TO:, and what the server says and logs of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::{address, command, path};

fuzz_target!(|text: &str| {
    let (_, rest) = command::split(text);
    for keyword in ["FROM:", "TO:"] {
        let Some(argument) = command::path_argument(rest, keyword) else { continue };
        for syntax in [(false, false), (false, true), (true, false), (true, true)] {
            let syntax = path::Syntax { strict: syntax.0, smtputf8: syntax.1 };
            let Ok(parsed) = path::parse(argument, syntax) else { continue };
            assert_eq!(parsed.external.len() + parsed.rest.len(), argument.len(), "nothing of it is lost: {argument:?}");
            command::esmtp_parameters(parsed.rest);
            // What is written into an envelope is read back as the same address.
            let quoted = address::quote(&parsed.address);
            assert_eq!(address::unquote(&quoted), parsed.address, "{quoted:?}");
        }
    }
    let encoded = mail::xtext::encode(text);
    assert_eq!(mail::xtext::decode(&encoded).as_deref(), Ok(text), "xtext {encoded:?}");
    for name in text.split_whitespace() {
        if let Some(found) = mail::hostname::parse_mailhost_literal(name) {
            let said = mail::hostname::mailhost_addr(found);
            assert_eq!(mail::hostname::parse_mailhost_addr(&said), Some(found), "{name} became {said}");
        }
        mail::hostname::valid_hostname(name);
        if let Ok(network) = mail::network::Network::parse(name) {
            network.contains(std::net::Ipv4Addr::LOCALHOST.into());
        }
    }
});
