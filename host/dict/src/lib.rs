//! Lookup tables: DATABASE_README, postmap(1), aliases(5), access(5), virtual(5), canonical(5), transport(5),
//! regexp_table(5), pcre_table(5), cidr_table(5), mysql_table(5), pgsql_table(5), sqlite_table(5), ldap_table(5),
//! memcache_table(5), tcp_table(5), socketmap_table(5), and the match lists of postconf(5) such as mynetworks.
//!
//! What comes in: `type:name` texts from main.cf, the text files they name, and keys.
//! What goes out: [`open::Opener`] opens one table, [`Maps`] is a search list of several, [`MatchList`] a domain, host or
//! string list, and [`Tables`] is all of them for one configuration generation, behind [`hook::Tables`].
//!
//! hash, btree and dbm tables are read from the text beside which Postfix keeps its `.db` file; every table file is read
//! again when it changes, and lookups go on with the old content until the new one is complete. Answers from memory are
//! given at once, without a future; `wasm:` and the tables behind servers make a caller wait, sqlite on a thread of its own.
//! Servers are asked over connections that are kept, within time limits; one that fails is a warning and a failed lookup.
//!
//! What it must never do: log about a lookup (errors carry the text; the caller decides), give a partial key to a pattern
//! table, take an error for "not found", or run unsafe code outside `posix_regex`.
#![deny(unsafe_code)]

mod aliases;
mod candidates;
mod cdb;
mod cidr;
mod client_parameters;
mod combined;
mod content_checks;
mod endpoint;
mod error;
mod fold;
mod inline;
mod keyed;
mod ldap;
mod lmdb;
mod logical_line;
mod maps;
mod match_list;
mod memcache;
mod mysql;
mod network;
pub mod open;
mod own_domains;
pub mod parameters;
mod pattern;
mod pcre;
mod pgsql;
mod posix_regex;
mod postmap;
mod regexp;
mod replacement;
mod search_order;
mod selected;
mod servers;
mod socketmap;
mod source;
mod sql;
mod sqlite;
mod tables;
mod tcp;
mod template;
mod unix;

#[cfg(test)]
mod test_environment;

pub use content_checks::{CheckAnswer, CheckList, CheckTrouble};
pub use error::DictError;
pub use fold::fold;
pub use keyed::Format;
pub use maps::{Maps, Scope};
pub use match_list::{ListStyle, MatchList};
pub use open::{Environment, Opener, Options, PluginTables, Warn};
pub use own_domains::{LocalDomains, OwnAddresses};
pub use postmap::{Duplicates, PostmapError, Writing, delete, query, query_line, sequence, write};
pub use search_order::Search;
pub use tables::Tables;
