//! header_checks(5) and its relatives: the tables and plugins of one parameter, asked line by line.
//!
//! A table is looked up here, at the price of a lookup. What a match means is for the plugin `checks` to say, so lines that
//! no table knows cost no call. `wasm:NAME` is a checker of its own, asked for each line it subscribed to. The first item with
//! an answer has the line; a checker that says dunno leaves it to the next.

use std::sync::Arc;

use config::tokens;
use hook::{
    Attribute, CHECK_PARAMETER, CHECK_RESULT, Call, Check, CheckAction, CheckPart, Checkers, Edit, Facts, Failure,
    LogLine, NameStatus, SessionView, TABLE_CHECKER, Table, TableKind, Tables,
};

use crate::fold;

/// One parameter, open.
pub struct CheckList {
    parameter: String,
    items: Vec<Item>,
    /// Who knows what a match means.
    meaning: Arc<dyn Check>,
}

enum Item {
    Table(Arc<dyn Table>),
    Checker(Arc<dyn Check>),
}

/// What the items said of a line.
#[derive(Debug)]
pub struct CheckAnswer {
    pub action: CheckAction,
    pub edits: Vec<Edit>,
    pub log: Vec<LogLine>,
}

/// A line that could not be checked.
#[derive(Debug)]
pub enum CheckTrouble {
    /// A table failed; the text is for the log.
    Table(String),
    Plugin(Failure),
}

impl CheckList {
    /// Opens the items of `value`; none where there are none. The error is one line.
    pub fn open(
        parameter: &str,
        value: &str,
        tables: &dyn Tables,
        checkers: &dyn Checkers,
    ) -> Result<Option<Self>, String> {
        let mut items = Vec::new();
        for word in tokens::split(value, tokens::COMMA_SPACE) {
            let plugin = word.strip_prefix("wasm:").map(|name| checkers.checker(name));
            match plugin {
                Some(Ok(checker)) => items.push(Item::Checker(checker)),
                // A plugin can be a table, too.
                Some(Err(why)) => match tables.open_each(word) {
                    Ok(opened) => items.extend(opened.into_iter().map(Item::Table)),
                    Err(_) => return Err(format!("{parameter}: {word}: {why}")),
                },
                None => {
                    let opened = tables.open_each(word).map_err(|why| format!("{parameter}: {why}"))?;
                    items.extend(opened.into_iter().map(Item::Table));
                }
            }
        }
        if items.is_empty() {
            return Ok(None);
        }
        let meaning = checkers.checker(TABLE_CHECKER)?;
        Ok(Some(Self { parameter: parameter.to_string(), items, meaning }))
    }

    /// The parameter, for log lines.
    pub fn parameter(&self) -> &str {
        &self.parameter
    }

    /// Asks about one logical header, its lines joined by LF, or one body line. None: nobody has anything to say, which is what
    /// becomes of an empty line in any case.
    pub async fn ask(&self, part: CheckPart, line: &[u8], call: &Call) -> Result<Option<CheckAnswer>, CheckTrouble> {
        if line.is_empty() {
            return Ok(None);
        }
        let mut said: Option<CheckAnswer> = None;
        for item in &self.items {
            let outcome = match item {
                Item::Table(table) => {
                    let Some(found) = self.look_up(&**table, line).await? else { continue };
                    let asked = self.matched(call, found);
                    // The first table that knows a line ends the search, whatever the entry says.
                    let outcome = self.meaning.check(part, line, &asked).await;
                    return outcome.map(|outcome| Some(join(said, outcome))).map_err(CheckTrouble::Plugin);
                }
                Item::Checker(checker) if !wants(&**checker, part, line) => continue,
                Item::Checker(checker) => checker.check(part, line, call).await,
            };
            let (action, edits, log) = outcome.map_err(CheckTrouble::Plugin)?;
            if action == CheckAction::Dunno && edits.is_empty() && log.is_empty() {
                continue;
            }
            let decided = action != CheckAction::Dunno;
            said = Some(join(said, (action, edits, log)));
            if decided {
                break;
            }
        }
        Ok(said)
    }

    async fn look_up(&self, table: &dyn Table, line: &[u8]) -> Result<Option<String>, CheckTrouble> {
        let found = match table.kind() {
            TableKind::Patterns => table.lookup_line(line).wait().await,
            TableKind::Keys => {
                let text = String::from_utf8_lossy(line);
                let key = if table.folds_case() { fold(&text, false).into_owned() } else { text.into_owned() };
                table.lookup(&key).wait().await
            }
        };
        found.map_err(|error| CheckTrouble::Table(error.to_string()))
    }

    fn matched(&self, call: &Call, result: String) -> Call {
        let session = Matched { session: call.session.clone(), parameter: self.parameter.clone(), result };
        Call { session: Arc::new(session), ..call.clone() }
    }
}

fn join(
    said: Option<CheckAnswer>,
    (action, mut edits, mut log): (CheckAction, Vec<Edit>, Vec<LogLine>),
) -> CheckAnswer {
    if let Some(mut before) = said {
        before.edits.append(&mut edits);
        before.log.append(&mut log);
        (edits, log) = (before.edits, before.log);
    }
    CheckAnswer { action, edits, log }
}

/// Whether a checker subscribed to the line.
fn wants(checker: &dyn Check, part: CheckPart, line: &[u8]) -> bool {
    let names = checker.headers();
    if names.is_empty() || part == CheckPart::Body {
        return true;
    }
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii_end();
    names.iter().any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(name))
}

/// The session with what was found in a table.
struct Matched {
    session: Arc<dyn SessionView>,
    parameter: String,
    result: String,
}

impl SessionView for Matched {
    fn attribute(&self, attribute: Attribute) -> Option<&str> {
        self.session.attribute(attribute)
    }

    fn named(&self, name: &str) -> Option<String> {
        match name {
            CHECK_RESULT => Some(self.result.clone()),
            CHECK_PARAMETER => Some(self.parameter.clone()),
            _ => self.session.named(name),
        }
    }

    fn facts(&self) -> Facts {
        self.session.facts()
    }

    fn recipient_count(&self) -> u32 {
        self.session.recipient_count()
    }

    fn recipient_at(&self, index: u32) -> Option<&str> {
        self.session.recipient_at(index)
    }

    fn size(&self) -> u64 {
        self.session.size()
    }

    fn client_port(&self) -> u16 {
        self.session.client_port()
    }

    fn server_port(&self) -> u16 {
        self.session.server_port()
    }

    fn encryption_keysize(&self) -> u16 {
        self.session.encryption_keysize()
    }

    fn client_connections(&self) -> u32 {
        self.session.client_connections()
    }

    fn client_name_status(&self) -> NameStatus {
        self.session.client_name_status()
    }

    fn reverse_client_name_status(&self) -> NameStatus {
        self.session.reverse_client_name_status()
    }
}
