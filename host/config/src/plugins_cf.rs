//! plugins.cf: the plugins, one entry each, with master.cf's grammar after two columns.

use std::path::Path;
use std::sync::Arc;

use crate::error::ConfigError;
use crate::logical_line::{LogicalLine, logical_lines};
use crate::master_cf::arguments;
use crate::place::{Place, Warning};
use crate::tokens;

/// One plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginEntry {
    pub name: String,
    /// The component's file, below `plugin_directory` unless it starts with a slash.
    pub component: String,
    /// The `-o name=value` options in order, unexpanded: the host's (`grant`, `time_limit`, ...) and the plugin's parameters.
    pub options: Vec<(String, String, Place)>,
    pub place: Place,
}

impl PluginEntry {
    /// The last value given for an option, unexpanded.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(option, _, _)| option == name).map(|(_, value, _)| value.as_str())
    }
}

/// Reads the text of plugins.cf. A name may stand once.
pub(crate) fn parse(
    file: &Arc<Path>,
    text: &str,
    warnings: &mut Vec<Warning>,
    errors: &mut Vec<ConfigError>,
) -> Vec<PluginEntry> {
    let mut entries: Vec<PluginEntry> = Vec::new();
    for line in logical_lines(file, text, warnings) {
        let parsed = entry(&line, warnings).and_then(|entry| {
            let twice = entries.iter().any(|other| other.name == entry.name);
            if twice { Err(format!("duplicate plugins.cf entry for plugin \"{}\"", entry.name)) } else { Ok(entry) }
        });
        match parsed {
            Ok(entry) => entries.push(entry),
            Err(message) => errors.push(ConfigError::PluginsSyntax { place: line.place, message }),
        }
    }
    entries
}

fn entry(line: &LogicalLine, warnings: &mut Vec<Warning>) -> Result<PluginEntry, String> {
    let mut words = tokens::split(&line.text, tokens::BLANKS).into_iter();
    let mut column = |name: &str| words.next().ok_or_else(|| format!("missing \"{name}\" field"));
    let name = column("plugin")?.to_string();
    let component = column("component")?.to_string();
    let found = arguments(words, &line.place, warnings)?;
    if let Some(word) = found.args.first() {
        return Err(format!("plugin \"{name}\": unexpected text: \"{word}\""));
    }
    Ok(PluginEntry { name, component, options: found.overrides, place: line.place.clone() })
}

#[cfg(test)]
mod tests;
