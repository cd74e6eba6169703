//! Case folding of keys, as the users of fixed-key tables do it.

use std::borrow::Cow;

/// Lower case; allocates only when there is something to fold. With `utf8` (smtputf8_enable) beyond ASCII too.
pub fn fold(key: &str, utf8: bool) -> Cow<'_, str> {
    if key.is_ascii() || !utf8 {
        return match key.bytes().any(|b| b.is_ascii_uppercase()) {
            true => Cow::Owned(key.to_ascii_lowercase()),
            false => Cow::Borrowed(key),
        };
    }
    let lower = key.to_lowercase();
    if lower == key { Cow::Borrowed(key) } else { Cow::Owned(lower) }
}
