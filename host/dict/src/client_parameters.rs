//! The parameters of one ldap, mysql, pgsql, sqlite or memcache table: its own file, or `NAME_parameter` in main.cf.

use std::path::Path;

use config::{Config, database_parameters};
use indexmap::IndexMap;

use crate::{DictError, error::reason, open::Warn};

pub(crate) struct ClientParameters {
    name: String,
    settings: Settings,
}

enum Settings {
    /// A name with a path: `$name` in a value means nothing there.
    File(IndexMap<String, String>),
    /// None where there is no main.cf.
    Main(Option<Config>),
}

impl ClientParameters {
    pub fn read(name: &str, main_cf: Option<&Config>, warn: &Warn) -> Result<Self, DictError> {
        if !name.starts_with(['/', '.']) {
            return Ok(Self { name: name.to_string(), settings: Settings::Main(main_cf.cloned()) });
        }
        let path = Path::new(name);
        let text = std::fs::read_to_string(path)
            .map_err(|source| DictError::ConfigSyntax(format!("open {name}: {}", reason(&source))))?;
        let (settings, warnings) = database_parameters::parse(path, &text).map_err(DictError::ConfigSyntax)?;
        warnings.iter().for_each(|warning| warn(&warning.text));
        Ok(Self { name: name.to_string(), settings: Settings::File(settings) })
    }

    /// The value, if the parameter is set at all.
    pub fn given(&self, parameter: &str) -> Option<String> {
        match &self.settings {
            Settings::File(settings) => settings.get(parameter).cloned(),
            Settings::Main(config) => config.as_ref()?.text(&format!("{}_{parameter}", self.name)),
        }
    }

    pub fn text(&self, parameter: &str, default: &str) -> String {
        self.given(parameter).unwrap_or_else(|| default.to_string())
    }

    /// A text that must not be empty.
    pub fn required(&self, parameter: &str) -> Result<String, DictError> {
        match self.text(parameter, "") {
            empty if empty.is_empty() => Err(self.error("bad string length 0 < 1: ", parameter, "")),
            text => Ok(text),
        }
    }

    /// The words of a list.
    pub fn list(&self, parameter: &str, default: &str) -> Vec<String> {
        let text = self.text(parameter, default);
        let words = text.split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
        words.map(str::to_string).collect()
    }

    pub fn number(&self, parameter: &str, default: u64, least: u64) -> Result<u64, DictError> {
        let Some(text) = self.given(parameter) else { return Ok(default) };
        let number = text.parse().map_err(|_| self.error("bad numerical configuration: ", parameter, &text))?;
        if number < least {
            return Err(self.error(&format!("invalid {parameter}: {number} < {least}: "), parameter, &text));
        }
        Ok(number)
    }

    pub fn boolean(&self, parameter: &str, default: bool) -> Result<bool, DictError> {
        let Some(text) = self.given(parameter) else { return Ok(default) };
        match text.to_ascii_lowercase().as_str() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(self.error("bad boolean configuration: ", parameter, &text)),
        }
    }

    /// An error about a value, as Postfix words it.
    pub fn error(&self, what: &str, parameter: &str, value: &str) -> DictError {
        DictError::ConfigSyntax(match self.settings {
            Settings::File(_) => format!("{}: {what}{parameter} = {value}", self.name),
            Settings::Main(_) => format!("{what}{}_{parameter} = {value}", self.name),
        })
    }

    /// Says of parameters that are set, and mean nothing here, why.
    pub fn warn_of(&self, parameters: &[&str], why: &str, warn: &Warn) {
        for parameter in parameters.iter().filter(|parameter| self.given(parameter).is_some()) {
            warn(&format!("{}: parameter {parameter} is ignored: {why}", self.name));
        }
    }
}
