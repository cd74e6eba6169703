//! The macros of `argv=`: what stands in an argument is put into that argument and is never split. An argument that holds
//! a macro of the recipient is given once for each recipient.

use hook::{Attribute, Recipient, Request};
use mail::address::{Extensions, quote, split_domain};

use super::Flags;
use crate::macros::{self, Piece, Use};

/// Macros with one value for a delivery, and those with one for each recipient.
const OF_THE_MESSAGE: &[&str] = &[
    "nexthop",
    "sender",
    "size",
    "queue_id",
    "client_address",
    "client_helo",
    "client_hostname",
    "client_port",
    "client_protocol",
    "sasl_method",
    "sasl_sender",
    "sasl_username",
];
const OF_A_RECIPIENT: &[&str] = &["recipient", "original_recipient", "user", "extension", "mailbox", "domain"];

/// What the macros stand for.
pub struct Subject<'a> {
    pub request: &'a Request,
    pub flags: Flags,
    /// The envelope sender, or what null_sender= puts for the null address.
    pub sender: &'a str,
    pub extensions: &'a Extensions,
    pub original_recipient: bool,
}

/// An argument list that was read.
#[derive(Debug)]
pub struct Arguments(Vec<Vec<Piece>>);

impl Arguments {
    /// The error is Postfix's message.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let parsed: Vec<_> =
            words.iter().map(|word| macros::parse(word)).collect::<Result<_, _>>().map_err(|e| e.to_string())?;
        for piece in parsed.iter().flatten() {
            let Piece::Name { name, then, otherwise } = piece else { continue };
            let known = OF_THE_MESSAGE.contains(&name.as_str()) || OF_A_RECIPIENT.contains(&name.as_str());
            if !known || then.is_some() || otherwise.is_some() {
                return Err(format!("unknown macro name: \"{name}\""));
            }
        }
        Ok(Self(parsed))
    }

    pub fn expand(&self, subject: &Subject<'_>) -> Vec<String> {
        let mut expanded = Vec::new();
        for pieces in &self.0 {
            if !names(pieces).any(|name| OF_A_RECIPIENT.contains(&name)) {
                expanded.push(subject.argument(pieces, None));
                continue;
            }
            let with_user = names(pieces).any(|name| name == "user");
            for recipient in &subject.request.recipients {
                // `+folder@domain` has no user: then there is no argument.
                if !with_user || !subject.value("user", Some(recipient)).is_empty() {
                    expanded.push(subject.argument(pieces, Some(recipient)));
                }
            }
        }
        expanded
    }
}

fn names(pieces: &[Piece]) -> impl Iterator<Item = &str> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Name { name, .. } => Some(name.as_str()),
        Piece::Text(_) => None,
    })
}

