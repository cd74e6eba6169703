//! Rewriting to canonical form: the ADDRESS REWRITING part of trivial-rewrite(8). Pure.

use std::borrow::Cow;

use mail::address::{is_dot_string, split_domain};

use crate::Settings;

/// Whose addresses are rewritten: append_at_myorigin and append_dot_mydomain complete them with other names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Envelopes, and headers from local_header_rewrite_clients: `$myorigin`, `$mydomain`.
    Local,
    /// Other headers: `$remote_header_rewrite_domain`.
    Remote,
}

impl Settings {
    /// The canonical form of an internal address; borrowed when it is in that form already, as most are.
    pub fn canonical_form<'a>(&self, address: &'a str, context: Context) -> Cow<'a, str> {
        let address = without_route(address);
        if address == "@" || address.is_empty() {
            return Cow::Borrowed("");
        }
        let (origin, completion) = match context {
            Context::Local => (self.myorigin.as_str(), self.mydomain.as_str()),
            Context::Remote => (self.remote_domain.as_str(), self.remote_domain.as_str()),
        };
        let mut address = match address.contains('@') {
            true => Cow::Borrowed(address),
            false => self.with_domain(address, origin),
        };
        if let (_, Some(domain)) = split_domain(&address)
            && self.append_dot_mydomain
            && !completion.is_empty()
            && !domain.is_empty()
            && !domain.contains(['.', '['])
        {
            address = Cow::Owned(format!("{address}.{completion}"));
        }
        match stripped_of_dot(&address).map(str::len) {
            Some(len) => Cow::Owned(address[..len].to_string()),
            None => address,
        }
    }

    /// What is to be said of a canonical form that another compatibility_level would have left incomplete.
    pub(crate) fn remark(&self, given: &str, form: &str) -> Option<String> {
        let (_, domain) = split_domain(form);
        let (short, completion) = domain?.split_once('.')?;
        let appended = [&self.mydomain, &self.remote_domain].into_iter().any(|own| own == completion);
        if !self.append_dot_mydomain_by_level || !appended || short.is_empty() || short.starts_with('[') {
            return None;
        }
        // With an origin of that form nothing was appended.
        let complete = |address: &str| split_domain(address).1.is_some_and(|domain| domain.contains('.'));
        if complete(without_route(given)) || (!given.contains(['@', '!', '%']) && self.myorigin.contains('.')) {
            return None;
        }
        let hint = match short.eq_ignore_ascii_case("localhost") {
            true => "; please add \"localhost\" to mydestination or other address class",
            false => "",
        };
        Some(format!(
            "using backwards-compatible default setting append_dot_mydomain=yes to rewrite \"{short}\" to \"{short}.{completion}\"{hint}"
        ))
    }

    fn with_domain<'a>(&self, local: &'a str, origin: &str) -> Cow<'a, str> {
        // Operators count only where the local part needs no quotes.
        let operators = is_dot_string(local);
        if let (true, true, Some((site, user))) = (operators, self.swap_bangpath, local.split_once('!')) {
            Cow::Owned(format!("{user}@{site}"))
        } else if let (true, true, Some((user, site))) = (operators, self.allow_percent_hack, local.rsplit_once('%')) {
            Cow::Owned(format!("{user}@{site}"))
        } else if self.append_at_myorigin && !origin.is_empty() {
            Cow::Owned(format!("{local}@{origin}"))
        } else {
            Cow::Borrowed(local)
        }
    }
}

/// RFC 5321 appendix C: `@a,@b:user@c` means `user@c`.
fn without_route(address: &str) -> &str {
    match address.split_once(':') {
        Some((route, rest)) if route.starts_with('@') && !rest.is_empty() => rest,
        _ => address,
    }
}

/// The address without the one dot at the end of its domain, if that makes a better domain (`a@b.`, not `a@.` or `a@b..`).
pub(crate) fn stripped_of_dot(address: &str) -> Option<&str> {
    let stripped = address.strip_suffix('.')?;
    (stripped.contains('@') && !stripped.ends_with(['.', '@'])).then_some(stripped)
}
