//! Making and changing table files: `postmap FILE`, `-i`, `-d`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use indexmap::{IndexMap, map};

use super::PostmapError;
use crate::{
    Warn, cdb,
    error::reason,
    fold,
    keyed::Format,
    lmdb,
    open::{Opener, Options, TABLE_TYPES},
};

/// Keys and values as they stand in the file, each key once.
pub(crate) type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// What becomes of a key that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// The first counts; a warning for the others.
    Warn,
    /// `-w`: the first counts.
    Ignore,
    /// `-r`: the last counts.
    Replace,
}

/// How a table is written.
#[derive(Clone)]
pub struct Writing {
    pub format: Format,
    /// Off with `-f`.
    pub fold_case: bool,
    pub utf8: bool,
    pub duplicates: Duplicates,
    /// `-N`: keys and values end with a null character; `-n`: they do not; else as the type's tables usually are.
    pub null: Option<bool>,
    /// `-i`: what the table has stays.
    pub incremental: bool,
    /// `-F`: a value names files whose content is the value.
    pub files: bool,
    /// The mode of a new file.
    pub mode: u32,
    /// lmdb_map_size, in bytes.
    pub lmdb_map_size: usize,
    /// What postalias adds to say when and where the table was made.
    pub marks: Vec<(String, String)>,
    pub warn: Warn,
}

impl Writing {
    pub(crate) fn warn_of_duplicate(&self, kind: &str, path: &Path, key: &[u8]) {
        let key = String::from_utf8_lossy(key.strip_suffix(b"\0").unwrap_or(key));
        let prefix = if kind == "lmdb" { "lmdb:" } else { "" };
        (self.warn)(&format!("{prefix}{}: duplicate entry: \"{key}\"", path.display()));
    }

    /// postmap(1) says less than a daemon that reads the same text.
    fn warn_of_line(&self, text: &str) {
        let short = text.strip_suffix(" -- ignoring this line").filter(|text| text.ends_with("key whitespace value"));
        (self.warn)(short.unwrap_or(text));
    }

    pub(crate) fn is_mark(&self, key: &[u8]) -> bool {
        self.marks.iter().any(|(mark, _)| mark.as_bytes() == key.strip_suffix(b"\0").unwrap_or(key))
    }

    /// The entries of a source text. `source` names it in warnings.
    fn entries(&self, kind: &str, path: &Path, source: &str, content: &[u8]) -> Result<Entries, PostmapError> {
        let with_null = self.null.unwrap_or(kind == "lmdb");
        let stored = |text: &str| if with_null { [text.as_bytes(), b"\0"].concat() } else { text.as_bytes().to_vec() };
        let mut entries = IndexMap::new();
        let mut failed = None;
        self.format.each(source, content, &|text| self.warn_of_line(text), &mut |entry| {
            let key = if self.fold_case { fold(entry.key, self.utf8) } else { entry.key.into() };
            let value = match self.files {
                true => match file_contents(&entry.value) {
                    Ok(value) => value,
                    Err(error) => return failed = failed.take().or(Some(format!("{}: {error}", entry.place))),
                },
                false => entry.value,
            };
            match entries.entry(stored(&key)) {
                map::Entry::Vacant(place) => {
                    place.insert(stored(&value));
                }
                map::Entry::Occupied(mut there) => match self.duplicates {
                    Duplicates::Warn => self.warn_of_duplicate(kind, path, there.key()),
                    Duplicates::Ignore => {}
                    Duplicates::Replace => *there.get_mut() = stored(&value),
                },
            }
        });
        if let Some(error) = failed {
            return Err(PostmapError::Write(error));
        }
        for (index, (key, value)) in self.marks.iter().enumerate() {
            // The marks behind the first are NIS's own, which are never terminated.
            let stored = |text: &str| if index == 0 { stored(text) } else { text.as_bytes().to_vec() };
            entries.insert(stored(key), stored(value));
        }
        Ok(entries.into_iter().collect())
    }
}

