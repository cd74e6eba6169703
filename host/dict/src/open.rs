//! Opening `type:name`.

use std::{collections::HashMap, path::Path, sync::Arc};

use config::{Config, tokens};
use hook::{Clock, Randomness, Table};

use crate::{
    DictError,
    cdb::CdbTable,
    cidr::CidrTable,
    client_parameters::ClientParameters,
    combined::{CombinedTable, RandomTable},
    inline::{EnvironTable, FailTable, InlineTable, NoNisTable, StaticTable},
    keyed::{Format, KeyedTable},
    ldap::LdapTable,
    lmdb::LmdbTable,
    memcache::MemcacheTable,
    mysql,
    pattern::PatternTable,
    pcre::Pcre,
    pgsql,
    posix_regex::PosixRegex,
    socketmap::SocketmapTable,
    source::{Parse, Source},
    sqlite::SqliteTable,
    tcp::TcpTable,
    unix::UnixTable,
};

/// Takes the text of a warning, without `warning: `. Called when a table is opened or read again, and when a pattern
/// cannot be evaluated.
pub type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// Opens `wasm:NAME[:ARGUMENT]`. The error is the text for the log.
pub type PluginTables = Arc<dyn Fn(&str, &str) -> Result<Arc<dyn Table>, String> + Send + Sync>;

/// What tables need of the world around them.
#[derive(Clone)]
pub struct Environment {
    pub clock: Arc<dyn Clock>,
    pub randomness: Arc<dyn Randomness>,
    pub warn: Warn,
    /// smtputf8_enable: fold beyond ASCII.
    pub utf8: bool,
    /// None where plugins are not loaded, as in postmap.
    pub plugin_tables: Option<PluginTables>,
}

/// The table types there are, sorted; `proxy` stands for the type behind it. Change with [`Opener`].
pub const TABLE_TYPES: &[&str] = &[
    "btree",
    "cdb",
    "cidr",
    "dbm",
    "environ",
    "fail",
    "hash",
    "inline",
    "ldap",
    "lmdb",
    "memcache",
    "mysql",
    "nis",
    "pcre",
    "pgsql",
    "pipemap",
    "proxy",
    "randmap",
    "regexp",
    "socketmap",
    "sqlite",
    "static",
    "tcp",
    "texthash",
    "unionmap",
    "unix",
    "wasm",
];

/// How a table may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// `$1` in regexp and pcre results. Off for alias_maps and whatever else local(8) trusts.
    pub regsub: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { regsub: true }
    }
}

/// Opens tables, each at most once for the same options.
pub struct Opener {
    environment: Environment,
    /// Files in aliases(5) format: those of hash, btree or dbm in alias_maps and alias_database.
    alias_files: Vec<String>,
    /// For tables whose parameters stand in main.cf.
    main_cf: Option<Config>,
    opened: HashMap<Key, Opened>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    title: String,
    options: Options,
    format: Format,
    utf8: bool,
}

#[derive(Clone)]
struct Opened {
    table: Arc<dyn Table>,
    /// The next configuration generation may go on with it: it holds nothing of this one.
    lasting: bool,
}

impl Opener {
    pub fn new(environment: Environment) -> Self {
        Self { environment, alias_files: Vec::new(), main_cf: None, opened: HashMap::new() }
    }

    /// Lets `mysql:NAME` and its like find their parameters `NAME_hosts` and so on.
    #[must_use]
    pub fn with_main_cf(mut self, config: &Config) -> Self {
        self.main_cf = Some(config.clone());
        self
    }

    /// Goes on with the file tables that `previous` has open, so that an unchanged file is not read again.
    #[must_use]
    pub fn after(mut self, previous: &Opener) -> Self {
        let lasting = previous.opened.iter().filter(|(_, opened)| opened.lasting);
        self.opened.extend(lasting.map(|(key, opened)| (key.clone(), opened.clone())));
        self
    }

    /// Notes the files of alias_maps and alias_database; `tables` are such values. Call before opening anything.
    pub fn aliases_in(&mut self, tables: &str) {
        for word in tokens::split(tables, tokens::COMMA_SPACE) {
            let word = word.strip_prefix("proxy:").unwrap_or(word);
            if let Some(("hash" | "btree" | "dbm", name)) = word.split_once(':') {
                self.alias_files.push(name.to_string());
            }
        }
    }

    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Opens one `type:name`, or finds it open.
    pub fn open(&mut self, title: &str, options: Options) -> Result<Arc<dyn Table>, DictError> {
        let (kind, name) = split(title)?;
        let format = if self.alias_files.iter().any(|file| file == name) { Format::Aliases } else { Format::Postmap };
        let key = Key { title: title.to_string(), options, format, utf8: self.environment.utf8 };
        if let Some(opened) = self.opened.get(&key) {
            return Ok(opened.table.clone());
        }
        let table = self.open_type(title, kind, name, options, format)?;
        let lasting =
            matches!(kind, "hash" | "btree" | "dbm" | "texthash" | "lmdb" | "cdb" | "regexp" | "pcre" | "cidr" | "nis");
        self.opened.insert(key, Opened { table: table.clone(), lasting });
        Ok(table)
    }

