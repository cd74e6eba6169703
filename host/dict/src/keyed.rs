//! texthash, hash, btree and dbm tables: postmap(1) and aliases(5) text, looked up by exact key.

use std::{path::Path, sync::Arc};

use hook::{Lookup, Table, TableKind};
use indexmap::IndexMap;

use crate::{DictError, aliases, fold, logical_line::logical_lines, open::Environment, source::Source};

/// How the text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// postmap(1): key, white space, value.
    Postmap,
    /// aliases(5): name, colon, value.
    Aliases,
}

pub(crate) struct KeyedTable {
    title: String,
    source: Arc<Source<IndexMap<String, String>>>,
}

impl KeyedTable {
    pub fn open(title: &str, path: &str, format: Format, environment: &Environment) -> Result<Self, DictError> {
        let (file, warn, utf8) = (path.to_string(), environment.warn.clone(), environment.utf8);
        let parse = move |content: &[u8]| {
            let mut entries = IndexMap::new();
            format.each(&file, content, &*warn, &mut |entry| {
                if !add(&mut entries, fold(entry.key, utf8).into_owned(), entry.value) {
                    warn(&format!("{}: duplicate entry: \"{}\"", entry.place, entry.key));
                }
            });
            entries
        };
        let source = Source::open(Path::new(path), environment, Box::new(parse)).map_err(|error| {
            match Path::new(&format!("{path}.db")).exists() && !Path::new(path).exists() {
                true => DictError::ConfigSyntax(format!(
                    "open database {path}: the text from which {path}.db was made is not there; .db files are not read"
                )),
                false => DictError::StorageOpen { what: "database ", path: path.into(), error },
            }
        })?;
        Ok(Self { title: title.to_string(), source })
    }
}

impl Table for KeyedTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        Lookup::Now(Ok(self.source.current().value.get(key).cloned()))
    }
    fn entries(&self) -> Option<Vec<(String, String)>> {
        Some(self.source.current().value.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

/// One entry of a source text, with its place in warnings.
pub(crate) struct Entry<'e> {
    pub place: &'e str,
    pub key: &'e str,
    pub value: String,
}

impl Format {
    /// Every entry of a text in its order, the repeated ones too. Warns about what is none.
    pub(crate) fn each(self, file: &str, content: &[u8], warn: &dyn Fn(&str), take: &mut dyn FnMut(Entry<'_>)) {
        match self {
            Format::Postmap => postmap_text(file, content, warn, take),
            Format::Aliases => aliases::aliases_text(file, content, warn, take),
        }
    }
}

/// postmap(1), TABLE FORMAT.
fn postmap_text(file: &str, content: &[u8], warn: &dyn Fn(&str), take: &mut dyn FnMut(Entry<'_>)) {
    for line in logical_lines(file, content, warn) {
        let place = format!("{file}, line {}", line.number);
        let Some(end) = end_of_key(&line.text) else {
            warn(&format!("{place}: unbalanced '\"' in '{}' -- ignoring this line", line.text));
            continue;
        };
        let (key, value) = (&line.text[..end], line.text[end..].trim_matches(|c: char| c.is_ascii_whitespace()));
        if key.is_empty() || value.is_empty() {
            warn(&format!("{place}: expected format: key whitespace value -- ignoring this line"));
            continue;
        }
        if key.ends_with(':') {
            warn(&format!("{place}: record is in \"key: value\" format; is this an alias file?"));
        }
        take(Entry { place: &place, key, value: value.to_string() });
    }
}

/// The first entry of a key counts. False when there is one already.
pub(crate) fn add(entries: &mut IndexMap<String, String>, key: String, value: String) -> bool {
    match entries.entry(key) {
        indexmap::map::Entry::Occupied(_) => false,
        indexmap::map::Entry::Vacant(place) => {
            place.insert(value);
            true
        }
    }
}

/// Where the first white space outside quotes is; None when a quote is left open.
fn end_of_key(line: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (index, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if !quoted && (byte.is_ascii_whitespace() || byte == 0x0b) => return Some(index),
            _ => {}
        }
    }
    (!quoted).then_some(line.len())
}
