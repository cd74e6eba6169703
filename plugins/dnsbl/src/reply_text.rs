//! What a client is told that is in a block list: rbl_reply_maps, default_rbl_reply.

use waxwing_sdk::{
    Attribute, ParameterKind, Verdict,
    access::split_status,
    address::{name_and_address, split_domain},
    configuration_error,
    dns::{self, Reason, RecordType},
    log,
    prelude::*,
    session, tables,
    template::{self, BadTemplate},
};

use crate::list;

pub const MAPS_RBL_REJECT_CODE: Parameter =
    Parameter::new_code("maps_rbl_reject_code", "554", "Reply code for what is in a DNS block list");
pub const DEFAULT_RBL_REPLY: Parameter = Parameter::new(
    "default_rbl_reply",
    ParameterKind::Template,
    "$rbl_code Service unavailable; $rbl_class [$rbl_what] blocked using $rbl_domain${rbl_reason?; $rbl_reason}",
    "Reply for what is in a DNS block list that rbl_reply_maps has none for",
);
pub const RBL_REPLY_MAPS: Parameter =
    Parameter::new("rbl_reply_maps", ParameterKind::Tables, "", "Replies by DNS block list");
pub const SMTPD_EXPANSION_FILTER: Parameter = Parameter::new(
    "smtpd_expansion_filter",
    ParameterKind::Template,
    "\\t\\40!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`abcdefghijklmnopqrstuvwxyz{|}~",
    "Characters that may come out of a $name in a reply",
);

/// Longest text taken from TXT records.
const TEXT_LIMIT: usize = 500;

/// `query` is the name that was found, `what` the address, name or mail address that it stands for.
pub fn refusal(list: &str, query: &str, what: &str, class: &'static str) -> Verdict {
    let own = match own_template(list) {
        Ok(own) => own,
        Err(verdict) => return verdict,
    };
    let names = Names {
        domain: list::split(list).0,
        text: reason(query),
        what,
        class,
        filter: unescape(&SMTPD_EXPANSION_FILTER.text()),
    };
    let reply = own.and_then(|template| {
        let reply = names.expand(&template);
        if reply.is_err() {
            let line = ["rbl_reject_reply: bad rbl reply template for domain ", list, ": ", &template];
            log::warning(&line.concat());
        }
        reply.ok()
    });
    let reply = reply.or_else(|| names.expand(&DEFAULT_RBL_REPLY.text()).ok());
    reply.map_or_else(configuration_error, |reply| refuse_as(&reply, class))
}

/// The reply of rbl_reply_maps.
fn own_template(list: &str) -> Result<Option<String>, Verdict> {
    let maps = RBL_REPLY_MAPS.text();
    if maps.is_empty() {
        return Ok(None);
    }
    tables::lookup(&maps, list).map_err(|_| configuration_error())
}

/// `NNN [x.y.z] text`.
fn refuse_as(reply: &str, class: &'static str) -> Verdict {
    let code = reply.get(..3).filter(|code| code.starts_with(['4', '5'])).and_then(|code| code.parse::<u16>().ok());
    match (code, reply.get(3..4)) {
        (Some(code), Some(" ")) => {
            let (status, text) = split_status("4.7.1", &reply[4..]);
            let text = if text.is_empty() { "Service unavailable" } else { text };
            refuse(code, status.for_class(class).as_str(), text)
        }
        _ => {
            log::warning(&["rbl response code configuration error: ", reply.trim_start()].concat());
            refuse(450, "4.7.1", "Service unavailable")
        }
    }
}

/// The TXT records of the name, joined.
fn reason(query: &str) -> String {
    match dns::lookup(query, RecordType::Txt) {
        Ok(answer) => {
            let texts: Vec<_> = answer.records.into_iter().map(|record| record.data).collect();
            let mut text = texts.join(" / ");
            let mut end = text.len().min(TEXT_LIMIT);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text
        }
        Err(failure) => {
            if failure.reason == Reason::Filtered {
                log::warning(&[query, ": TXT lookup error: DNS reply filter drops all results"].concat());
            }
            String::new()
        }
    }
}

/// Values of the names that a template may use.
struct Names<'a> {
    domain: &'a str,
    text: String,
    what: &'a str,
    class: &'static str,
    filter: Vec<u8>,
}

