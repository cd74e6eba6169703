//! The configuration as written, before any value is checked: what postconf(1) works on.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::configuration::{Config, Generation};
use crate::error::{ConfigError, Errors};
use crate::load::{reason, sorted_rows, with_hosts};
use crate::logical_line::logical_lines;
use crate::machine::Machine;
use crate::main_cf::{self, Setting};
use crate::master_cf::MasterEntry;
use crate::master_fields::{FieldError, MasterFields};
use crate::place::{Place, Warning};
use crate::plugins_cf;
use crate::row::Row;

/// What is to be read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'r> {
    pub directory: &'r Path,
    /// Without main.cf every parameter has its default.
    pub main: bool,
    /// What counts in place of main.cf's own settings.
    pub overrides: &'r [(String, String)],
    /// The directory was named by an option or the environment; then `config_directory` counts as set.
    pub named: bool,
}

/// What was read.
#[derive(Debug)]
pub struct Unchecked {
    /// Values in it may be of no use to the daemons.
    pub config: Config,
    /// Every entry of master.cf, also those that a later one replaces; or why it cannot be read.
    pub master: Result<Vec<MasterFields>, String>,
    pub warnings: Vec<Warning>,
}

impl Unchecked {
    /// Reads main.cf, master.cf and plugins.cf.
    ///
    /// # Errors
    /// The first thing that keeps a file from being read.
    pub fn read(reading: &Reading, rows: &[&'static [Row]]) -> Result<Unchecked, Errors> {
        let mut warnings = Vec::new();
        let mut settings = IndexMap::new();
        let main_cf: Arc<Path> = reading.directory.join("main.cf").into();
        if reading.main {
            let text = read(&main_cf)?;
            settings = main_settings(reading, &main_cf, &text, &mut warnings)?;
        }
        for (name, value) in reading.overrides {
            let place = Place { file: main_cf.clone(), line: 0 };
            settings.insert(name.clone(), Setting { value: value.clone(), place });
        }
        let (plain, templates) = sorted_rows(rows);
        let master_cf: Arc<Path> = reading.directory.join("master.cf").into();
        let master = match read(&master_cf) {
            Ok(text) => Ok(master_entries(&master_cf, &text, &mut warnings)?),
            Err(errors) => Err(errors.to_string()),
        };
        let plugins_cf: Arc<Path> = reading.directory.join("plugins.cf").into();
        let plugins = match fs::read(&plugins_cf) {
            Ok(text) => {
                let text = String::from_utf8_lossy(&text);
                plugins_cf::parse(&plugins_cf, &text, &mut warnings, &mut Vec::new())
            }
            Err(_) => Vec::new(),
        };
        let words = master.as_deref().unwrap_or_default();
        let generation = Generation {
            directory: reading.directory.to_path_buf(),
            machine: Machine::current(),
            settings,
            master: services(words),
            plugins,
            rows: plain,
            templates,
            plugin_rows: Vec::new(),
        };
        let config = with_hosts(Config { generation: Arc::new(generation), overrides: Arc::default() });
        Ok(Unchecked { config, master, warnings })
    }
}

impl Config {
    /// What main.cf sets, also where a setting has no effect.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.generation.settings.get(name).map(|setting| setting.value.as_str())
    }

    /// What the defaults know about the machine.
    pub fn machine(&self) -> &Machine {
        &self.generation.machine
    }
}

/// The settings of a file that has main.cf's form, in order; of two for one name the last.
///
/// # Errors
/// The first line that is no `name = value`.
pub fn settings(file: &Arc<Path>, text: &str) -> Result<Vec<(String, String)>, Errors> {
    let mut errors = Vec::new();
    let settings = main_cf::parse(file, text, &mut Vec::new(), &mut errors);
    errors.truncate(1);
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    Ok(settings.into_iter().map(|(name, setting)| (name, setting.value)).collect())
}

fn read(path: &Path) -> Result<String, Errors> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(Errors(vec![ConfigError::Unreadable { path: path.to_path_buf(), reason: reason(&error) }])),
    }
}

