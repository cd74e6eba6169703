//! Why a table or list cannot be opened: always the administrator's to mend.

use std::{io, path::PathBuf};

/// Displays as Postfix's message.
#[derive(Debug, thiserror::Error)]
pub enum DictError {
    #[error("open dictionary: expecting \"type:name\" form instead of \"{0}\"")]
    ConfigNotTypeName(String),
    #[error("unsupported dictionary type: {0}")]
    ConfigUnknownType(String),
    /// A type of Postfix that is not to be had here.
    #[error("{title}: tables of type {kind} are not supported because {reason}")]
    ConfigNotSupported { title: String, kind: String, reason: &'static str },
    /// The name of a table, or an inline specification, is wrong. The text is complete.
    #[error("{0}")]
    ConfigSyntax(String),
    /// The file of a table cannot be read.
    #[error("open {what}{}: {}", path.display(), reason(error))]
    StorageOpen { what: &'static str, path: PathBuf, error: io::Error },
    /// The plugin host would not open `wasm:NAME`.
    #[error("{title}: {reason}")]
    PluginTable { title: String, reason: String },
    /// The same, in a parameter's value.
    #[error("parameter {parameter}: {source}")]
    ConfigParameter { parameter: String, source: Box<DictError> },
}

impl DictError {
    /// The answer to a type that there is not, with the reason where it is Postfix's.
    pub(crate) fn unsupported(title: &str, kind: &str) -> DictError {
        let reason = match kind {
            "nis" | "nisplus" => "no NIS client is built in; use the output of ypcat in a hash: table, or ldap:",
            "netinfo" => "NetInfo has left the world with Mac OS X 10.4",
            "sdbm" => "no SDBM library is built in; use lmdb: or hash: with the same text",
            "internal" => "they serve Postfix's own daemons in memory and cannot hold anything",
            _ => return DictError::ConfigUnknownType(kind.to_string()),
        };
        DictError::ConfigNotSupported { title: title.to_string(), kind: kind.to_string(), reason }
    }

    /// Adds the name of the parameter whose value is to blame.
    pub(crate) fn in_parameter(self, parameter: &str) -> DictError {
        match self {
            named @ DictError::ConfigParameter { .. } => named,
            source => DictError::ConfigParameter { parameter: parameter.to_string(), source: Box::new(source) },
        }
    }
}

/// strerror(3) alone, without Rust's error number.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_string(),
        None => error.to_string(),
    }
}
