//! `ldap:FILE.cf`: a directory, ldap_table(5).

mod client;
mod expansion;
mod tls;

use std::{sync::Arc, time::Duration};

use hook::{Lookup, Table, TableError, TableKind};

use crate::{
    DictError,
    client_parameters::ClientParameters,
    open::{Environment, Opener},
    selected::{Selected, later},
    servers::{Order, Servers},
    template::Template,
};
use client::{Bind, LdapClient, Scope, Search};
use expansion::Attributes;

pub(crate) struct LdapTable {
    title: String,
    selected: Selected,
    search_base: Template,
    query_filter: Template,
    scope: Scope,
    attributes: Attributes,
    recursion_limit: usize,
    servers: Arc<Servers<LdapClient>>,
    environment: Environment,
}

impl LdapTable {
    pub fn open(title: &str, parameters: &ClientParameters, opener: &mut Opener) -> Result<Self, DictError> {
        let environment = opener.environment().clone();
        warn_of_ignored(parameters, &environment);
        let template = |name: &str, default: &str| Template::parse(title, name, &parameters.text(name, default));
        let search_base = template("search_base", "")?;
        let query_filter = template("query_filter", "(mailacceptinggeneralid=%s)")?;
        let old_format = parameters.text("result_filter", "%s");
        let result_format = parameters.text("result_format", &old_format);
        let selected = Selected::read(title, parameters, &result_format, &[&search_base, &query_filter], opener)?;
        let scope = match parameters.text("scope", "sub").as_str() {
            "sub" => Scope::Subtree,
            "one" => Scope::OneLevel,
            "base" => Scope::Base,
            other => {
                (environment.warn)(&format!("{title}: Unrecognized value {other} specified for scope; using sub"));
                Scope::Subtree
            }
        };
        let number = |name: &str, default, least| {
            let number = parameters.number(name, default, least)?;
            Ok::<_, DictError>(usize::try_from(number).unwrap_or(usize::MAX))
        };
        let expansion_limit = parameters.number("expansion_limit", 0, 0)?;
        Ok(Self {
            title: title.to_string(),
            selected,
            search_base,
            query_filter,
            scope,
            attributes: Attributes {
                terminal: parameters.list("terminal_result_attribute", ""),
                leaf: parameters.list("leaf_result_attribute", ""),
                plain: parameters.list("result_attribute", "maildrop"),
                special: parameters.list("special_result_attribute", ""),
                size_limit: number("size_limit", expansion_limit, 0)?,
            },
            recursion_limit: number("recursion_limit", 1000, 1)?,
            servers: servers(title, parameters, &environment)?,
            environment,
        })
    }

    async fn find(&self, key: &str) -> Result<Option<String>, TableError> {
        if !self.selected.asks_for(key).await? {
            return Ok(None);
        }
        let search = Search {
            base: self.search_base.query(key, |_, text, out| out.push_str(&escaped_dn(text))),
            scope: self.scope,
            filter: self.query_filter.query(key, |_, text, out| out.push_str(&ldap3::ldap_escape(text))),
            attributes: self.attributes.names(),
            // Then a base that is not there is a key that is not there.
            base_may_be_missing: self.search_base.has_holes(),
        };
        let values = self.expand(search).await?;
        self.selected.joined(values.iter().map(|value| Some(value.as_str())), key, &*self.environment.warn)
    }
}

/// RFC 4514 section 2.4. Nothing is lost when more than must is escaped.
fn escaped_dn(text: &str) -> String {
    let mut out = String::new();
    for (at, c) in text.char_indices() {
        let edge = (at == 0 && matches!(c, ' ' | '#')) || (at + 1 == text.len() && c == ' ');
        if edge || matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn servers(
    title: &str,
    parameters: &ClientParameters,
    environment: &Environment,
) -> Result<Arc<Servers<LdapClient>>, DictError> {
    let port = parameters.number("server_port", 389, 1)?;
    let mut hosts = parameters.list("server_host", "localhost");
    if hosts.is_empty() {
        hosts.push("localhost".to_string());
    }
    let urls: Vec<String> = hosts
        .iter()
        .map(|host| match (host.contains("://"), host.contains(':')) {
            (true, _) => host.clone(),
            (false, true) => format!("ldap://{host}"),
            (false, false) => format!("ldap://{host}:{port}"),
        })
        .collect();
    let mechanisms = parameters.list("sasl_mechs", "");
    let bind = match parameters.text("bind", "yes").to_ascii_lowercase().as_str() {
        "no" | "none" => Bind::None,
        "yes" | "simple" => {
            Bind::Simple { dn: parameters.text("bind_dn", ""), password: parameters.text("bind_pw", "") }
        }
        "sasl" if mechanisms.iter().any(|name| name.eq_ignore_ascii_case("EXTERNAL")) => Bind::External,
        "sasl" => {
            return Err(parameters.error("of SASL only EXTERNAL is supported: ", "sasl_mechs", &mechanisms.join(" ")));
        }
        other => return Err(parameters.error("bad value: ", "bind", other)),
    };
    let timeout = Duration::from_secs(parameters.number("timeout", 10, 1)?);
    let start_tls = parameters.boolean("start_tls", false)?;
    let encrypted = start_tls || urls.iter().any(|url| url.starts_with("ldaps://"));
    let client = LdapClient {
        title: title.to_string(),
        urls: urls.clone(),
        bind,
        start_tls,
        tls: if encrypted { Some(tls::config(parameters)?) } else { None },
        dereference: parameters.number("dereference", 0, 0)?,
        timeout,
    };
    let names = urls.iter().map(|url| (format!("connect to LDAP server {url}"), false)).collect();
    Ok(Servers::new(client, names, Order::Given, timeout, environment))
}

fn warn_of_ignored(parameters: &ClientParameters, environment: &Environment) {
    let warn = &environment.warn;
    parameters.warn_of(&["cache", "cache_expiry", "cache_size"], "there is no cache", warn);
    parameters.warn_of(&["debuglevel", "tls_random_file", "tls_cipher_suite"], "no OpenLDAP library is used", warn);
    if parameters.given("chase_referrals").is_some_and(|value| value != "0") {
        parameters.warn_of(&["chase_referrals"], "referrals are not followed", warn);
    }
    if parameters.given("version").is_some_and(|value| value != "3") {
        parameters.warn_of(&["version"], "LDAP version 3 is spoken always", warn);
    }
}

impl Table for LdapTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        later(self.find(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_names() {
        assert_eq!(escaped_dn("joe,ou=admin"), "joe\\,ou\\=admin");
        assert_eq!(escaped_dn(" #x "), "\\ #x\\ ");
        assert_eq!(escaped_dn("#x"), "\\#x");
        assert_eq!(escaped_dn("a\\+\"<>;"), "a\\\\\\+\\\"\\<\\>\\;");
    }

    #[test]
    fn keys_in_filters() {
        assert_eq!(ldap3::ldap_escape("*)(uid=*\\"), "\\2a\\29\\28uid=\\2a\\5c", "RFC 4515 section 3");
    }
}
