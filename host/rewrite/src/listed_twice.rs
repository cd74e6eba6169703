//! helpful_warnings: a domain in the lists of two address classes belongs to the first of them, and the log says so.

use std::sync::PoisonError;

use hook::AddressClass;

use crate::Rewrite;

/// The lists of domains in the order in which resolving asks them.
const LISTS: [(AddressClass, &str); 4] = [
    (AddressClass::Local, "mydestination"),
    (AddressClass::VirtualAlias, "virtual_alias_domains"),
    (AddressClass::VirtualMailbox, "virtual_mailbox_domains"),
    (AddressClass::Relay, "relay_domains"),
];

impl Rewrite {
    /// Warns, once for each domain, when a list after that of its class names it as well. mydestination and relay_domains
    /// overlap by default (Postfix 2.x), and do no harm together.
    pub(crate) async fn warn_of_second_list(&self, class: AddressClass, domain: &str) {
        if !self.settings.helpful_warnings {
            return;
        }
        let Some(at) = LISTS.iter().position(|(of, _)| *of == class) else { return };
        let last = if class == AddressClass::Local { 3 } else { 4 };
        for (_, second) in &LISTS[at + 1..last] {
            // A list that cannot be read is for whoever needs its answer to report.
            if matches!(self.listed(second, domain).await, Ok(true)) && self.is_news(domain) {
                let first = LISTS[at].1;
                self.log.warning(format_args!("do not list domain {domain} in BOTH {first} and {second}"));
            }
        }
    }

    fn is_news(&self, domain: &str) -> bool {
        let mut told = self.listed_twice.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(domain.to_ascii_lowercase())
    }
}