impl Subject<'_> {
    fn argument(&self, pieces: &[Piece], recipient: Option<&Recipient>) -> String {
        let values: Vec<(String, String)> =
            names(pieces).map(|name| (name.to_string(), self.value(name, recipient))).collect();
        let mut lookup =
            |name: &str, _: Use| values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        macros::expand(pieces, &mut lookup, None).text
    }

    fn value(&self, name: &str, recipient: Option<&Recipient>) -> String {
        if let (Some(recipient), true) = (recipient, OF_A_RECIPIENT.contains(&name)) {
            return self.of_recipient(name, recipient);
        }
        let request = self.request;
        let attribute = |attribute| request.session.attribute(attribute).unwrap_or("").to_string();
        match name {
            "nexthop" if self.flags.contains(Flags::FOLD_DOMAIN) => request.nexthop.to_lowercase(),
            "nexthop" => request.nexthop.clone(),
            "sender" if self.flags.contains(Flags::QUOTE_ADDRESS) => quote(self.sender).into_owned(),
            "sender" => self.sender.to_string(),
            "size" => request.content.len().to_string(),
            "queue_id" => request.queue_id.clone(),
            "client_address" => attribute(Attribute::ClientAddress),
            "client_helo" => attribute(Attribute::HeloName),
            "client_hostname" => attribute(Attribute::ClientName),
            "client_port" if request.session.client_port() > 0 => request.session.client_port().to_string(),
            "client_protocol" => attribute(Attribute::ProtocolName),
            "sasl_method" => attribute(Attribute::SaslMethod),
            "sasl_sender" => attribute(Attribute::SaslSender),
            "sasl_username" => attribute(Attribute::SaslUsername),
            _ => String::new(),
        }
    }

    fn of_recipient(&self, name: &str, recipient: &Recipient) -> String {
        let original = match (self.original_recipient, recipient.original.is_empty()) {
            (false, _) => "",
            (true, true) => &recipient.address,
            (true, false) => &recipient.original,
        };
        match name {
            "recipient" => return self.morphed(&recipient.address, true),
            "original_recipient" => return self.morphed(original, true),
            _ => {}
        }
        let address = self.morphed(&recipient.address, false);
        let (local, domain) = split_domain(&address);
        match (name, self.extensions.split(local)) {
            ("domain", _) => domain.unwrap_or("").to_string(),
            ("mailbox", _) => local.to_string(),
            ("user", (user, _)) => user.to_string(),
            (_, (_, extension)) => extension.unwrap_or("").to_string(),
        }
    }

    /// The flags q, u and h.
    fn morphed(&self, address: &str, quoted: bool) -> String {
        let quoted = quoted && self.flags.contains(Flags::QUOTE_ADDRESS);
        let address = if quoted { quote(address) } else { address.into() };
        let (local, domain) = split_domain(&address);
        let fold = |text: &str, flag| if self.flags.contains(flag) { text.to_lowercase() } else { text.to_string() };
        let local = fold(local, Flags::FOLD_USER);
        match domain {
            Some(domain) => format!("{local}@{}", fold(domain, Flags::FOLD_DOMAIN)),
            None => local,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn expanded(words: &[&str], flags: Flags, recipients: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        let mut request = testing::request("Hop.Test", recipients, b"12345");
        request.recipients[0].original = "First@Orig.test".to_string();
        let extensions = Extensions::new("+");
        let sender = if flags.contains(Flags::FINAL) { "MAILER-DAEMON" } else { &request.sender };
        let subject = Subject { request: &request, flags, sender, extensions: &extensions, original_recipient: true };
        Ok(Arguments::parse(&words)?.expand(&subject))
    }

    #[test]
    fn one_argument_for_each_recipient() {
        let two = ["A b+Ext@Dom.test", "c@dom.test"];
        let none = Flags::empty();
        let given = expanded(&["x", "-f$sender", "($recipient)", "$nexthop!r", "${size}$queue_id"], none, &two);
        let expected = ["x", "-fs@src.test", "(A b+Ext@Dom.test)", "(c@dom.test)", "Hop.Test!r", "54ABC"];
        assert_eq!(given.expect("known macros"), expected);
        let given = expanded(&["$user", "$extension", "$mailbox", "$domain", "$original_recipient"], none, &two);
        let expected = ["A b", "c", "Ext", "", "A b+Ext", "c", "Dom.test", "dom.test", "First@Orig.test", "c@dom.test"];
        assert_eq!(given.expect("known macros"), expected);
        let folded = Flags::FOLD_DOMAIN | Flags::FOLD_USER | Flags::QUOTE_ADDRESS;
        let given = expanded(&["$recipient", "$nexthop", "$user"], folded, &two);
        assert_eq!(given.expect("known macros"), ["\"a b+ext\"@dom.test", "c@dom.test", "hop.test", "a b", "c"]);
    }

    #[test]
    fn nothing_of_an_address_is_syntax() {
        let evil = ["$(id);`id`|x&y '\"\\ ${sender}@dom.test", "-oX@dom.test"];
        let given = expanded(&["prog", "--", "$recipient", "a${user}b"], Flags::empty(), &evil).expect("known macros");
        let (first, second) = (evil[0], evil[1]);
        let user = first.strip_suffix("@dom.test").expect("the domain");
        assert_eq!(given, ["prog", "--", first, second, &format!("a{user}b"), "a-oXb"]);
    }

    #[test]
    fn unknown_macros_are_errors() {
        for word in ["$nobody", "${recipient?x}", "${user:x}", "$", "${recipient"] {
            assert!(expanded(&[word], Flags::empty(), &["a@b"]).is_err(), "{word}");
        }
        assert_eq!(expanded(&["$nobody"], Flags::empty(), &["a@b"]), Err("unknown macro name: \"nobody\"".into()));
    }
}
