//! What mysql:, pgsql: and sqlite: have in common: the query template, and keys that stay what they are in it.
//!
//! Quotes are doubled within quotes, whichever quotes the administrator wrote around a hole, and backslashes where the
//! server reads them as escapes. Where a hole stands outside of quotes only letters, digits and `_` may fill it: nothing
//! could be quoted there, so that a key with anything else is a failed lookup and never a query.

use std::sync::Arc;

use hook::{Lookup, Table, TableError, TableKind};

use crate::{
    DictError,
    client_parameters::ClientParameters,
    open::{Environment, Opener},
    selected::{Selected, later},
    servers::{Client, Servers},
    template::{Part, Template},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Mysql,
    Pgsql,
    Sqlite,
}

/// Rows of columns; None is NULL.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// Query, filters and result format of a table.
pub(crate) struct SqlQuery {
    title: String,
    template: Template,
    /// Where each part of the template stands, for those that are holes.
    quotes: Vec<Quotes>,
    pub selected: Selected,
}

/// Around a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    /// No quotes, or something that was not understood.
    None,
    /// The quote character, and whether a backslash escapes what follows.
    Within { quote: char, escapes: bool },
}

impl SqlQuery {
    pub fn read(
        title: &str,
        dialect: Dialect,
        parameters: &ClientParameters,
        opener: &mut Opener,
    ) -> Result<Self, DictError> {
        let text = match parameters.given("query").filter(|query| !query.is_empty()) {
            Some(query) => query,
            None => old_query(parameters, dialect)?,
        };
        let template = Template::parse(title, "query", &text)?;
        let result_format = parameters.text("result_format", "%s");
        let selected = Selected::read(title, parameters, &result_format, &[&template], opener)?;
        let quotes = quotes(&template, dialect);
        Ok(Self { title: title.to_string(), template, quotes, selected })
    }

    /// The query for a key.
    pub fn text(&self, key: &str) -> Result<String, TableError> {
        let mut open = false;
        let text = self.template.query(key, |part, text, out| match self.quotes[part] {
            Quotes::None => {
                open |= text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                out.push_str(text);
            }
            Quotes::Within { quote, escapes } => text.chars().for_each(|c| {
                if c == quote || (escapes && c == '\\') {
                    out.push(c);
                }
                out.push(c);
            }),
        });
        match open {
            true => Err(TableError::Configuration(format!(
                "{}: the query needs quotes around what stands for the key \"{key}\"",
                self.title
            ))),
            false => Ok(text),
        }
    }

    /// The value that the rows make.
    pub fn value(&self, rows: &Rows, key: &str, environment: &Environment) -> Result<Option<String>, TableError> {
        let values = rows.iter().flatten().map(Option::as_deref);
        self.selected.joined(values, key, &*environment.warn)
    }
}

/// select_function, or select_field, table, where_field and additional_conditions.
fn old_query(parameters: &ClientParameters, dialect: Dialect) -> Result<String, DictError> {
    if dialect == Dialect::Pgsql
        && let Some(function) = parameters.given("select_function").filter(|name| !name.is_empty())
    {
        return Ok(format!("SELECT {function}('%s')"));
    }
    let table = parameters.required("table")?;
    let (select_field, where_field) = (parameters.required("select_field")?, parameters.required("where_field")?);
    let conditions = parameters.text("additional_conditions", "");
    Ok(format!("SELECT {select_field} FROM {table} WHERE {where_field}='%s' {conditions}"))
}

/// Reads the template as the server will, as far as quotes go.
fn quotes(template: &Template, dialect: Dialect) -> Vec<Quotes> {
    let mut state = Quotes::None;
    // Behind a comment or a dollar quote nothing is certain any more.
    let mut lost = false;
    let mut quotes = Vec::new();
    for part in &template.parts {
        quotes.push(if lost { Quotes::None } else { state });
        let Part::Text(text) = part else { continue };
        let mut rest = text.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            match state {
                Quotes::Within { escapes: true, .. } if c == '\\' => {
                    rest.next();
                }
                Quotes::Within { quote, .. } if c == quote => {
                    if rest.next_if(|(_, next)| *next == quote).is_none() {
                        state = Quotes::None;
                    }
                }
                Quotes::Within { .. } => {}
                Quotes::None => {
                    let next = rest.peek().map(|(_, next)| *next);
                    lost |= match (c, next) {
                        ('-', Some('-')) | ('/', Some('*')) => true,
                        ('#', _) => dialect == Dialect::Mysql,
                        ('$', _) => dialect == Dialect::Pgsql,
                        ('[', _) => dialect == Dialect::Sqlite,
                        _ => false,
                    };
                    if c == '\'' || c == '"' || (c == '`' && dialect != Dialect::Pgsql) {
                        let escapes = match dialect {
                            Dialect::Mysql => c != '`',
                            Dialect::Pgsql => c == '\'' && is_escape_string(&text[..at]),
                            Dialect::Sqlite => false,
                        };
                        state = Quotes::Within { quote: c, escapes };
                    }
                }
            }
        }
    }
    quotes
}

/// PostgreSQL's `E'...'`: the text before the quote ends with the word E.
fn is_escape_string(before: &str) -> bool {
    let word = before.chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    word.eq_ignore_ascii_case("e")
}

/// A table behind a server that speaks SQL.
pub(crate) struct SqlTable<C: Client<Question = str, Answer = Rows>> {
    title: String,
    query: SqlQuery,
    servers: Arc<Servers<C>>,
    environment: Environment,
}

impl<C: Client<Question = str, Answer = Rows>> SqlTable<C> {
    pub fn new(title: &str, query: SqlQuery, servers: Arc<Servers<C>>, environment: &Environment) -> Self {
        Self { title: title.to_string(), query, servers, environment: environment.clone() }
    }

    async fn find(&self, key: &str) -> Result<Option<String>, TableError> {
        if !self.query.selected.asks_for(key).await? {
            return Ok(None);
        }
        let rows = self.servers.ask(&self.query.text(key)?).await?;
        self.query.value(&rows, key, &self.environment)
    }
}

impl<C: Client<Question = str, Answer = Rows>> Table for SqlTable<C> {
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
mod tests;
