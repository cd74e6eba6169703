//! `sqlite:FILE.cf`: a SQLite database, sqlite_table(5). Queries run on a thread that may wait for the disk.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hook::{Lookup, Table, TableError, TableKind};
use rusqlite::{Connection, OpenFlags, types::ValueRef};

use crate::{
    DictError,
    client_parameters::ClientParameters,
    open::{Environment, Opener},
    selected::later,
    sql::{Dialect, Rows, SqlQuery},
};

/// How long a query waits for a writer that has the database locked.
const BUSY_LIMIT: Duration = Duration::from_secs(5);

pub(crate) struct SqliteTable {
    title: String,
    query: SqlQuery,
    database: Arc<Database>,
    environment: Environment,
}

/// A database file, and the connections to it that nobody uses just now.
struct Database {
    path: PathBuf,
    idle: Mutex<Vec<Opened>>,
}

/// A connection to the file that had this device and inode number.
struct Opened {
    connection: Connection,
    file: (u64, u64),
}

impl SqliteTable {
    pub fn open(title: &str, parameters: &ClientParameters, opener: &mut Opener) -> Result<Self, DictError> {
        let path = PathBuf::from(parameters.required("dbpath")?);
        let query = SqlQuery::read(title, Dialect::Sqlite, parameters, opener)?;
        let database = Database { path, idle: Mutex::default() };
        let opened = database.connect().map_err(DictError::ConfigSyntax)?;
        database.keep(opened);
        let environment = opener.environment().clone();
        Ok(Self { title: title.to_string(), query, database: Arc::new(database), environment })
    }

    async fn find(&self, key: &str) -> Result<Option<String>, TableError> {
        if !self.query.selected.asks_for(key).await? {
            return Ok(None);
        }
        let (database, text) = (self.database.clone(), self.query.text(key)?);
        let rows = match tokio::task::spawn_blocking(move || database.rows(&text)).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(reason)) => {
                (self.environment.warn)(&format!("{}: {reason}", self.title));
                return Err(TableError::Temporary(reason));
            }
            Err(_) => return Err(TableError::Temporary("the server is stopping".to_string())),
        };
        self.query.value(&rows, key, &self.environment)
    }
}

impl Table for SqliteTable {
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

impl Database {
    fn connect(&self) -> Result<Opened, String> {
        let failed = |error: &dyn std::fmt::Display| format!("open database {}: {error}", self.path.display());
        let file = identity(&self.path).map_err(|error| failed(&crate::error::reason(&error)))?;
        // Neither made when it is not there, nor changed: a lookup only reads.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(|error| failed(&error))?;
        connection.busy_timeout(BUSY_LIMIT).map_err(|error| failed(&error))?;
        Ok(Opened { connection, file })
    }

    fn rows(&self, query: &str) -> Result<Rows, String> {
        let current = identity(&self.path).map_err(|error| crate::error::reason(&error))?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let opened = match idle.filter(|opened| opened.file == current) {
            Some(opened) => opened,
            // Never opened, or another file has taken the name.
            None => self.connect()?,
        };
        let rows = rows(&opened.connection, query).map_err(|error| format!("SQL error: {error}"));
        self.keep(opened);
        rows
    }

    fn keep(&self, opened: Opened) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(opened);
    }
}

fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let facts = std::fs::metadata(path)?;
    Ok((facts.dev(), facts.ino()))
}

fn rows(connection: &Connection, query: &str) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare(query)?;
    let mut found = statement.query([])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        // Postfix looks at no other column of this type.
        rows.push(vec![text(row.get_ref(0)?)]);
    }
    Ok(rows)
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}
