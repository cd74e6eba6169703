//! Lookup tables: DATABASE_README. `host/dict` implements the native types, the plugin host `wasm:NAME`.

use std::sync::Arc;

use crate::BoxFuture;

/// Neither a value nor "not found".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableError {
    /// Try later (DICT_ERR_RETRY). Text for the log.
    Temporary(String),
    /// The table cannot be used (DICT_ERR_CONFIG). Text for the log.
    Configuration(String),
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TableError::Temporary(text) | TableError::Configuration(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for TableError {}

/// How the host searches a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Exact keys: partial keys are asked for in Postfix's order (DICT_FLAG_FIXED).
    Keys,
    /// regexp, pcre, cidr: asked once with the full key (DICT_FLAG_PATTERN).
    Patterns,
}

/// A lookup that is either answered from memory or has to wait. Most are answered at once, without a heap allocation.
pub enum Lookup<'a, T> {
    Now(Result<T, TableError>),
    Later(BoxFuture<'a, Result<T, TableError>>),
}

impl<T> Lookup<'_, T> {
    /// The answer.
    pub async fn wait(self) -> Result<T, TableError> {
        match self {
            Lookup::Now(answer) => answer,
            Lookup::Later(answer) => answer.await,
        }
    }
}

/// One open `type:name`.
pub trait Table: Send + Sync {
    /// `type:name` as in main.cf.
    fn title(&self) -> &str;
    fn kind(&self) -> TableKind;
    /// One key. The caller folds case as the table's users do (`folds_case`).
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>>;
    /// A line of a message, which need not be text. Tables of text get a replacement character where a byte is none.
    fn lookup_line<'a>(&'a self, line: &'a [u8]) -> Lookup<'a, Option<String>> {
        match std::str::from_utf8(line) {
            Ok(text) => self.lookup(text),
            Err(_) => Lookup::Later(Box::pin(async move { self.lookup(&String::from_utf8_lossy(line)).wait().await })),
        }
    }
    /// True for tables whose keys are folded to lower case before the lookup (all fixed-key types).
    fn folds_case(&self) -> bool {
        self.kind() == TableKind::Keys
    }
    /// Every key and value, for `postmap -s` and `virtual_alias_domains` checks; None where the type cannot list.
    fn entries(&self) -> Option<Vec<(String, String)>> {
        None
    }
}

/// What was found, and under which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub key: String,
    pub value: String,
}

/// In what order partial keys are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchOrder {
    /// One exact key (postmap -q).
    Exact,
    /// access(5) HOST NAME: the name, then its parents, `.parent` forms by parent_domain_matches_subdomains.
    Domain,
    /// access(5) ADDRESS: the address, then shorter prefixes at `.` or `:`.
    Address,
    /// access(5) EMAIL: user+ext@domain, user@domain, domain, parents, user@; null sender as smtpd_null_access_lookup_key.
    Mailbox,
    /// canonical(5), virtual(5): user+ext@domain, user@domain, user+ext, user (own domains), @domain.
    Alias,
    /// transport(5): user+ext@domain, user@domain, domain, .parents, *.
    Transport,
}

/// Tables and match lists with Postfix's search rules, as restrictions and the rest of the host use them.
/// A set of `tables` is one or more `type:name` as in main.cf, opened before.
pub trait Tables: Send + Sync {
    /// Opens them; at start and reload only. Text for the log.
    fn open(&self, tables: &str) -> Result<(), String>;
    fn find<'a>(&'a self, order: SearchOrder, tables: &'a str, key: &'a str) -> Lookup<'a, Option<Found>>;
    /// The tables one by one, open, for who asks them line by line. Text for the log.
    fn open_each(&self, tables: &str) -> Result<Vec<Arc<dyn Table>>, String> {
        Err(format!("{tables}: lines cannot be looked up here"))
    }
    /// A domain against a domain-list parameter such as relay_domains.
    fn match_domain<'a>(&'a self, parameter: &'a str, name: &'a str) -> Lookup<'a, bool>;
    /// A host against an address-list parameter such as mynetworks; `inet_interfaces` and `proxy_interfaces` match this
    /// host's own addresses. `name` may be empty.
    fn match_host<'a>(&'a self, parameter: &'a str, name: &'a str, address: &'a str) -> Lookup<'a, bool>;
}
