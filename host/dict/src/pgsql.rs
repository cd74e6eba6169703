//! `pgsql:FILE.cf`: a PostgreSQL database, pgsql_table(5).

use std::{str::FromStr, sync::Arc, time::Duration};

use hook::{BoxFuture, Table};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

use crate::{
    DictError,
    client_parameters::ClientParameters,
    open::Opener,
    servers::{Client, Order, Servers, Trouble},
    sql::{Dialect, Rows, SqlQuery, SqlTable},
};

/// To connect, and to answer a query.
const TIME_LIMIT: Duration = Duration::from_secs(20);

pub(crate) fn open(
    title: &str,
    parameters: &ClientParameters,
    opener: &mut Opener,
) -> Result<Arc<dyn Table>, DictError> {
    let (user, password) = (parameters.text("user", ""), parameters.text("password", ""));
    let dbname = parameters.required("dbname")?;
    let query = SqlQuery::read(title, Dialect::Pgsql, parameters, opener)?;
    let mut hosts = parameters.list("hosts", "");
    if hosts.is_empty() {
        hosts.push("localhost".to_string());
    }
    let (mut servers, mut configs) = (Vec::new(), Vec::new());
    for host in &hosts {
        let mut config = server(host).map_err(|reason| parameters.error(&reason, "hosts", &without_login(host)))?;
        // In a URI, what it says of itself counts.
        if !host.contains("://") {
            config.dbname(&dbname);
            if !user.is_empty() {
                config.user(&user);
            }
            if !password.is_empty() {
                config.password(&password);
            }
        }
        config.application_name("waxwing");
        let local = matches!(config.get_hosts(), [tokio_postgres::config::Host::Unix(_)]);
        servers.push((format!("connect to pgsql server {}", without_login(host)), local));
        configs.push(config);
    }
    let environment = opener.environment().clone();
    let servers = Servers::new(Pgsql { configs }, servers, Order::Random, TIME_LIMIT, &environment);
    Ok(Arc::new(SqlTable::new(title, query, servers, &environment)))
}

/// A URI may hold a password, which must not get into the log.
fn without_login(host: &str) -> String {
    match host.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, place)| place)),
        None => host.to_string(),
    }
}

/// `postgresql://...`, `unix:/directory`, or a host and perhaps a port.
fn server(host: &str) -> Result<Config, String> {
    if host.starts_with("postgresql://") || host.starts_with("postgres://") {
        return Config::from_str(host).map_err(|error| format!("bad connection URI: {error}: "));
    }
    let mut config = Config::new();
    if let Some(directory) = host.strip_prefix("unix:").or_else(|| host.starts_with('/').then_some(host)) {
        // As libpq: the directory in which the socket .s.PGSQL.5432 lies. Its whole path is understood, too.
        let path = std::path::Path::new(directory);
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match name.strip_prefix(".s.PGSQL.").and_then(|port| port.parse().ok()) {
            Some(port) => config.host_path(path.parent().unwrap_or(path)).port(port),
            None => config.host_path(directory),
        };
        return Ok(config);
    }
    let (name, port) = crate::endpoint::host_port(host.strip_prefix("inet:").unwrap_or(host), 5432)?;
    config.host(name).port(port);
    Ok(config)
}

struct Pgsql {
    configs: Vec<Config>,
}

impl Client for Pgsql {
    type Connection = tokio_postgres::Client;
    type Question = str;
    type Answer = Rows;

    fn connect(&self, server: usize) -> BoxFuture<'_, Result<tokio_postgres::Client, String>> {
        Box::pin(async move {
            let (client, connection) = self.configs[server].connect(NoTls).await.map_err(|error| told(&error))?;
            // Then a backslash would be an escape in every text, which queries are not quoted for.
            if connection.parameter("standard_conforming_strings") == Some("off") {
                return Err("standard_conforming_strings is off for this user; it must be on".to_string());
            }
            // It ends when the client is dropped; what goes wrong in it is told by the query that waits for it.
            tokio::spawn(connection);
            Ok(client)
        })
    }

    fn ask<'a>(
        &'a self,
        client: &'a mut tokio_postgres::Client,
        query: &'a str,
    ) -> BoxFuture<'a, Result<Rows, Trouble>> {
        Box::pin(async move {
            let messages = client.simple_query(query).await.map_err(|error| match error.as_db_error() {
                // Class 57: the server goes down or ends this connection; 53: it has no room.
                Some(refused) if !matches!(refused.code().code().get(..2), Some("57" | "53")) => {
                    Trouble::Query(format!("pgsql query failed: {}", refused.message()))
                }
                _ => Trouble::Server(told(&error)),
            })?;
            let rows = messages.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).map(|at| row.get(at).map(str::to_string)).collect())
                }
                _ => None,
            });
            Ok(rows.collect())
        })
    }
}

/// The error with its cause, which alone says what happened.
fn told(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match (error.as_db_error(), error.source()) {
        (Some(refused), _) => refused.message().to_string(),
        (None, Some(source)) => match source.downcast_ref::<std::io::Error>() {
            Some(error) => crate::error::reason(error),
            None => format!("{error}: {source}"),
        },
        (None, None) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_stays_out_of_the_log() {
        assert_eq!(without_login("postgresql://mail:s@cret@db.test/mail"), "postgresql://db.test/mail");
        assert_eq!(without_login("inet:db.test:99"), "inet:db.test:99");
    }

    #[test]
    fn servers_in_all_forms() {
        let config = server("unix:/run/postgresql/.s.PGSQL.5433").expect("a socket");
        assert_eq!((config.get_hosts(), config.get_ports()), (&[host("/run/postgresql")][..], &[5433][..]));
        let config = server("unix:/run/postgresql").expect("a directory");
        assert_eq!(config.get_hosts(), [host("/run/postgresql")]);
        let config = server("inet:[::1]:99").expect("an address");
        assert_eq!(config.get_ports(), [99]);
        assert!(server("postgresql://db:x/y").is_err() && server("db:x").is_err());
    }

    fn host(path: &str) -> tokio_postgres::config::Host {
        tokio_postgres::config::Host::Unix(path.into())
    }
}
