//! check_sender_access and check_recipient_access: an address as access(5) looks it up.

use waxwing_sdk::{Subject, Verdict, address::split_domain, addresses, class, log, tables};

use crate::lookup::access;

/// `address` is not the null sender; `other` is the other address of the envelope.
pub fn check(table: &str, address: String, other: Option<String>, class: &'static str) -> Verdict {
    let (resolved, source_routed) = if is_plain(&address) {
        (None, false)
    } else {
        match addresses::resolve_or_defer(&address, other.as_deref().unwrap_or_default()) {
            Ok(resolved) => (Some(resolved.recipient), resolved.source_routed),
            Err(verdict) => return verdict,
        }
    };
    let key = resolved.as_deref().unwrap_or(&address);
    if !key.contains('@') {
        log::warning(&["check_mail_access: no @domain in address: ", key].concat());
        return Verdict::Dunno;
    }
    match access(table, key, tables::find_mailbox(table, key), || Subject::new(address.as_str(), class)) {
        None => Verdict::Dunno,
        // An OK for a recipient that routes itself elsewhere would be an OK to relay.
        Some(Verdict::Permit) if source_routed && class == class::RECIPIENT => Verdict::Dunno,
        Some(verdict) => verdict,
    }
}

/// Nothing that trivial-rewrite(8) would change: one `@`, a full domain, none of the old routing characters.
fn is_plain(address: &str) -> bool {
    let (local, domain) = split_domain(address);
    let domain = domain.unwrap_or_default();
    domain.contains('.')
        && !domain.ends_with('.')
        && !domain.starts_with('[')
        && !local.is_empty()
        && !local.contains(['@', '%', '!', '"', ':', ','])
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn only_plain_addresses_go_unresolved() {
        for plain in ["user@example.com", "user+ext@mail.example.com"] {
            assert!(is_plain(plain), "{plain}");
        }
        for odd in
            ["user", "user@host", "u%d@h.test", "h!u@d.test", "u@h@d.test", "u@d.test.", "u@[192.0.2.1]", "@d.test"]
        {
            assert!(!is_plain(odd), "{odd}");
        }
    }
}
