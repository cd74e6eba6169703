//! The parameters of database clients: what may stand in a table's own file, as in `ldap:/etc/postfix/ldap.cf`, or in main.cf
//! as `NAME_parameter` for a table `ldap:NAME`.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::main_cf;
use crate::place::Warning;
use crate::tokens;

const LDAP: &[&str] = &[
    "bind",
    "bind_dn",
    "bind_pw",
    "cache",
    "cache_expiry",
    "cache_size",
    "chase_referrals",
    "debuglevel",
    "dereference",
    "domain",
    "expansion_limit",
    "leaf_result_attribute",
    "query_filter",
    "recursion_limit",
    "result_attribute",
    "result_filter",
    "result_format",
    "sasl_authz_id",
    "sasl_mechs",
    "sasl_minssf",
    "sasl_realm",
    "scope",
    "search_base",
    "server_host",
    "server_port",
    "size_limit",
    "special_result_attribute",
    "start_tls",
    "terminal_result_attribute",
    "timeout",
    "tls_ca_cert_dir",
    "tls_ca_cert_file",
    "tls_cert",
    "tls_cipher_suite",
    "tls_key",
    "tls_random_file",
    "tls_require_cert",
    "version",
];

const MYSQL: &[&str] = &[
    "additional_conditions",
    "dbname",
    "domain",
    "expansion_limit",
    "hosts",
    "option_file",
    "option_group",
    "password",
    "query",
    "require_result_set",
    "result_format",
    "select_field",
    "table",
    "tls_CAfile",
    "tls_CApath",
    "tls_cert_file",
    "tls_ciphers",
    "tls_key_file",
    "tls_verify_cert",
    "user",
    "where_field",
];

const PGSQL: &[&str] = &[
    "additional_conditions",
    "dbname",
    "domain",
    "expansion_limit",
    "hosts",
    "password",
    "query",
    "result_format",
    "select_field",
    "select_function",
    "table",
    "user",
    "where_field",
];

const SQLITE: &[&str] = &[
    "additional_conditions",
    "dbpath",
    "domain",
    "expansion_limit",
    "query",
    "result_format",
    "select_field",
    "table",
    "where_field",
];

const MEMCACHE: &[&str] = &[
    "backup",
    "data_size_limit",
    "domain",
    "flags",
    "key_format",
    "line_size_limit",
    "max_try",
    "memcache",
    "retry_pause",
    "timeout",
    "ttl",
];

/// The parameter names of a table type; `None` for types that have no parameters.
pub fn parameter_names(table_type: &str) -> Option<&'static [&'static str]> {
    match table_type {
        "ldap" => Some(LDAP),
        "mysql" => Some(MYSQL),
        "pgsql" => Some(PGSQL),
        "sqlite" => Some(SQLITE),
        "memcache" => Some(MEMCACHE),
        _ => None,
    }
}

/// The database tables a value names, as type and name; those inside braces and behind `proxy:` too.
pub fn tables(value: &str) -> impl Iterator<Item = (&str, &str)> {
    let separator = |c: char| tokens::COMMA_SPACE.contains(&c) || c == '{' || c == '}';
    value.split(separator).filter_map(|mut word| {
        while let Some(rest) = word.strip_prefix("proxy:") {
            word = rest;
        }
        word.split_once(':').filter(|(table_type, _)| parameter_names(table_type).is_some())
    })
}

/// The settings of a table's own file, such as `/etc/postfix/ldap.cf`: `name = value` lines with `$name` left as it is.
///
/// # Errors
/// The first line that is no setting, with its place.
pub fn parse(file: &Path, text: &str) -> Result<(IndexMap<String, String>, Vec<Warning>), String> {
    let (mut warnings, mut errors) = (Vec::new(), Vec::new());
    let settings = main_cf::parse(&Arc::from(file), text, &mut warnings, &mut errors);
    match errors.into_iter().next() {
        Some(error) => Err(error.to_string()),
        None => Ok((settings.into_iter().map(|(name, setting)| (name, setting.value)).collect(), warnings)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_in_all_places() {
        let found: Vec<_> = tables("hash:/x {ldap:a} pipemap:{mysql:/b.cf,ldap:c}, proxy:pgsql:d plain").collect();
        assert_eq!(found, [("ldap", "a"), ("mysql", "/b.cf"), ("ldap", "c"), ("pgsql", "d")]);
    }

    #[test]
    fn a_file_of_settings() {
        let (settings, _) =
            parse(Path::new("/x.cf"), "# c\nquery = SELECT a\n  FROM b\nhosts=$h\n").expect("good lines");
        assert_eq!(settings["query"], "SELECT a  FROM b");
        assert_eq!(settings["hosts"], "$h");
        let error = parse(Path::new("/x.cf"), "hosts = a\nquery\n").expect_err("no setting");
        assert_eq!(error, "/x.cf, line 2: missing '=' after attribute name: \"query\"");
    }
}
