//! Tables made of others: pipemap, unionmap, and randmap, which picks a value.

use std::sync::Arc;

use config::tokens;
use hook::{BoxFuture, Lookup, Randomness, Table, TableError, TableKind};

use crate::{DictError, fold, inline::in_braces};

/// The words of `{word, word}`.
fn members<'n>(kind: &str, what: &str, name: &'n str) -> Result<Vec<&'n str>, DictError> {
    let bad = || DictError::ConfigSyntax(format!("bad syntax: \"{kind}:{name}\"; need \"{kind}:{{{what}...}}\""));
    let words = tokens::split(in_braces(name).ok_or_else(bad)?, tokens::COMMA_SPACE);
    if words.is_empty() || (what == "type:name" && words.iter().any(|word| !word.contains(':'))) {
        return Err(bad());
    }
    Ok(words)
}

/// How the members' answers become one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The value of one is the key of the next.
    Pipe,
    /// All values, joined by commas.
    Union,
}

/// `pipemap:{type:name, ...}` or `unionmap:{type:name, ...}`.
pub(crate) struct CombinedTable {
    title: String,
    mode: Mode,
    tables: Vec<Arc<dyn Table>>,
    utf8: bool,
}

type Opened<'a> = &'a mut dyn FnMut(&str) -> Result<Arc<dyn Table>, DictError>;

impl CombinedTable {
    pub fn pipemap(title: &str, name: &str, utf8: bool, open: Opened<'_>) -> Result<Self, DictError> {
        Self::open(title, "pipemap", name, Mode::Pipe, utf8, open)
    }

    pub fn unionmap(title: &str, name: &str, utf8: bool, open: Opened<'_>) -> Result<Self, DictError> {
        Self::open(title, "unionmap", name, Mode::Union, utf8, open)
    }

    fn open(title: &str, kind: &str, name: &str, mode: Mode, utf8: bool, open: Opened<'_>) -> Result<Self, DictError> {
        let words = members(kind, "type:name", name)?;
        let tables = words.into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { title: title.to_string(), mode, tables, utf8 })
    }

    /// The answer, unless a member has to wait.
    fn find_now(&self, key: &str) -> Option<Result<Option<String>, TableError>> {
        let mut so_far = Progress::new(self.mode, key);
        for table in &self.tables {
            let asked = ask(&**table, &so_far.key, self.utf8).into_owned();
            let answer = match table.lookup(&asked) {
                Lookup::Now(answer) => answer,
                Lookup::Later(_) => return None,
            };
            match answer {
                Ok(value) => {
                    if !so_far.take(value) {
                        return Some(Ok(None));
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(so_far.value()))
    }

    async fn find(&self, key: &str) -> Result<Option<String>, TableError> {
        let mut so_far = Progress::new(self.mode, key);
        for table in &self.tables {
            let asked = ask(&**table, &so_far.key, self.utf8).into_owned();
            if !so_far.take(table.lookup(&asked).wait().await?) {
                return Ok(None);
            }
        }
        Ok(so_far.value())
    }
}

/// The key as the table wants it.
fn ask<'k>(table: &dyn Table, key: &'k str, utf8: bool) -> std::borrow::Cow<'k, str> {
    if table.folds_case() { fold(key, utf8) } else { std::borrow::Cow::Borrowed(key) }
}

struct Progress {
    mode: Mode,
    key: String,
    values: Vec<String>,
}

impl Progress {
    fn new(mode: Mode, key: &str) -> Self {
        Self { mode, key: key.to_string(), values: Vec::new() }
    }

    /// False when no further member need be asked since nothing is found.
    fn take(&mut self, value: Option<String>) -> bool {
        match (self.mode, value) {
            (Mode::Pipe, Some(value)) => self.key = value,
            (Mode::Pipe, None) => return false,
            (Mode::Union, value) => self.values.extend(value),
        }
        true
    }

    fn value(self) -> Option<String> {
        match self.mode {
            Mode::Pipe => Some(self.key),
            Mode::Union => (!self.values.is_empty()).then(|| self.values.join(",")),
        }
    }
}

impl Table for CombinedTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        match self.tables.iter().all(|table| table.kind() == TableKind::Keys) {
            true => TableKind::Keys,
            false => TableKind::Patterns,
        }
    }
    fn folds_case(&self) -> bool {
        // Each member folds as it needs.
        false
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        match self.find_now(key) {
            Some(answer) => Lookup::Now(answer),
            None => Lookup::Later(Box::pin(self.find(key)) as BoxFuture<'a, _>),
        }
    }
}

/// `randmap:{value, ...}`: any of the values, for every key.
pub(crate) struct RandomTable {
    title: String,
    values: Vec<String>,
    randomness: Arc<dyn Randomness>,
}

impl RandomTable {
    pub fn open(title: &str, name: &str, randomness: Arc<dyn Randomness>) -> Result<Self, DictError> {
        let values = members("randmap", "value", name)?.into_iter().map(str::to_string).collect();
        Ok(Self { title: title.to_string(), values, randomness })
    }
}

impl Table for RandomTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Patterns
    }
    fn lookup<'a>(&'a self, _key: &'a str) -> Lookup<'a, Option<String>> {
        let at = self.randomness.number() % self.values.len() as u64;
        Lookup::Now(Ok(self.values.get(at as usize).cloned()))
    }
}
