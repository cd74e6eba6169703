//! virtual_alias_maps: one recipient for any number of others.

use std::collections::HashSet;

use crate::{Cleanup, CleanupError, address_map::LookupFailed};

const TITLE: &str = "virtual_alias_maps";

impl Cleanup {
    /// The addresses a recipient in canonical form stands for, itself if it is no alias.
    pub(crate) async fn virtual_aliases(&self, id: &str, recipient: &str) -> Result<Vec<String>, CleanupError> {
        let settings = &self.settings;
        let mut addresses = vec![recipient.to_string()];
        // Addresses that expanded into themselves are not expanded again.
        let mut finished: HashSet<String> = HashSet::new();
        let mut at = 0;
        while at < addresses.len() {
            if addresses.len() > settings.virtual_alias_expansion_limit {
                return Err(self.unreasonable(id, format_args!("{TITLE} map expansion size for {recipient}")));
            }
            let mut depth = 0;
            while !finished.contains(&addresses[at].to_lowercase()) {
                if depth >= settings.virtual_alias_recursion_limit {
                    return Err(self.unreasonable(id, format_args!("{TITLE} map nesting for {recipient}")));
                }
                let mapped = self.map(&settings.virtual_alias_maps, &addresses[at], settings.propagate_virtual).await;
                let results = match mapped {
                    Ok(Some(results)) => results,
                    Ok(None) => break,
                    Err(failed) => {
                        self.lookup_problem(id, TITLE, recipient, failed);
                        return Err(CleanupError::ConfigAliasExpansion);
                    }
                };
                let alias = addresses[at].to_lowercase();
                for (n, result) in results.into_iter().enumerate() {
                    if result.len() > settings.virtual_alias_address_length_limit {
                        let start: String = result.chars().take(300).collect();
                        return Err(self.unreasonable(id, format_args!("{TITLE} result {start}...")));
                    }
                    if result.to_lowercase() == alias {
                        finished.insert(alias.clone());
                    }
                    if n == 0 { addresses[at] = result } else { addresses.push(result) }
                }
                depth += 1;
            }
            at += 1;
        }
        Ok(addresses)
    }

    fn unreasonable(&self, id: &str, what: std::fmt::Arguments<'_>) -> CleanupError {
        self.log.warning(format_args!("{id}: unreasonable {what} -- message not accepted, try again later"));
        CleanupError::ConfigAliasExpansion
    }

    pub(crate) fn lookup_problem(&self, id: &str, title: &str, address: &str, failed: LookupFailed) -> CleanupError {
        self.log.warning(format_args!("{}", failed.0));
        self.log.warning(format_args!(
            "{id}: {title} map lookup problem for {address} -- message not accepted, try again later"
        ));
        CleanupError::TableLookup(failed.0)
    }
}