/// `-F`: the files that a value names, one after the other with a newline between, in base64.
fn file_contents(value: &str) -> Result<String, String> {
    let mut content = Vec::new();
    for name in value.split([',', ' ', '\t', '\r', '\n']).filter(|name| !name.is_empty()) {
        if !content.is_empty() {
            content.push(b'\n');
        }
        content.extend(std::fs::read(name).map_err(|error| format!("open {name}: {}", reason(&error)))?);
    }
    Ok(base64::engine::general_purpose::STANDARD.encode(content))
}

/// Makes the table `kind:path` of its source text, or adds to it. A hash, btree or dbm table is only read, to tell what is
/// wrong in its text: there is nothing to make. `source` names the text in warnings.
///
/// # Errors
/// When the type has no file of its own, and when the file cannot be written; then the old one is as it was.
pub fn write(kind: &str, path: &str, source: &str, content: &[u8], writing: &Writing) -> Result<(), PostmapError> {
    let file = |extension: &str| PathBuf::from(format!("{path}.{extension}"));
    match kind {
        "lmdb" => {
            let entries = writing.entries(kind, Path::new(path), source, content)?;
            lmdb::write::write(&file("lmdb"), &entries, writing)
        }
        "cdb" if writing.incremental => Err(cdb_is_constant()),
        "cdb" => {
            let entries = writing.entries(kind, Path::new(path), source, content)?;
            cdb::write::write(&file("cdb"), &entries, writing)
        }
        "hash" | "btree" | "dbm" if writing.incremental => Err(text_counts(kind, path)),
        "hash" | "btree" | "dbm" => {
            let mut seen = IndexMap::new();
            writing.format.each(source, content, &|text| writing.warn_of_line(text), &mut |entry| {
                let key = if writing.fold_case { fold(entry.key, writing.utf8) } else { entry.key.into() };
                if seen.insert(key.into_owned(), ()).is_some() && writing.duplicates == Duplicates::Warn {
                    (writing.warn)(&format!("{}: duplicate entry: \"{}\"", entry.place, entry.key));
                }
            });
            Ok(())
        }
        "fail" => Err(PostmapError::Write(format!("table fail:{path}: write error: Application error"))),
        "proxy" => Err(PostmapError::Write("can't create maps via the proxy service".to_string())),
        known if TABLE_TYPES.contains(&known) => Err(PostmapError::Creation(kind.to_string())),
        unknown => Err(super::DictError::unsupported(&format!("{unknown}:{path}"), unknown).into()),
    }
}

/// `postmap -d key kind:path`: false when the key is not in the table. `lmdb_map_size` is in bytes.
pub fn delete(
    opener: &mut Opener,
    title: &str,
    key: &str,
    fold_case: bool,
    lmdb_map_size: usize,
) -> Result<bool, PostmapError> {
    let folded = fold(key, opener.environment().utf8).into_owned();
    let key = if fold_case { &folded } else { key };
    let (kind, name) = title.split_once(':').unwrap_or((title, ""));
    match kind {
        "lmdb" => lmdb::write::delete(Path::new(&format!("{name}.lmdb")), key, lmdb_map_size),
        "cdb" => Err(cdb_is_constant()),
        "hash" | "btree" | "dbm" => Err(text_counts(kind, name)),
        "fail" => Err(PostmapError::Write(format!("table {title}: delete error: Application error"))),
        "static" | "environ" | "memcache" => {
            opener.open(title, Options::default())?;
            Err(PostmapError::Delete(title.to_string()))
        }
        known if TABLE_TYPES.contains(&known) => Err(PostmapError::ReadOnly(title.to_string())),
        unknown => Err(super::DictError::unsupported(title, unknown).into()),
    }
}

fn cdb_is_constant() -> PostmapError {
    let text =
        "dict_cdb_open: inappropriate open flags for cdb database - specify O_RDONLY or O_WRONLY|O_CREAT|O_TRUNC";
    PostmapError::Write(text.to_string())
}

/// The change would be lost without a word if there were no error.
fn text_counts(kind: &str, path: &str) -> PostmapError {
    PostmapError::Write(format!("{kind}:{path}: tables of this type are read from their text; change the file {path}"))
}

#[cfg(test)]
mod tests;
