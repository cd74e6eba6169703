//! What `postmap -q` and `postmap -s` ask of a table.

use crate::{DictError, Opener, Options, fold};

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
    if key.is_empty() {
        warn(&format!("table {title}: empty lookup key value is not allowed"));
        return Ok(None);
    }
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

/// `postmap -s type:name`: every key and value, in the order of the file.
pub fn sequence(opener: &mut Opener, title: &str) -> Result<Vec<(String, String)>, PostmapError> {
    let table = opener.open(title, Options::default())?;
    table.entries().ok_or_else(|| PostmapError::Sequence(title.to_string()))
}

#[cfg(test)]
mod tests;
