//! What can be wrong with a configuration, by file.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::place::Place;

/// One thing the administrator has to repair.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("open {}: {reason}", .path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// A line of main.cf is no `name = value`.
    #[error("{place}: {message}")]
    MainSyntax { place: Place, message: String },
    /// A master.cf entry is malformed. The form is master(8)'s.
    #[error("{}: line {}: {message}", .place.file.display(), .place.line)]
    MasterSyntax { place: Place, message: String },
    /// A plugins.cf entry is malformed.
    #[error("{}: line {}: {message}", .place.file.display(), .place.line)]
    PluginsSyntax { place: Place, message: String },
    /// A value does not fit its parameter. No place when the value is a default, spoilt by another parameter.
    #[error("{}{message}", .place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
    Value { name: String, place: Option<Place>, message: String },
}

impl ConfigError {
    /// The line to repair, when one is to blame.
    pub fn place(&self) -> Option<&Place> {
        match self {
            ConfigError::Unreadable { .. } => None,
            ConfigError::MainSyntax { place, .. }
            | ConfigError::MasterSyntax { place, .. }
            | ConfigError::PluginsSyntax { place, .. } => Some(place),
            ConfigError::Value { place, .. } => place.as_ref(),
        }
    }

    /// What is wrong, in Postfix's words, without the place.
    pub fn message(&self) -> String {
        match self {
            ConfigError::Unreadable { .. } => self.to_string(),
            ConfigError::MainSyntax { message, .. }
            | ConfigError::MasterSyntax { message, .. }
            | ConfigError::PluginsSyntax { message, .. }
            | ConfigError::Value { message, .. } => message.clone(),
        }
    }
}

/// Everything that is wrong, in file order. Never empty. Displayed one error a line.
#[derive(Debug)]
pub struct Errors(pub Vec<ConfigError>);

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}
