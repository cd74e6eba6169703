//! Looking an address up in canonical(5), virtual(5) and bcc tables, and what the result means.

use hook::{Found, SearchOrder};
use mail::{
    AddressList,
    address::{add_extension, split_domain},
};
use rewrite::Context;

use crate::Cleanup;

/// A table could not be read. Text for the log.
pub(crate) struct LookupFailed(pub String);

impl Cleanup {
    /// The addresses an entry names, in canonical form; an extension of `address` that the key lacked goes to each with
    /// `propagate`. None: no entry.
    pub(crate) async fn map(
        &self,
        tables: &str,
        address: &str,
        propagate: bool,
    ) -> Result<Option<Vec<String>>, LookupFailed> {
        let Some(found) = self.lookup(tables, address).await? else {
            return Ok(None);
        };
        let extension = self.unmatched_extension(address, &found.key);
        let value = match found.value.strip_prefix('@') {
            Some(domain) => {
                let local = split_domain(address).0;
                let local = local.strip_suffix(extension.as_str()).unwrap_or(local);
                format!("{}@{domain}", mail::address::quote(local))
            }
            None => found.value,
        };
        let mut addresses = Vec::new();
        for result in results(&value) {
            let result = self.rewrite.canonical_form(&result, Context::Local);
            addresses.push(if propagate { add_extension(&result, &extension) } else { result.into_owned() });
        }
        Ok((!addresses.is_empty()).then_some(addresses))
    }

    /// The bare entry, as for sender_bcc_maps.
    pub(crate) async fn lookup(&self, tables: &str, address: &str) -> Result<Option<Found>, LookupFailed> {
        let found = self.tables.find(SearchOrder::Alias, tables, address).wait().await;
        found.map_err(|error| LookupFailed(error.to_string()))
    }

    /// The extension with its delimiter, when the key that matched is without it; else empty.
    fn unmatched_extension(&self, address: &str, key: &str) -> String {
        let whole = [address, split_domain(address).0];
        // `@domain` stands for every user, extension and all.
        if key.starts_with('@') || whole.iter().any(|form| form.to_lowercase() == key.to_lowercase()) {
            return String::new();
        }
        self.settings.extensions.strip(address).map_or_else(String::new, |(_, extension)| extension)
    }
}

/// The addresses of a table's result, internal form. They may be separated by commas or white space.
fn results(value: &str) -> Vec<String> {
    AddressList::parse(value).addresses().map(|address| address.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_with_commas_and_spaces() {
        assert_eq!(results("a@b, c"), ["a@b", "c"]);
        assert_eq!(results("a@b c@d"), ["a@b", "c@d"]);
        assert_eq!(results("\"x y\"@z"), ["x y@z"]);
        assert_eq!(results(" , "), Vec::<String>::new());
    }
}
