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
        let parse = move |content: &[u8]| match format {
            Format::Postmap => postmap_text(&file, content, utf8, &*warn),
            Format::Aliases => aliases::aliases_text(&file, content, utf8, &*warn),
        };
        let source = Source::open(Path::new(path), environment, Box::new(parse))
            .map_err(|source| DictError::StorageOpen { what: "database ", path: path.into(), source })?;
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

/// postmap(1), TABLE FORMAT.
fn postmap_text(file: &str, content: &[u8], utf8: bool, warn: &dyn Fn(&str)) -> IndexMap<String, String> {
    let mut entries = IndexMap::new();
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
        add(&mut entries, fold(key, utf8).into_owned(), value.to_string(), || {
            warn(&format!("{place}: duplicate entry: \"{key}\""));
        });
    }
    entries
}

/// The first entry of a key counts.
pub(crate) fn add(entries: &mut IndexMap<String, String>, key: String, value: String, duplicate: impl FnOnce()) {
    match entries.entry(key) {
        indexmap::map::Entry::Occupied(_) => duplicate(),
        indexmap::map::Entry::Vacant(place) => {
            place.insert(value);
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
