//! Where a setting stands, and what is said about it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A line of a configuration file. Displayed as Postfix writes it: `/etc/postfix/main.cf, line 12`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    pub file: Arc<Path>,
    /// The first physical line of the logical line, counted from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.file.display(), self.line)
    }
}

/// A warning about the configuration. Displayed as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub file: Arc<Path>,
    pub line: u32,
    /// The whole message in Postfix's words, file name included, without the `warning: ` before it.
    pub text: String,
}

impl Warning {
    pub(crate) fn new(place: &Place, text: String) -> Warning {
        Warning { file: place.file.clone(), line: place.line, text }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