    fn open_type(
        &mut self,
        title: &str,
        kind: &str,
        name: &str,
        options: Options,
        format: Format,
    ) -> Result<Arc<dyn Table>, DictError> {
        let environment = self.environment.clone();
        let utf8 = environment.utf8;
        Ok(match kind {
            "hash" | "btree" | "dbm" => Arc::new(KeyedTable::open(title, name, format, &environment)?),
            "texthash" => Arc::new(KeyedTable::open(title, name, Format::Postmap, &environment)?),
            "regexp" => Arc::new(PatternTable::<PosixRegex>::open(title, name, options.regsub, &environment)?),
            "pcre" => Arc::new(PatternTable::<Pcre>::open(title, name, options.regsub, &environment)?),
            "cidr" => Arc::new(CidrTable::open(title, name, &environment)?),
            "static" => Arc::new(StaticTable::open(title, name)?),
            "inline" => Arc::new(InlineTable::open(title, name, utf8)?),
            "fail" => Arc::new(FailTable { title: title.to_string() }),
            "environ" => Arc::new(EnvironTable { title: title.to_string() }),
            "unix" => Arc::new(UnixTable::open(title, name)?),
            "randmap" => Arc::new(RandomTable::open(title, name, environment.randomness)?),
            "pipemap" => Arc::new(CombinedTable::pipemap(title, name, utf8, &mut |word| self.open(word, options))?),
            "unionmap" => Arc::new(CombinedTable::unionmap(title, name, utf8, &mut |word| self.open(word, options))?),
            "wasm" => self.open_plugin(title, name)?,
            "nis" if !has_nis_domain() => {
                (environment.warn)("dict_nis_init: NIS domain name not set - NIS lookups disabled");
                Arc::new(NoNisTable { title: title.to_string() })
            }
            "lmdb" => Arc::new(LmdbTable::open(title, name, &environment)?),
            "cdb" => Arc::new(CdbTable::open(title, name, &environment)?),
            "tcp" | "socketmap" | "memcache" if !options.regsub => {
                return Err(DictError::ConfigSyntax(format!("{title} map is not allowed for security sensitive data")));
            }
            "tcp" => Arc::new(TcpTable::open(title, name, &environment)?),
            "socketmap" => Arc::new(SocketmapTable::open(title, name, &environment)?),
            "ldap" | "memcache" | "mysql" | "pgsql" | "sqlite" => {
                let parameters = ClientParameters::read(name, self.main_cf.as_ref(), &environment.warn)?;
                match kind {
                    "ldap" => Arc::new(LdapTable::open(title, &parameters, self)?),
                    "memcache" => Arc::new(MemcacheTable::open(title, &parameters, self)?),
                    "mysql" => mysql::open(title, &parameters, self)?,
                    "pgsql" => pgsql::open(title, &parameters, self)?,
                    _ => Arc::new(SqliteTable::open(title, &parameters, self)?),
                }
            }
            _ => return Err(DictError::unsupported(title, kind)),
        })
    }

    fn open_plugin(&self, title: &str, name: &str) -> Result<Arc<dyn Table>, DictError> {
        let (plugin, argument) = name.split_once(':').unwrap_or((name, ""));
        let Some(open) = &self.environment.plugin_tables else {
            let reason = "plugins are not loaded here".to_string();
            return Err(DictError::PluginTable { title: title.to_string(), reason });
        };
        open(plugin, argument).map_err(|reason| DictError::PluginTable { title: title.to_string(), reason })
    }
}

/// Type and name; `proxy:` means nothing where there is one process.
fn split(title: &str) -> Result<(&str, &str), DictError> {
    let text = title.strip_prefix("proxy:").unwrap_or(title);
    match text.split_once(':') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() => Ok((kind, name)),
        _ => Err(DictError::ConfigNotTypeName(title.to_string())),
    }
}

fn has_nis_domain() -> bool {
    let name = std::fs::read_to_string("/proc/sys/kernel/domainname").unwrap_or_default();
    !matches!(name.trim(), "" | "(none)")
}

/// The content of a regexp, pcre or cidr table: a file, or rules that stand in main.cf.
pub(crate) enum Text<T> {
    File(Arc<Source<T>>),
    Inline(T),
}

impl<T: Send + Sync + 'static> Text<T> {
    pub fn open(kind: &str, name: &str, environment: &Environment, parse: Parse<T>) -> Result<Self, DictError> {
        if name.starts_with('{') {
            let content =
                rules_in_braces(name).map_err(|reason| DictError::ConfigSyntax(format!("{kind} map: {reason}")))?;
            return Ok(Text::Inline(parse(content.as_bytes())));
        }
        let opened = Source::open(Path::new(name), environment, parse);
        opened.map(Text::File).map_err(|error| DictError::StorageOpen { what: "", path: name.into(), error })
    }

    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        match self {
            Text::File(source) => read(&source.current().value),
            Text::Inline(content) => read(content),
        }
    }
}

/// `{ { rule }, { rule } }` as the lines of a file.
fn rules_in_braces(name: &str) -> Result<String, String> {
    let mut content = String::new();
    for word in tokens::split(tokens::strip_braces(name)?, tokens::COMMA_SPACE) {
        if !word.starts_with('{') {
            return Err(format!("no '{{' at start of text in \"{word}\""));
        }
        content.push_str(tokens::strip_braces(word)?);
        content.push('\n');
    }
    Ok(content)
}
