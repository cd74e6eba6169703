//! What postmap(1) and postalias(1) do: `-q` and `-s` ask a table; `-d`, `-i` and no option change its file.

mod write;

use crate::{DictError, Opener, Options, fold};

pub(crate) use write::Entries;
pub use write::{Duplicates, Writing, delete, write};

/// Why postmap ends with an error.
#[derive(Debug, thiserror::Error)]
pub enum PostmapError {
    #[error(transparent)]
    Open(#[from] DictError),
    /// `fatal: table type:name: query error: ...`
    #[error("table {title}: query error: {reason}")]
    Query { title: String, reason: String },
    /// The type cannot be listed.
    #[error("table {0}: sequence operation is not supported")]
    Sequence(String),
    /// The type is not one whose tables postmap makes.
    #[error("unsupported dictionary type: {0} does not support bulk-mode creation.")]
    Creation(String),
    /// A change of one entry, in a type that cannot.
    #[error("{0} map requires O_RDONLY access mode")]
    ReadOnly(String),
    /// The same, where Postfix finds out later.
    #[error("table {0}: delete operation is not supported")]
    Delete(String),
    /// The file cannot be written, or should not. The text is complete.
    #[error("{0}")]
    Write(String),
}

/// `postmap -q key type:name`: the value, or None (exit status 1). Warns about an empty value as postmap does, and
/// returns it. `fold_case` is off with -f.
pub async fn query(
    opener: &mut Opener,
    title: &str,
    key: &str,
    fold_case: bool,
) -> Result<Option<String>, PostmapError> {
    let table = opener.open(title, Options::default())?;
    let warn = opener.environment().warn.clone();
    let folded = fold(key, opener.environment().utf8);
    let asked = if fold_case && table.folds_case() { &*folded } else { key };
    let value = table
        .lookup(asked)
        .wait()
        .await
        .map_err(|error| PostmapError::Query { title: title.to_string(), reason: error.to_string() })?;
    if value.as_deref() == Some("") {
        warn(&format!("table {title}: key {key}: empty string result is not allowed"));
        warn(&format!("table {title} should return NO RESULT in case of NOT FOUND"));
    }
    Ok(value)
}

/// One line of a message, as header_checks and body_checks ask: it may be empty, and need not be text.
pub async fn query_line(
    opener: &mut Opener,
    title: &str,
    line: &[u8],
    fold_case: bool,
) -> Result<Option<String>, PostmapError> {
    let table = opener.open(title, Options::default())?;
    let folded;
    let asked = match std::str::from_utf8(line) {
        Ok(text) if fold_case && table.folds_case() => {
            folded = fold(text, opener.environment().utf8);
            folded.as_bytes()
        }
        _ => line,
    };
    let failed = |error: hook::TableError| PostmapError::Query { title: title.to_string(), reason: error.to_string() };
    table.lookup_line(asked).wait().await.map_err(failed)
}

/// `postmap -s type:name`: every key and value, in the order of the file.
pub fn sequence(opener: &mut Opener, title: &str) -> Result<Vec<(String, String)>, PostmapError> {
    let table = opener.open(title, Options::default())?;
    match title.split_once(':') {
        Some(("fail", _)) => Err(PostmapError::Write(format!("table {title}: sequence error: Application error"))),
        // Postfix calls this type by its file.
        Some(("cdb", _)) => Err(PostmapError::Sequence(format!("{title}.cdb"))),
        _ => table.entries().ok_or_else(|| PostmapError::Sequence(title.to_string())),
    }
}

#[cfg(test)]
mod tests;
