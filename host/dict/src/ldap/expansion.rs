//! From entries to values: which attributes count, and the names and URLs of further entries in special ones.

use std::collections::HashSet;

use hook::TableError;

use super::{
    LdapTable,
    client::{Entry, Scope, Search},
};

/// terminal_result_attribute, leaf_result_attribute, result_attribute, special_result_attribute, and size_limit.
pub(super) struct Attributes {
    pub terminal: Vec<String>,
    pub leaf: Vec<String>,
    pub plain: Vec<String>,
    pub special: Vec<String>,
    /// Entries in the answer to one search; 0 is no limit.
    pub size_limit: usize,
}

impl Attributes {
    pub fn names(&self) -> Vec<String> {
        [&self.terminal, &self.leaf, &self.plain, &self.special].into_iter().flatten().cloned().collect()
    }
}

enum Work {
    Value(String),
    Search { search: Search, depth: usize },
}

impl LdapTable {
    /// All values a search leads to, in the order of the directory.
    pub(super) async fn expand(&self, search: Search) -> Result<Vec<String>, TableError> {
        let mut values = Vec::new();
        let mut work = vec![Work::Search { search, depth: 0 }];
        // Groups may contain each other.
        let mut seen = HashSet::new();
        while let Some(next) = work.pop() {
            let (search, depth) = match next {
                Work::Value(value) => {
                    values.push(value);
                    continue;
                }
                Work::Search { search, depth } => (search, depth),
            };
            if depth > self.recursion_limit {
                return Err(self.temporary(&format!("Recursion limit exceeded at {}", search.base)));
            }
            let entries = self.servers.ask(&search).await?;
            if self.attributes.size_limit > 0 && entries.len() > self.attributes.size_limit {
                return Err(self.temporary(&format!("Search size limit exceeded: {}", search.filter)));
            }
            let mut found: Vec<Work> = entries.into_iter().flat_map(|entry| self.of_entry(entry, depth)).collect();
            found.retain(|work| match work {
                Work::Value(_) => true,
                Work::Search { search, .. } => seen.insert((search.base.clone(), search.filter.clone())),
            });
            work.extend(found.into_iter().rev());
        }
        Ok(values)
    }

    fn temporary(&self, text: &str) -> TableError {
        TableError::Temporary(format!("{}: {text}", self.title))
    }

    fn of_entry(&self, entry: Entry, depth: usize) -> Vec<Work> {
        let has = |names: &[String]| entry.iter().any(|(name, values)| !values.is_empty() && is_in(name, names));
        let terminal = has(&self.attributes.terminal);
        let leaf = !terminal && !has(&self.attributes.special);
        let mut work = Vec::new();
        for (name, values) in entry {
            let counts = is_in(&name, &self.attributes.terminal)
                || (!terminal && is_in(&name, &self.attributes.plain))
                || (leaf && is_in(&name, &self.attributes.leaf));
            if counts {
                work.extend(values.into_iter().map(Work::Value));
            } else if !terminal && is_in(&name, &self.attributes.special) {
                let searches = values.iter().filter_map(|value| self.search_of(value));
                work.extend(searches.map(|search| Work::Search { search, depth: depth + 1 }));
            }
        }
        work
    }

    /// The search that a value of a special attribute asks for: a name, or an LDAP URL (RFC 4516).
    fn search_of(&self, value: &str) -> Option<Search> {
        let all = self.attributes.names();
        let Some(url) = value.strip_prefix("ldap://").or_else(|| value.strip_prefix("ldaps://")) else {
            return Some(Search {
                base: value.to_string(),
                scope: Scope::Base,
                filter: "(objectclass=*)".to_string(),
                attributes: all,
                base_may_be_missing: true,
            });
        };
        let path = url.split_once('/').map_or("", |(_, path)| path);
        let mut parts = path.split('?');
        let mut part = || parts.next().and_then(crate::tcp::decoded);
        let (base, names, scope, filter) = (part()?, part(), part(), part());
        let wanted: Vec<String> = names.unwrap_or_default().split(',').map(str::to_string).collect();
        let everything = wanted.iter().all(|name| name.is_empty());
        let attributes: Vec<String> = all.into_iter().filter(|name| everything || is_in(name, &wanted)).collect();
        if attributes.is_empty() {
            (self.environment.warn)(&format!("{}: no result attribute is in {value}", self.title));
            return None;
        }
        let scope = match scope.as_deref() {
            Some("sub") => Scope::Subtree,
            Some("one") => Scope::OneLevel,
            // RFC 4516 section 2: base unless another is given.
            _ => Scope::Base,
        };
        let filter = filter.filter(|filter| !filter.is_empty()).unwrap_or_else(|| "(objectclass=*)".to_string());
        Some(Search { base, scope, filter, attributes, base_may_be_missing: true })
    }
}

/// A name with options, such as `mail;lang-de`, is of the kind of the name without.
fn is_in(name: &str, names: &[String]) -> bool {
    let bare = name.split(';').next().unwrap_or(name);
    names.iter().any(|other| other.eq_ignore_ascii_case(name) || other.eq_ignore_ascii_case(bare))
}
