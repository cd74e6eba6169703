//! `NAME=value` of XCLIENT and XFORWARD: XCLIENT_README, XFORWARD_README.

use ::mail::{Reply, hostname, xtext};

use super::refusal;
use crate::chat::printable;

/// Longest value.
const LONGEST: usize = 255;

/// One attribute: its name in upper case, its decoded value; none for `[UNAVAILABLE]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub name: String,
    pub value: Option<String>,
    pub temporary: bool,
    /// As given, for refusals.
    pub given: &'a str,
}

/// Reads all attributes of a command.
pub(crate) fn parse<'a>(verb: &str, argument: &'a str, known: &[&str]) -> Result<Vec<Attribute<'a>>, Reply> {
    if argument.is_empty() {
        return Err(refusal(501, (5, 4), &format!("Syntax: {verb} attribute=value...")));
    }
    let mut attributes = Vec::new();
    for word in argument.split_ascii_whitespace() {
        let expected = || refusal(501, (5, 4), "Error: attribute=value expected");
        let (name, given) =
            word.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty()).ok_or_else(expected)?;
        if given.len() > LONGEST {
            return Err(refusal(501, (5, 4), "Error: attribute value too long"));
        }
        let name = name.to_ascii_uppercase();
        if !known.contains(&name.as_str()) {
            return Err(refusal(501, (5, 4), &format!("Bad {verb} attribute name: {name}")));
        }
        let temporary = given.eq_ignore_ascii_case("[TEMPUNAVAIL]");
        let unavailable = temporary || given.eq_ignore_ascii_case("[UNAVAILABLE]");
        // What is no xtext is taken as it stands, as older clients send it.
        let value = (!unavailable).then(|| xtext::decode(given).unwrap_or_else(|_| given.to_string()));
        attributes.push(Attribute { name, value, temporary, given });
    }
    Ok(attributes)
}

impl Attribute<'_> {
    /// `Bad NAME syntax: value`.
    pub fn bad(&self) -> Reply {
        refusal(501, (5, 4), &format!("Bad {} syntax: {}", self.name, self.given))
    }

    /// A host name.
    pub fn hostname(&self) -> Result<Option<String>, Reply> {
        match &self.value {
            Some(name) if !hostname::valid_hostname(name) => Err(self.bad()),
            value => Ok(value.clone()),
        }
    }

    /// An address in canonical form; IPv6 as `IPV6:::1`.
    pub fn address(&self, ipv4: bool, ipv6: bool) -> Result<Option<String>, Reply> {
        let Some(text) = &self.value else { return Ok(None) };
        let six = text.get(..5).filter(|p| p.eq_ignore_ascii_case("IPV6:")).map(|_| &text[5..]);
        let address = match six {
            Some(six) if ipv6 => six.parse().ok().map(std::net::IpAddr::V6),
            None if ipv4 && hostname::valid_ipv4(text) => text.parse().ok().map(std::net::IpAddr::V4),
            _ => None,
        };
        address.map(|a| Some(a.to_string())).ok_or_else(|| self.bad())
    }

    /// A port: up to five digits, as Postfix checks it.
    pub fn port(&self) -> Result<Option<String>, Reply> {
        match &self.value {
            Some(port) if port.is_empty() || port.len() > 5 || !port.bytes().all(|b| b.is_ascii_digit()) => {
                Err(self.bad())
            }
            value => Ok(value.clone()),
        }
    }

    /// Free text, control characters and white space replaced.
    pub fn text(&self) -> Option<String> {
        self.value.as_ref().map(|text| printable(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(word: &str) -> Result<Attribute<'_>, String> {
        parse("XCLIENT", word, &["NAME", "ADDR", "PORT"]).map(|mut a| a.remove(0)).map_err(|r| r.log_text())
    }

    #[test]
    fn syntax() {
        for (text, reply) in [
            ("", "501 5.5.4 Syntax: XCLIENT attribute=value..."),
            ("NAME", "501 5.5.4 Error: attribute=value expected"),
            ("NAME=", "501 5.5.4 Error: attribute=value expected"),
            ("FOO=bar", "501 5.5.4 Bad XCLIENT attribute name: FOO"),
        ] {
            assert_eq!(one(text).err().as_deref(), Some(reply), "{text}");
        }
    }

    #[test]
    fn values() {
        let address =
            |text: &str| one(text).ok().and_then(|a| a.address(true, true).map_err(|r| r.log_text()).ok().flatten());
        assert_eq!(address("addr=1.2.3.4").as_deref(), Some("1.2.3.4"));
        assert_eq!(address("ADDR=IPV6:2001:0DB8:0::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(address("ADDR=::1"), None);
        assert_eq!(address("ADDR=1.2.3"), None);
        let port = |text: &str| one(text).map(|a| a.port().map_err(|r| r.log_text()));
        assert_eq!(port("PORT=99999"), Ok(Ok(Some("99999".to_string()))));
        assert_eq!(port("PORT=x"), Ok(Err("501 5.5.4 Bad PORT syntax: x".to_string())));
        assert!(one("NAME=[tempunavail]").is_ok_and(|a| a.temporary && a.value.is_none()));
    }
}
