//! Match lists: the values of relay_domains, mydestination, mynetworks and their like.

use std::{net::IpAddr, sync::Arc};

use config::tokens;
use hook::{Lookup, Table, TableError, TableKind};
use mail::network::Network;

use crate::{
    DictError,
    error::reason,
    fold, network,
    open::{Opener, Options},
    search_order::parent,
};

/// What a list is matched with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListStyle {
    /// Any text, whole (mydestination).
    Text,
    /// A domain and its parents (relay_domains).
    Domain,
    /// A host name and its address (mynetworks).
    Host,
}

/// A parsed list: `!`, `/file/name`, `type:table`, networks, names.
pub struct MatchList {
    parameter: String,
    style: ListStyle,
    /// In parent_domain_matches_subdomains: `example.com` matches its subdomains; else `.example.com` does.
    matches_subdomains: bool,
    items: Vec<Item>,
    utf8: bool,
}

struct Item {
    /// False behind `!`: a match ends the search with "no".
    wanted: bool,
    pattern: Pattern,
}

enum Pattern {
    Table(Arc<dyn Table>),
    Text {
        text: String,
        address: AddressPattern,
    },
    /// A file that could not be read; the text for the log.
    Unreadable(String),
}

/// What a pattern says about addresses that differ from it as text.
enum AddressPattern {
    /// A name, or an IPv4 address, which is written in one way only.
    None,
    Network(Network),
    /// The text for the log.
    Bad {
        ipv6: bool,
        reason: String,
    },
}

/// A name and an address that are looked for.
struct Subject<'s> {
    name: &'s str,
    address: &'s str,
    parsed: Option<IpAddr>,
}

