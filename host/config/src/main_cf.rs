//! main.cf: `name = value`.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::error::ConfigError;
use crate::logical_line::logical_lines;
use crate::place::{Place, Warning};
use crate::tokens;

/// What main.cf says about one name.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// As written: `$name` not expanded.
    pub value: String,
    pub place: Place,
}

/// Reads the text of main.cf. The last setting of a name wins, in the place of the first.
pub(crate) fn parse(
    file: &Arc<Path>,
    text: &str,
    warnings: &mut Vec<Warning>,
    errors: &mut Vec<ConfigError>,
) -> IndexMap<String, Setting> {
    let mut settings: IndexMap<String, Setting> = IndexMap::new();
    for line in logical_lines(file, text, warnings) {
        match tokens::name_value(&line.text) {
            Err(message) => errors.push(ConfigError::MainSyntax { place: line.place, message }),
            Ok((name, value)) => {
                let setting = Setting { value: value.to_string(), place: line.place };
                let place = setting.place.clone();
                if let Some(earlier) = settings.insert(name.to_string(), setting) {
                    let text = format!("{place}: overriding earlier entry: {name}={}", earlier.value);
                    warnings.push(Warning::new(&place, text));
                }
            }
        }
    }
    settings
}
