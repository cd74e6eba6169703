//! canonical_maps, sender_canonical_maps, recipient_canonical_maps and masquerade_domains: one address for another.

use mail::address::split_domain;

use crate::{Cleanup, CleanupError, Settings, settings::Classes};

/// How often an address may be mapped again.
const NESTING_LIMIT: usize = 10;

impl Cleanup {
    /// Applies all maps of the class to an address in canonical form. True when it changed.
    pub(crate) async fn canonical(&self, id: &str, address: &mut String, class: Classes) -> Result<bool, CleanupError> {
        let mut changed = false;
        for maps in self.settings.canonical.iter().filter(|maps| maps.classes.intersects(class)) {
            changed |= self.map_one(id, address, maps.title, &maps.tables).await?;
        }
        if self.settings.masquerade_classes.intersects(class) {
            changed |= self.settings.masquerade(address);
        }
        Ok(changed)
    }

    async fn map_one(&self, id: &str, address: &mut String, title: &str, tables: &str) -> Result<bool, CleanupError> {
        let mut changed = false;
        for _ in 0..NESTING_LIMIT {
            let mapped = match self.map(tables, address, self.settings.propagate_canonical).await {
                Ok(mapped) => mapped,
                Err(failed) => return Err(self.lookup_problem(id, title, address, failed)),
            };
            let Some(mut results) = mapped else {
                return Ok(changed);
            };
            if results.len() > 1 {
                self.log.warning(format_args!("{id}: multi-valued {title} entry for {address}"));
            }
            let result = results.swap_remove(0);
            let to_itself = result.eq_ignore_ascii_case(address);
            changed |= result != *address;
            *address = result;
            if to_itself {
                return Ok(changed);
            }
        }
        self.log.warning(format_args!(
            "{id}: unreasonable {title} map nesting for {address} -- message not accepted, try again later"
        ));
        Err(CleanupError::TableLookup(format!("unreasonable {title} map nesting")))
    }
}

impl Settings {
    /// Hides a subdomain of a masqueraded domain. True when the address changed.
    pub(crate) fn masquerade(&self, address: &mut String) -> bool {
        let (local, Some(domain)) = split_domain(address) else {
            return false;
        };
        if self.masquerade_domains.is_empty()
            || self.masquerade_exceptions.iter().any(|user| user.eq_ignore_ascii_case(local))
        {
            return false;
        }
        let domain = domain.to_ascii_lowercase();
        for masquerade in &self.masquerade_domains {
            let parent = masquerade.trim_start_matches('!');
            let keep = (masquerade.len() - parent.len()) % 2 == 1;
            let Some(rest) = domain.strip_suffix(parent) else {
                continue;
            };
            if rest.is_empty() || (keep && rest.ends_with('.')) {
                return false;
            }
            if rest.ends_with('.') {
                *address = format!("{local}@{parent}");
                return true;
            }
        }
        false
    }
}
