//! Lookup tables and match lists with Postfix's search rules. Needs no grant for the tables of the plugin's own arguments and
//! declared parameters.
//!
//! `tables` is one or more `type:name` as in main.cf; `parameter` is a parameter name, such as `mynetworks`.

pub use crate::bindings::waxwing::plugin::tables::{Found, TableError};
use crate::host;

/// One exact key (postmap -q).
pub fn lookup(tables: &str, key: &str) -> Result<Option<String>, TableError> {
    host::tables::lookup(tables, key)
}

/// access(5) HOST NAME PATTERNS: the name, then its parents.
pub fn find_domain(tables: &str, name: &str) -> Result<Option<Found>, TableError> {
    host::tables::find_domain(tables, name)
}

/// access(5) ADDRESS PATTERNS: the address, then shorter prefixes.
pub fn find_address(tables: &str, address: &str) -> Result<Option<Found>, TableError> {
    host::tables::find_address(tables, address)
}

/// access(5) EMAIL ADDRESS PATTERNS: user+ext@domain, user@domain, domain, its parents, user@.
pub fn find_mailbox(tables: &str, address: &str) -> Result<Option<Found>, TableError> {
    host::tables::find_mailbox(tables, address)
}

/// canonical(5) order: user+ext@domain, user@domain, user+ext, user (own domains), @domain.
pub fn find_alias(tables: &str, address: &str) -> Result<Option<Found>, TableError> {
    host::tables::find_alias(tables, address)
}

/// A domain against a domain list such as relay_domains.
pub fn match_domain(parameter: &str, name: &str) -> Result<bool, TableError> {
    host::tables::match_domain(parameter, name)
}

/// A host against an address list such as mynetworks; `name` may be empty.
pub fn match_host(parameter: &str, name: &str, address: &str) -> Result<bool, TableError> {
    host::tables::match_host(parameter, name, address)
}
