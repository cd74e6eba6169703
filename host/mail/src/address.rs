//! Addresses in internal form (`a b@example.com`) and external form (`"a b"@example.com`), and what stands in them:
//! local part, domain, extension.

use std::borrow::Cow;

/// The external form of an internal address: RFC 5321 section 4.1.2. A local part that is no dot-string is quoted.
pub fn quote(internal: &str) -> Cow<'_, str> {
    let (local, domain) = split_domain(internal);
    if internal.is_empty() || is_dot_string(local) {
        return Cow::Borrowed(internal);
    }
    let mut out = String::with_capacity(internal.len() + 4);
    out.push('"');
    for c in local.chars() {
        if matches!(c, '"' | '\\' | '\r' | '\n') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    if let Some(domain) = domain {
        out.push('@');
        out.push_str(domain);
    }
    Cow::Owned(out)
}

/// True when a local part needs no quotes: RFC 5321 section 4.1.2, Dot-string, with 8-bit characters as RFC 6531 allows.
pub fn is_dot_string(local: &str) -> bool {
    let special = |b: u8| b <= b' ' || b == 127 || b"<>()[]\\,;:@\"".contains(&b);
    !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && !local.bytes().any(special)
}

/// The internal form of an external address: quotes and backslashes of the local part are taken away.
pub fn unquote(external: &str) -> String {
    let (local, domain) = split_domain(external);
    let mut out = String::with_capacity(external.len());
    let mut chars = local.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {}
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    if let Some(domain) = domain {
        out.push('@');
        out.push_str(domain);
    }
    out
}

/// Local part and domain, at the last `@`.
pub fn split_domain(address: &str) -> (&str, Option<&str>) {
    match address.rfind('@') {
        Some(at) => (&address[..at], Some(&address[at + 1..])),
        None => (address, None),
    }
}

/// How extensions are found: recipient_delimiter, double_bounce_sender, owner_request_special.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extensions {
    /// recipient_delimiter: each character is one; empty: no extensions.
    pub delimiters: String,
    /// Never split.
    pub double_bounce_sender: String,
    /// Leave `owner-x` and `x-request` whole where `-` is a delimiter.
    pub owner_request_special: bool,
}

impl Extensions {
    /// With Postfix's defaults for the other two parameters.
    pub fn new(delimiters: impl Into<String>) -> Self {
        Self {
            delimiters: delimiters.into(),
            double_bounce_sender: "double-bounce".to_string(),
            owner_request_special: true,
        }
    }

    /// `user+ext` to `user` and `ext`; no split that leaves an empty user.
    pub fn split<'a>(&self, local: &'a str) -> (&'a str, Option<&'a str>) {
        let whole = (local, None);
        if self.delimiters.is_empty()
            || local.eq_ignore_ascii_case("postmaster")
            || local.eq_ignore_ascii_case("mailer-daemon")
            || local.eq_ignore_ascii_case(&self.double_bounce_sender)
        {
            return whole;
        }
        if self.owner_request_special && self.delimiters.contains('-') {
            let bytes = local.as_bytes();
            let owner = bytes.len() >= 6 && bytes[..6].eq_ignore_ascii_case(b"owner-");
            let request = bytes.len() > 8 && bytes[bytes.len() - 8..].eq_ignore_ascii_case(b"-request");
            if owner || request {
                return whole;
            }
        }
        match local.char_indices().find(|&(_, c)| self.delimiters.contains(c)) {
            Some((at, delimiter)) if at > 0 => (&local[..at], Some(&local[at + delimiter.len_utf8()..])),
            _ => whole,
        }
    }

    /// `user+ext@domain` to `user@domain` and `+ext` (delimiter included); none without an extension.
    pub fn strip(&self, address: &str) -> Option<(String, String)> {
        let (local, domain) = split_domain(address);
        let (base, extension) = self.split(local);
        extension?;
        let stripped = match domain {
            Some(domain) => format!("{base}@{domain}"),
            None => base.to_string(),
        };
        Some((stripped, local[base.len()..].to_string()))
    }
}

/// [`Extensions::split`] with Postfix's defaults for double_bounce_sender and owner_request_special.
pub fn split_extension<'a>(local: &'a str, delimiters: &str) -> (&'a str, Option<&'a str>) {
    Extensions::new(delimiters).split(local)
}

/// [`Extensions::strip`] with the same defaults.
pub fn strip_extension(address: &str, delimiters: &str) -> Option<(String, String)> {
    Extensions::new(delimiters).strip(address)
}

/// Puts an extension (with its delimiter) behind the local part of an address.
pub fn add_extension(address: &str, extension: &str) -> String {
    match split_domain(address) {
        (local, Some(domain)) => format!("{local}{extension}@{domain}"),
        (local, None) => format!("{local}{extension}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_goes_both_ways() {
        for (internal, external) in [
            ("", ""),
            ("a@b", "a@b"),
            ("a b@c", "\"a b\"@c"),
            ("a@b@c", "\"a@b\"@c"),
            ("a\"\\b@c", "\"a\\\"\\\\b\"@c"),
            (".a@c", "\".a\"@c"),
            ("a..b@c", "\"a..b\"@c"),
            ("@c", "\"\"@c"),
            ("d\u{e9}j\u{e0}@c", "d\u{e9}j\u{e0}@c"),
            ("plain", "plain"),
        ] {
            assert_eq!(quote(internal), external);
            assert_eq!(unquote(external), internal);
        }
        assert_eq!(unquote("a\\"), "a");
    }

    #[test]
    fn extensions_and_what_is_never_split() {
        for (local, delimiters, expected) in [
            ("a+b", "+", ("a", Some("b"))),
            ("a-b+c", "+-", ("a", Some("b+c"))),
            ("a+", "+", ("a", Some(""))),
            ("+a", "+", ("+a", None)),
            ("a", "+", ("a", None)),
            ("a+b", "", ("a+b", None)),
            ("owner-list", "-", ("owner-list", None)),
            ("list-request", "-", ("list-request", None)),
            ("owner+x", "+-", ("owner", Some("x"))),
            ("double-bounce", "-", ("double-bounce", None)),
            ("Mailer-Daemon", "-", ("Mailer-Daemon", None)),
        ] {
            assert_eq!(split_extension(local, delimiters), expected, "{local} by {delimiters}");
        }
        assert_eq!(strip_extension("a+b@c", "+"), Some(("a@c".into(), "+b".into())));
        assert_eq!(strip_extension("a@c+d", "+"), None);
        assert_eq!(add_extension("x@y", "+b"), "x+b@y");
    }
}
