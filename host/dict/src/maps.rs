//! A search list of tables, such as `hash:/etc/aliases, wasm:people`: the first that knows the key answers.

use std::sync::Arc;

use config::tokens;
use hook::{Lookup, Table, TableError, TableKind};

use crate::{
    DictError, fold,
    open::{Opener, Options},
};

/// Which tables may be asked for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A whole name or address: all.
    Full,
    /// A part of one: only those with fixed keys.
    Partial,
}

/// The tables of one parameter, in order.
pub struct Maps {
    title: String,
    tables: Vec<Arc<dyn Table>>,
    utf8: bool,
}

impl Maps {
    /// Opens the tables of a value such as `hash:/a, proxy:regexp:/b`. `title` is named in errors: the parameter.
    pub fn open(title: &str, tables: &str, options: Options, opener: &mut Opener) -> Result<Self, DictError> {
        let opened = tokens::split(tables, tokens::COMMA_SPACE)
            .into_iter()
            .map(|word| opener.open(word, options))
            .collect::<Result<_, _>>();
        let tables = opened.map_err(|error| if title.is_empty() { error } else { error.in_parameter(title) })?;
        Ok(Self { title: title.to_string(), tables, utf8: opener.environment().utf8 })
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    pub fn tables(&self) -> &[Arc<dyn Table>] {
        &self.tables
    }

    /// The value of a key. An error ends the search; so does an empty value, which is one.
    pub fn find<'a>(&'a self, key: &'a str, scope: Scope) -> Lookup<'a, Option<String>> {
        match self.find_now(key, scope) {
            Some(answer) => Lookup::Now(answer),
            None => Lookup::Later(Box::pin(self.find_waiting(key, scope))),
        }
    }

    /// The answer, unless a table has to wait.
    pub(crate) fn find_now(&self, key: &str, scope: Scope) -> Option<Result<Option<String>, TableError>> {
        if key.is_empty() {
            return Some(Ok(None));
        }
        let folded = fold(key, self.utf8);
        for table in self.asked(scope) {
            let key = if table.folds_case() { &*folded } else { key };
            match table.lookup(key) {
                Lookup::Now(Ok(None)) => {}
                Lookup::Now(answer) => return Some(self.checked(&**table, key, answer)),
                Lookup::Later(_) => return None,
            }
        }
        Some(Ok(None))
    }

    /// Asks all again from the first: a future that was not polled has done nothing.
    pub(crate) async fn find_waiting(&self, key: &str, scope: Scope) -> Result<Option<String>, TableError> {
        if key.is_empty() {
            return Ok(None);
        }
        let folded = fold(key, self.utf8).into_owned();
        for table in self.asked(scope) {
            let key = if table.folds_case() { &*folded } else { key };
            match table.lookup(key).wait().await {
                Ok(None) => {}
                answer => return self.checked(&**table, key, answer),
            }
        }
        Ok(None)
    }

    fn asked(&self, scope: Scope) -> impl Iterator<Item = &Arc<dyn Table>> {
        self.tables.iter().filter(move |table| scope == Scope::Full || table.kind() == TableKind::Keys)
    }

    fn checked(
        &self,
        table: &dyn Table,
        key: &str,
        answer: Result<Option<String>, TableError>,
    ) -> Result<Option<String>, TableError> {
        match answer {
            Ok(Some(value)) if value.is_empty() => Err(TableError::Configuration(format!(
                "{} lookup of {key} returns an empty string result",
                if self.title.is_empty() { table.title() } else { &self.title }
            ))),
            Ok(value) => Ok(value),
            Err(error) => {
                let key: String = key.chars().take(100).collect();
                let text = format!("{} lookup error for \"{key}\"", table.title());
                Err(match error {
                    TableError::Temporary(_) => TableError::Temporary(text),
                    TableError::Configuration(_) => TableError::Configuration(text),
                })
            }
        }
    }
}
