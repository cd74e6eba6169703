//! `mysql:FILE.cf`: a MySQL or MariaDB database, mysql_table(5).

use std::{sync::Arc, time::Duration};

use hook::{BoxFuture, Table};
use mysql_async::{Conn, Error, OptsBuilder, Value, prelude::Queryable};

use crate::{
    DictError,
    client_parameters::ClientParameters,
    endpoint::host_port,
    open::Opener,
    servers::{Client, Order, Servers, Trouble},
    sql::{Dialect, Rows, SqlQuery, SqlTable},
};

/// To connect, and to answer a query.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// Where Debian's servers listen; `localhost` means this socket, as in MySQL's own library.
const LOCAL_SOCKET: &str = "/run/mysqld/mysqld.sock";

pub(crate) fn open(
    title: &str,
    parameters: &ClientParameters,
    opener: &mut Opener,
) -> Result<Arc<dyn Table>, DictError> {
    let (user, password) = (parameters.text("user", ""), parameters.text("password", ""));
    let dbname = parameters.required("dbname")?;
    let require_result_set = parameters.boolean("require_result_set", true)?;
    let query = SqlQuery::read(title, Dialect::Mysql, parameters, opener)?;
    let environment = opener.environment().clone();
    let tls = ["tls_cert_file", "tls_key_file", "tls_CAfile", "tls_CApath", "tls_ciphers", "tls_verify_cert"];
    parameters.warn_of(
        &tls,
        "connections to MySQL are not encrypted; use a local socket or a tunnel",
        &environment.warn,
    );
    parameters.warn_of(&["option_file"], "MySQL's option files are not read", &environment.warn);
    let mut hosts = parameters.list("hosts", "");
    if hosts.is_empty() {
        hosts.push("localhost".to_string());
    }
    let (mut servers, mut options) = (Vec::new(), Vec::new());
    for host in &hosts {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_string());
        let builder = OptsBuilder::default()
            .user(text(&user))
            .pass(text(&password))
            .db_name(text(&dbname))
            .prefer_socket(false)
            .stmt_cache_size(0);
        let bare = host.strip_prefix("inet:").unwrap_or(host);
        let socket = host.strip_prefix("unix:").or_else(|| (bare == "localhost").then_some(LOCAL_SOCKET));
        let builder = match socket {
            Some(socket) => builder.socket(Some(socket)),
            None => {
                let (name, port) = host_port(bare, 3306).map_err(|reason| parameters.error(&reason, "hosts", host))?;
                builder.ip_or_hostname(name).tcp_port(port)
            }
        };
        servers.push((format!("connect to mysql server {host}"), socket.is_some()));
        options.push(mysql_async::Opts::from(builder));
    }
    let client = Mysql { options, require_result_set };
    let servers = Servers::new(client, servers, Order::Random, TIME_LIMIT, &environment);
    Ok(Arc::new(SqlTable::new(title, query, servers, &environment)))
}

struct Mysql {
    options: Vec<mysql_async::Opts>,
    require_result_set: bool,
}

impl Client for Mysql {
    type Connection = Conn;
    type Question = str;
    type Answer = Rows;

    fn connect(&self, server: usize) -> BoxFuture<'_, Result<Conn, String>> {
        Box::pin(async move {
            let connected = Conn::new(self.options[server].clone()).await;
            connected.map_err(told)
        })
    }

    fn ask<'a>(&'a self, connection: &'a mut Conn, query: &'a str) -> BoxFuture<'a, Result<Rows, Trouble>> {
        Box::pin(async move {
            let mut result = connection.query_iter(query).await.map_err(trouble)?;
            if self.require_result_set && result.columns_ref().is_empty() {
                return Err(Trouble::Query("mysql query failed: query did not return a result set".to_string()));
            }
            let rows: Vec<mysql_async::Row> = result.collect().await.map_err(trouble)?;
            // What follows the first set is a procedure's own status.
            result.drop_result().await.map_err(trouble)?;
            Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect())
        })
    }
}

/// A value of the text protocol.
fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true).trim_matches('\'').to_string()),
    }
}

fn trouble(error: Error) -> Trouble {
    match error {
        // ER_SERVER_SHUTDOWN, ER_CONNECTION_KILLED, ER_CON_COUNT_ERROR: nothing is wrong with the query.
        Error::Server(refused) if ![1053, 1927, 1040].contains(&refused.code) => {
            Trouble::Query(format!("mysql query failed: {}", refused.message))
        }
        other => Trouble::Server(told(other)),
    }
}

fn told(error: Error) -> String {
    match error {
        Error::Server(refused) => refused.message,
        Error::Io(mysql_async::IoError::Io(error)) => crate::error::reason(&error),
        other => other.to_string(),
    }
}