fn main_settings(
    reading: &Reading,
    file: &Arc<Path>,
    text: &str,
    warnings: &mut Vec<Warning>,
) -> Result<IndexMap<String, Setting>, Errors> {
    let mut errors = Vec::new();
    let mut settings = main_cf::parse(file, text, warnings, &mut errors);
    errors.truncate(1);
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let from_outside = Place { file: file.clone(), line: 0 };
    if reading.named {
        let directory = reading.directory.display().to_string();
        match settings.get("config_directory") {
            Some(setting) => {
                let text = format!("{}: overriding earlier entry: config_directory={directory}", setting.place);
                warnings.insert(0, Warning::new(&setting.place, text));
            }
            None => {
                let setting = Setting { value: directory, place: from_outside };
                settings.insert("config_directory".to_string(), setting);
            }
        }
    }
    Ok(settings)
}

fn master_entries(file: &Arc<Path>, text: &str, warnings: &mut Vec<Warning>) -> Result<Vec<MasterFields>, Errors> {
    let mut entries = Vec::new();
    for line in logical_lines(file, text, warnings) {
        match MasterFields::parse(&line.text, &line.place, warnings) {
            Ok(entry) => entries.push(entry),
            Err(error) => {
                let message = match &error {
                    FieldError::Count => format!("file {}: line {}: {error}", file.display(), line.place.line),
                    FieldError::Value { .. } => error.to_string(),
                };
                // postconf(1) names the place itself, or none; so the message is all there is to show.
                return Err(Errors(vec![ConfigError::Value { name: String::new(), place: None, message }]));
            }
        }
    }
    Ok(entries)
}

/// The entries as the daemons read them; those for one name and type have their `-o` in common.
fn services(words: &[MasterFields]) -> Vec<MasterEntry> {
    let mut entries: Vec<MasterEntry> = words.iter().filter_map(MasterFields::entry).collect();
    let own = entries.clone();
    for entry in entries.iter_mut().filter(|entry| !entry.overrides.is_empty()) {
        let same = |other: &&MasterEntry| other.service == entry.service && other.kind == entry.kind;
        entry.overrides = own.iter().filter(same).flat_map(|other| other.overrides.clone()).collect();
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(main_cf: &str, master_cf: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("main.cf"), main_cf).expect("main.cf");
        fs::write(directory.path().join("master.cf"), master_cf).expect("master.cf");
        directory
    }

    #[test]
    fn bad_values_are_no_error_and_syntax_is() {
        let good = directory("myhostname = -\nmessage_size_limit = many\n", "a unix - - n - - smtp -o x=$y\n");
        let reading = Reading { directory: good.path(), main: true, overrides: &[], named: false };
        let found = Unchecked::read(&reading, &[]).expect("readable");
        assert_eq!(found.config.raw("message_size_limit"), Some("many"));
        assert_eq!(found.config.master()[0].overrides[0].0, "x");
        let bad = directory("what\n", "");
        let error = Unchecked::read(&Reading { directory: bad.path(), ..reading }, &[]).expect_err("no name = value");
        assert!(error.to_string().ends_with("line 1: missing '=' after attribute name: \"what\""), "{error}");
        let bad = directory("", "a unix -\n");
        let error = Unchecked::read(&Reading { directory: bad.path(), ..reading }, &[]).expect_err("no entry");
        assert!(error.to_string().ends_with("master.cf: line 1: bad field count"), "{error}");
    }

    #[test]
    fn overrides_count_as_settings() {
        let files = directory("relayhost = a\n", "");
        let overrides = [("relayhost".to_string(), "b".to_string())];
        let reading = Reading { directory: files.path(), main: true, overrides: &overrides, named: true };
        let found = Unchecked::read(&reading, &[]).expect("readable");
        assert_eq!(found.config.raw("relayhost"), Some("b"));
        assert!(found.config.names_set().any(|name| name == "config_directory"));
    }
}
