//! Connections to a directory, and one search.

use std::{sync::Arc, time::Duration};

use hook::BoxFuture;
use ldap3::{
    DerefAliases, Ldap, LdapConnAsync, LdapConnSettings, LdapError, ResultEntry, SearchOptions, SearchResult,
    asn1::StructureTag,
};

use crate::servers::{Client, Trouble};

pub(super) struct LdapClient {
    pub title: String,
    pub urls: Vec<String>,
    pub bind: Bind,
    pub start_tls: bool,
    pub tls: Option<Arc<rustls::ClientConfig>>,
    pub dereference: u64,
    pub timeout: Duration,
}

pub(super) enum Bind {
    None,
    Simple {
        dn: String,
        password: String,
    },
    /// The client's certificate, or its user behind a local socket.
    External,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Base,
    OneLevel,
    Subtree,
}

#[derive(Clone, Debug)]
pub(super) struct Search {
    pub base: String,
    pub scope: Scope,
    pub filter: String,
    pub attributes: Vec<String>,
    /// A search base that does not exist is no error.
    pub base_may_be_missing: bool,
}

/// What the directory said of one entry: attributes in its order, with values that are text.
pub(super) type Entry = Vec<(String, Vec<String>)>;

impl Client for LdapClient {
    type Connection = Ldap;
    type Question = Search;
    type Answer = Vec<Entry>;

    fn connect(&self, server: usize) -> BoxFuture<'_, Result<Ldap, String>> {
        Box::pin(async move {
            let mut settings = LdapConnSettings::new().set_starttls(self.start_tls);
            if let Some(tls) = &self.tls {
                settings = settings.set_config(tls.clone());
            }
            let url = &self.urls[server];
            let (connection, mut ldap) = LdapConnAsync::with_settings(settings, url).await.map_err(told)?;
            // It ends when the last handle is dropped; what goes wrong in it is told by the search that waits for it.
            tokio::spawn(connection.drive());
            let bound = match &self.bind {
                Bind::None => return Ok(ldap),
                Bind::Simple { dn, password } => ldap.simple_bind(dn, password).await,
                Bind::External => ldap.sasl_external_bind().await,
            };
            let refused = |error| {
                let dn = match &self.bind {
                    Bind::Simple { dn, .. } if !dn.is_empty() => dn,
                    _ => "empty or implicit",
                };
                format!("Unable to bind to server {url} with dn {dn}: {}", told(error))
            };
            bound.and_then(|answer| answer.success()).map_err(refused)?;
            Ok(ldap)
        })
    }

    fn ask<'a>(&'a self, ldap: &'a mut Ldap, search: &'a Search) -> BoxFuture<'a, Result<Vec<Entry>, Trouble>> {
        Box::pin(async move {
            let dereference = match self.dereference {
                1 => DerefAliases::Searching,
                2 => DerefAliases::Finding,
                3 => DerefAliases::Always,
                _ => DerefAliases::Never,
            };
            let scope = match search.scope {
                Scope::Base => ldap3::Scope::Base,
                Scope::OneLevel => ldap3::Scope::OneLevel,
                Scope::Subtree => ldap3::Scope::Subtree,
            };
            let seconds = i32::try_from(self.timeout.as_secs()).unwrap_or(i32::MAX);
            ldap.with_search_options(SearchOptions::new().deref(dereference).timelimit(seconds));
            let answer = ldap.search(&search.base, scope, &search.filter, &search.attributes).await;
            let SearchResult(entries, result) = answer.map_err(|error| match error {
                LdapError::FilterParsing => Trouble::Query(format!("Bad search filter: {}", search.filter)),
                other => Trouble::Server(told(other)),
            })?;
            // RFC 4511 appendix A.
            match result.rc {
                0 => {}
                32 if search.base_may_be_missing => return Ok(Vec::new()),
                32 => return Err(Trouble::Query(format!("{}: Search base '{}' not found", self.title, search.base))),
                // busy, unavailable
                51 | 52 => return Err(Trouble::Server(result.to_string())),
                _ => return Err(Trouble::Query(format!("{}: Search error {}", self.title, result))),
            }
            let malformed = || Trouble::Server("malformed search result".to_string());
            entries.into_iter().filter(|entry| !entry.is_ref()).map(|e| entry(e).ok_or_else(malformed)).collect()
        })
    }
}

/// RFC 4511 section 4.5.2. Values that are no text are left out.
fn entry(result: ResultEntry) -> Option<Entry> {
    let mut parts = result.0.match_id(4)?.expect_constructed()?.into_iter();
    let _name = parts.next()?;
    let attributes = parts.next()?.expect_constructed()?;
    let texts = |tag: StructureTag| String::from_utf8(tag.expect_primitive()?).ok();
    attributes
        .into_iter()
        .map(|attribute| {
            let mut parts = attribute.expect_constructed()?.into_iter();
            let name = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
            Some((name, parts.next()?.expect_constructed()?.into_iter().filter_map(texts).collect()))
        })
        .collect()
}

fn told(error: LdapError) -> String {
    match error {
        LdapError::Io { source } => crate::error::reason(&source),
        other => other.to_string(),
    }
}