impl MatchList {
    /// Parses the expanded value of a parameter. A file or table that cannot be read fails at the lookup that needs it.
    pub fn parse(
        parameter: &str,
        value: &str,
        style: ListStyle,
        matches_subdomains: bool,
        opener: &mut Opener,
    ) -> Result<Self, DictError> {
        let utf8 = opener.environment().utf8;
        let mut list = Self { parameter: parameter.to_string(), style, matches_subdomains, items: Vec::new(), utf8 };
        list.add(value, true, opener, 0).map_err(|error| error.in_parameter(parameter))?;
        Ok(list)
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The tables in the list: virtual_alias_domains and its like may be listed.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<dyn Table>> {
        self.items.iter().filter_map(|item| if let Pattern::Table(table) = &item.pattern { Some(table) } else { None })
    }

    /// Whether a domain or text is in a [`ListStyle::Domain`] or [`ListStyle::Text`] list.
    pub fn matches<'a>(&'a self, name: &'a str) -> Lookup<'a, bool> {
        self.matches_host(name, "")
    }

    /// Whether a host is in the list. Either may be empty.
    pub fn matches_host<'a>(&'a self, name: &'a str, address: &'a str) -> Lookup<'a, bool> {
        match self.matches_now(name, address) {
            Some(answer) => Lookup::Now(answer),
            None => Lookup::Later(Box::pin(self.matches_waiting(name, address))),
        }
    }

    fn add(&mut self, value: &str, wanted: bool, opener: &mut Opener, depth: usize) -> Result<(), DictError> {
        let words = tokens::split(value, tokens::COMMA_SPACE);
        for (index, word) in words.iter().enumerate() {
            if *word == "#" {
                let rest = words[index + 1..].join(" ");
                let parameter = &self.parameter;
                (opener.environment().warn)(&format!("{parameter}: comment at end of line is not supported: # {rest}"));
                break;
            }
            let bare = word.trim_start_matches('!');
            if bare.is_empty() {
                return Err(DictError::ConfigSyntax(format!("{}: no pattern after '!'", self.parameter)));
            }
            let wanted = wanted == ((word.len() - bare.len()) % 2 == 0);
            if bare.starts_with('/') {
                self.add_file(bare, wanted, opener, depth)?;
                continue;
            }
            let pattern = if !bare.starts_with('[') && bare.contains(':') {
                Pattern::Table(opener.open(bare, Options::default())?)
            } else {
                let text = fold(bare, self.utf8).into_owned();
                let address = if self.style == ListStyle::Host { address_pattern(&text) } else { AddressPattern::None };
                Pattern::Text { text, address }
            };
            self.items.push(Item { wanted, pattern });
        }
        Ok(())
    }

    /// Each line of the file is such a value again.
    fn add_file(&mut self, path: &str, wanted: bool, opener: &mut Opener, depth: usize) -> Result<(), DictError> {
        if depth > 100 {
            return Err(DictError::ConfigSyntax(format!("{}: {path}: files include each other", self.parameter)));
        }
        match std::fs::read(path) {
            Ok(content) => {
                for line in String::from_utf8_lossy(&content).lines() {
                    self.add(line, wanted, opener, depth + 1)?;
                }
            }
            Err(error) => {
                let text = format!("open file {path}: {}", reason(&error));
                self.items.push(Item { wanted, pattern: Pattern::Unreadable(text) });
            }
        }
        Ok(())
    }

    /// The answer, unless a table has to wait.
    pub(crate) fn matches_now(&self, name: &str, address: &str) -> Option<Result<bool, TableError>> {
        let folded = fold(name, self.utf8);
        let folded_address = fold(address, self.utf8);
        let subject = Subject { name: &folded, address: &folded_address, parsed: address.parse().ok() };
        for item in &self.items {
            let found = match &item.pattern {
                Pattern::Table(table) => self.table_now(&**table, &subject)?,
                pattern => self.pattern(pattern, &subject),
            };
            match found {
                Ok(false) => {}
                Ok(true) => return Some(Ok(item.wanted)),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(false))
    }

    pub(crate) async fn matches_waiting(&self, name: &str, address: &str) -> Result<bool, TableError> {
        let folded = fold(name, self.utf8).into_owned();
        let folded_address = fold(address, self.utf8).into_owned();
        let subject = Subject { name: &folded, address: &folded_address, parsed: address.parse().ok() };
        for item in &self.items {
            let found = match &item.pattern {
                Pattern::Table(table) => {
                    let mut found = false;
                    for key in self.keys(&**table, &subject) {
                        let answer = table.lookup(key).wait().await;
                        if answer.map_err(|error| self.table_failed(&**table, error))?.is_some() {
                            found = true;
                            break;
                        }
                    }
                    found
                }
                pattern => self.pattern(pattern, &subject)?,
            };
            if found {
                return Ok(item.wanted);
            }
        }
        Ok(false)
    }

    fn table_now(&self, table: &dyn Table, subject: &Subject<'_>) -> Option<Result<bool, TableError>> {
        for key in self.keys(table, subject) {
            match table.lookup(key) {
                Lookup::Now(Ok(None)) => {}
                Lookup::Now(Ok(Some(_))) => return Some(Ok(true)),
                Lookup::Now(Err(error)) => return Some(Err(self.table_failed(table, error))),
                Lookup::Later(_) => return None,
            }
        }
        Some(Ok(false))
    }

    /// The name, its parents unless the table takes patterns, the address.
    fn keys<'s>(&self, table: &dyn Table, subject: &Subject<'s>) -> impl Iterator<Item = &'s str> + use<'s> {
        let parents = self.style != ListStyle::Text && table.kind() == TableKind::Keys;
        let matches_subdomains = self.matches_subdomains;
        let first = Some(subject.name).filter(|name| !name.is_empty());
        let names = std::iter::successors(first, move |name| {
            parents.then(|| parent(name, matches_subdomains)).flatten().filter(|name| !name.is_empty())
        });
        names.chain(Some(subject.address).filter(|address| !address.is_empty()))
    }

    fn table_failed(&self, table: &dyn Table, error: TableError) -> TableError {
        let text = format!("{}: {}: table lookup problem", self.parameter, table.title());
        match error {
            TableError::Temporary(_) => TableError::Temporary(text),
            TableError::Configuration(_) => TableError::Configuration(text),
        }
    }

    fn pattern(&self, pattern: &Pattern, subject: &Subject<'_>) -> Result<bool, TableError> {
        match pattern {
            Pattern::Table(_) => Ok(false),
            Pattern::Unreadable(text) => Err(TableError::Temporary(format!("{}: {text}", self.parameter))),
            Pattern::Text { text, address } => {
                if self.name_matches(text, subject.name) {
                    return Ok(true);
                }
                self.address_matches(text, address, subject)
            }
        }
    }

    fn name_matches(&self, pattern: &str, name: &str) -> bool {
        if name.is_empty() {
            return false;
        }
        if name == pattern {
            return true;
        }
        if self.style == ListStyle::Text {
            return false;
        }
        match name.strip_suffix(pattern) {
            Some(rest) if self.matches_subdomains => rest.ends_with('.'),
            Some(rest) => pattern.starts_with('.') && !rest.is_empty(),
            None => false,
        }
    }

    fn address_matches(&self, text: &str, pattern: &AddressPattern, subject: &Subject<'_>) -> Result<bool, TableError> {
        if subject.address.is_empty() || self.style != ListStyle::Host {
            return Ok(false);
        }
        let literal = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if literal == subject.address {
            return Ok(true);
        }
        match pattern {
            AddressPattern::None => Ok(false),
            AddressPattern::Network(network) => Ok(subject.parsed.is_some_and(|address| network.contains(address))),
            AddressPattern::Bad { ipv6, .. } if *ipv6 != subject.address.contains(':') => Ok(false),
            AddressPattern::Bad { reason, .. } => Err(TableError::Temporary(format!("{}: {reason}", self.parameter))),
        }
    }
}

/// Names and plain IPv4 addresses are no networks. Postfix finds fault with a bad network when a host meets it.
fn address_pattern(text: &str) -> AddressPattern {
    let ipv6 = text.contains(':');
    let digits = |c: char| c.is_ascii_hexdigit() || "[]:./".contains(c);
    if !text.chars().all(digits) || (!ipv6 && (!text.contains('/') || !text.contains(|c: char| c.is_ascii_digit()))) {
        return AddressPattern::None;
    }
    match network::parse(text) {
        Ok(network) => AddressPattern::Network(network),
        Err(reason) => AddressPattern::Bad { ipv6, reason },
    }
}

#[cfg(test)]
mod tests;
