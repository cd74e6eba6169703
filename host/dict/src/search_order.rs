//! In what order parts of a key are looked up: access(5), canonical(5), virtual(5), transport(5).

use std::ops::ControlFlow;

use hook::SearchOrder;
use mail::address::{Extensions, quote};

use crate::Scope;

/// What the orders depend on, for one configuration generation.
#[derive(Clone, Debug)]
pub struct Search {
    /// smtpd_access_maps is in parent_domain_matches_subdomains.
    pub access_matches_subdomains: bool,
    /// transport_maps is in parent_domain_matches_subdomains.
    pub transport_matches_subdomains: bool,
    /// recipient_delimiter and its exceptions.
    pub extensions: Extensions,
    /// smtpd_null_access_lookup_key.
    pub null_sender_key: String,
}

/// Asks the tables for one key; breaks when the search is over.
pub(crate) type Ask<'f> = &'f mut dyn FnMut(&str, Scope) -> ControlFlow<()>;
/// Whether a domain is this host's own; breaks when that cannot be told.
pub(crate) type IsLocal<'f> = &'f mut dyn FnMut(&str) -> ControlFlow<(), bool>;

impl Search {
    /// Asks for each key in turn.
    pub(crate) fn walk(&self, order: SearchOrder, key: &str, is_local: IsLocal<'_>, ask: Ask<'_>) -> ControlFlow<()> {
        match order {
            SearchOrder::Exact => ask(key, Scope::Full),
            SearchOrder::Domain => domain(key, self.access_matches_subdomains, Scope::Full, ask),
            SearchOrder::Address => address(key, ask),
            SearchOrder::Mailbox if key.is_empty() => ask(&self.null_sender_key, Scope::Full),
            SearchOrder::Mailbox => self.mailbox(key, ask),
            SearchOrder::Alias => self.alias(key, is_local, ask),
            SearchOrder::Transport => self.transport(key, ask),
        }
    }

    /// access(5), EMAIL ADDRESS PATTERNS: the address, without extension, the domain and its parents, `user@`.
    fn mailbox(&self, key: &str, ask: Ask<'_>) -> ControlFlow<()> {
        self.whole(key, ask)?;
        let Some(at) = key.rfind('@') else { return ControlFlow::Continue(()) };
        domain(&key[at + 1..], self.access_matches_subdomains, Scope::Partial, ask)?;
        self.with_and_without_extension(&key[..at], "@", ask)
    }

    /// virtual(5), TABLE SEARCH ORDER.
    fn alias(&self, key: &str, is_local: IsLocal<'_>, ask: Ask<'_>) -> ControlFlow<()> {
        self.whole(key, ask)?;
        let Some(at) = key.rfind('@') else { return ControlFlow::Continue(()) };
        if is_local(&key[at + 1..])? {
            self.with_and_without_extension(&key[..at], "", ask)?;
        }
        ask(&key[at..], Scope::Partial)
    }

    /// transport(5), TABLE SEARCH ORDER. The null address has no key of its own: callers put in empty_address_recipient.
    fn transport(&self, key: &str, ask: Ask<'_>) -> ControlFlow<()> {
        self.whole(key, ask)?;
        if let Some(at) = key.rfind('@') {
            domain(&key[at + 1..], self.transport_matches_subdomains, Scope::Partial, ask)?;
        }
        // Postfix asks pattern tables for the wild-card too.
        ask("*", Scope::Full)
    }

    /// user+extension@domain, then user@domain.
    fn whole(&self, key: &str, ask: Ask<'_>) -> ControlFlow<()> {
        both_forms(key, "", Scope::Full, ask)?;
        match self.extensions.strip(key) {
            Some((stripped, _)) => both_forms(&stripped, "", Scope::Partial, ask),
            None => ControlFlow::Continue(()),
        }
    }

    /// user+extension, then user, each with `suffix`.
    fn with_and_without_extension(&self, local: &str, suffix: &str, ask: Ask<'_>) -> ControlFlow<()> {
        both_forms(local, suffix, Scope::Partial, ask)?;
        match self.extensions.split(local) {
            (base, Some(_)) => both_forms(base, suffix, Scope::Partial, ask),
            (_, None) => ControlFlow::Continue(()),
        }
    }
}

/// The external form first, then the internal one where it differs.
fn both_forms(address: &str, suffix: &str, scope: Scope, ask: Ask<'_>) -> ControlFlow<()> {
    let quoted = quote(address);
    if suffix.is_empty() {
        if *quoted != *address {
            ask(&quoted, scope)?;
        }
        return ask(address, scope);
    }
    if *quoted != *address {
        ask(&format!("{quoted}{suffix}"), scope)?;
    }
    ask(&format!("{address}{suffix}"), scope)
}

/// A name, then its parents: `example.com` where parents match subdomains, else `.example.com`.
fn domain(name: &str, matches_subdomains: bool, scope: Scope, ask: Ask<'_>) -> ControlFlow<()> {
    let (mut name, mut scope) = (name, scope);
    while !name.is_empty() {
        ask(name, scope)?;
        match parent(name, matches_subdomains) {
            Some(parent) => (name, scope) = (parent, Scope::Partial),
            None => break,
        }
    }
    ControlFlow::Continue(())
}

/// What stands behind the next dot, or the dot and that.
pub(crate) fn parent(name: &str, matches_subdomains: bool) -> Option<&str> {
    let first = name.chars().next()?.len_utf8();
    let dot = first + name[first..].find('.')?;
    Some(&name[dot + usize::from(matches_subdomains)..])
}

/// access(5), HOST NAME/ADDRESS PATTERNS: an address, then its shorter prefixes.
fn address(key: &str, ask: Ask<'_>) -> ControlFlow<()> {
    let delimiter = if key.contains(':') { ':' } else { '.' };
    ask(key, Scope::Full)?;
    let mut shorter = key;
    while let Some(at) = shorter.rfind(delimiter) {
        shorter = &shorter[..at];
        ask(shorter, Scope::Partial)?;
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests;
