//! Tables whose content stands in main.cf itself: static, inline, fail; and environ.

use config::tokens;
use hook::{Lookup, Table, TableError, TableKind};
use indexmap::IndexMap;

use crate::{DictError, fold};

/// `static:value`: every key has the value.
pub(crate) struct StaticTable {
    title: String,
    value: String,
}

impl StaticTable {
    pub fn open(title: &str, name: &str) -> Result<Self, DictError> {
        let value = tokens::strip_braces(name)
            .map_err(|reason| DictError::ConfigSyntax(format!("bad static:name syntax: {reason}")))?;
        Ok(Self { title: title.to_string(), value: value.to_string() })
    }
}

impl Table for StaticTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, _key: &'a str) -> Lookup<'a, Option<String>> {
        Lookup::Now(Ok(Some(self.value.clone())))
    }
}

/// `fail:name`: every lookup fails.
pub(crate) struct FailTable {
    pub title: String,
}

impl Table for FailTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Patterns
    }
    fn lookup<'a>(&'a self, _key: &'a str) -> Lookup<'a, Option<String>> {
        Lookup::Now(Err(TableError::Temporary("Application error".to_string())))
    }
}

/// `inline:{name=value, {name = a value}}`.
pub(crate) struct InlineTable {
    title: String,
    entries: IndexMap<String, String>,
}

impl InlineTable {
    pub fn open(title: &str, name: &str, utf8: bool) -> Result<Self, DictError> {
        let bad = |reason: &str| {
            DictError::ConfigSyntax(format!("{reason}: \"inline:{name}\"; need \"inline:{{name=value...}}\""))
        };
        let inner = in_braces(name).ok_or_else(|| bad("bad syntax"))?;
        let mut entries = IndexMap::new();
        for word in tokens::split(inner, tokens::COMMA_SPACE) {
            let word = tokens::strip_braces(word).map_err(|reason| bad(&reason))?;
            // Postfix does not repeat the word here.
            let (key, value) = tokens::name_value(word)
                .map_err(|reason| bad(reason.split_once(": ").map_or(&*reason, |(what, _)| what)))?;
            entries.insert(fold(key, utf8).into_owned(), value.to_string());
        }
        if entries.is_empty() {
            return Err(bad("bad syntax"));
        }
        Ok(Self { title: title.to_string(), entries })
    }
}

/// The inside of a text that is one pair of braces.
pub(crate) fn in_braces(text: &str) -> Option<&str> {
    if !text.starts_with('{') {
        return None;
    }
    tokens::strip_braces(text).ok()
}

impl Table for InlineTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        Lookup::Now(Ok(self.entries.get(key).cloned()))
    }
    fn entries(&self) -> Option<Vec<(String, String)>> {
        Some(self.entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

/// `environ:name`: the environment of the process; the name means nothing.
pub(crate) struct EnvironTable {
    pub title: String,
}

impl Table for EnvironTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        // A variable cannot have such a name; asking the system for it would be an error of ours.
        let possible = !key.is_empty() && !key.contains(['=', '\0']);
        Lookup::Now(Ok(possible.then(|| std::env::var(key).ok()).flatten()))
    }
    fn entries(&self) -> Option<Vec<(String, String)>> {
        Some(std::env::vars().collect())
    }
}

/// `nis:` on a host without a NIS domain: nothing is found, as with Postfix there.
pub(crate) struct NoNisTable {
    pub title: String,
}

impl Table for NoNisTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, _key: &'a str) -> Lookup<'a, Option<String>> {
        Lookup::Now(Ok(None))
    }
}