impl Names<'_> {
    fn expand(&self, template: &str) -> Result<String, BadTemplate> {
        template::expand(template, &|name| {
            let value = self.value(name);
            if value.is_none() {
                log::warning(&["unknown macro name \"", name, "\" in expansion request"].concat());
            }
            value.map(|value| self.allowed(value))
        })
    }

    fn value(&self, name: &str) -> Option<String> {
        Some(match name {
            "rbl_code" => MAPS_RBL_REJECT_CODE.text(),
            "rbl_domain" => self.domain.into(),
            "rbl_reason" | "rbl_txt" => self.text.clone(),
            "rbl_what" => self.what.into(),
            "rbl_class" => self.class.into(),
            "client" => {
                let [name, address] = session::attributes([Attribute::ClientName, Attribute::ClientAddress]);
                name_and_address(&name.unwrap_or_default(), &address.unwrap_or_default())
            }
            "client_address" => session::client_address(),
            "client_name" => session::client_name(),
            "reverse_client_name" => session::attribute(Attribute::ReverseClientName).unwrap_or_default(),
            "helo_name" => session::helo_name().unwrap_or_default(),
            "sender" | "sender_name" | "sender_domain" => address_part(&name[6..], session::sender()),
            "recipient" | "recipient_name" | "recipient_domain" => address_part(&name[9..], session::recipient()),
            _ => return None,
        })
    }

    /// Other characters become `_`: what a client chose must not speak for the server.
    fn allowed(&self, value: String) -> String {
        if value.bytes().all(|byte| self.filter.contains(&byte)) {
            return value;
        }
        value.chars().map(|c| if c.is_ascii() && self.filter.contains(&(c as u8)) { c } else { '_' }).collect()
    }
}

/// The address, or its part, as replies show it: `<>` for the null sender.
fn address_part(part: &str, address: Option<String>) -> String {
    let Some(address) = address else { return String::new() };
    let (local, domain) = split_domain(&address);
    match part {
        "_domain" => domain.unwrap_or_default().into(),
        _ if address.is_empty() => "<>".into(),
        "_name" => local.into(),
        _ => address,
    }
}

/// `\t`, `\\` and octal `\40`.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let octal = after.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
        if octal > 0 {
            bytes.push(after[..octal].iter().fold(0, |sum: u8, digit| sum.wrapping_mul(8).wrapping_add(digit - b'0')));
            rest = &after[octal..];
        } else if let Some((&escaped, after)) = after.split_first() {
            bytes.push(match escaped {
                b't' => b'\t',
                b'n' => b'\n',
                b'r' => b'\r',
                other => other,
            });
            rest = after;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{refusal, unescape};
    use waxwing_sdk::{class, dns::RecordType, prelude::*, testing::Host};

    fn host() -> Host {
        Host::new().client("192.0.2.1", "mx.test").helo("helo.test").sender("s@good.test").recipient("u@here.test").dns(
            "q.bl.test",
            RecordType::Txt,
            &["one", "two"],
        )
    }

    fn ask(host: &mut Host) -> Verdict {
        host.run(|| refusal("bl.test=127.0.0.2", "q.bl.test", "192.0.2.1", class::CLIENT))
    }

    #[test]
    fn the_default_reply_gives_the_reason() {
        let text = "Service unavailable; Client host [192.0.2.1] blocked using bl.test; one / two";
        assert_eq!(ask(&mut host()), refuse(554, "5.7.1", text));
        assert_eq!(ask(&mut host().parameter("maps_rbl_reject_code", "450")), refuse(450, "4.7.1", text));
    }

    #[test]
    fn a_list_may_have_its_own_reply() {
        let own =
            |reply| host().parameter("rbl_reply_maps", "hash:/r").table("hash:/r", &[("bl.test=127.0.0.2", reply)]);
        let template = "521 5.1.1 $rbl_what|$rbl_class|$client|$helo_name|$sender_domain|$recipient_name|$rbl_txt";
        let text = "192.0.2.1|Client host|mx.test[192.0.2.1]|helo.test|good.test|u|one / two";
        assert_eq!(ask(&mut own(template)), refuse(521, "5.0.0", text));
        let mut bad = own("$nosuch x");
        assert!(matches!(ask(&mut bad), Verdict::Reject(reply) if reply.code == Some(554)), "the default one instead");
        assert_eq!(
            bad.warnings(),
            [
                "unknown macro name \"nosuch\" in expansion request",
                "rbl_reject_reply: bad rbl reply template for domain bl.test=127.0.0.2: $nosuch x",
            ]
        );
    }

    #[test]
    fn a_reply_must_refuse() {
        let mut host = host().parameter("default_rbl_reply", "250 x");
        assert_eq!(ask(&mut host), refuse(450, "4.7.1", "Service unavailable"));
        assert_eq!(host.warnings(), ["rbl response code configuration error: 250 x"]);
    }

    #[test]
    fn what_clients_chose_is_filtered() {
        let mut host = host().helo("a\u{7}é").parameter("default_rbl_reply", "550 $helo_name");
        assert_eq!(ask(&mut host), refuse(550, "5.7.1", "a__"));
        let mut letters =
            self::host().parameter("smtpd_expansion_filter", "abc").parameter("default_rbl_reply", "550 $rbl_domain");
        assert_eq!(ask(&mut letters), refuse(550, "5.7.1", "b______"));
        assert_eq!(unescape("\\t\\40\\\\x"), b"\t \\x");
    }
}
