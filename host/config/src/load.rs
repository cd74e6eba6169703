//! Loading: reading the files and checking every value in every view.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::configuration::{Config, Generation};
use crate::error::{ConfigError, Errors};
use crate::kind::KindTag;
use crate::machine::Machine;
use crate::main_cf;
use crate::master_cf::MasterEntry;
use crate::parameters;
use crate::place::{Place, Warning};
use crate::row::{DELIVERY_COMMANDS, PluginRow, Row, TEMPLATE_OWNERS};
use crate::{master_cf, plugins_cf, tokens};

/// A configuration that holds, and what is odd about it.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    pub warnings: Vec<Warning>,
}

impl Config {
    /// Reads main.cf, which must exist, master.cf and plugins.cf from a directory and checks every value. The rows of
    /// [`parameters`](mod@crate::parameters) belong to every configuration and need not be given.
    ///
    /// # Errors
    /// All that is wrong, file by file.
    pub fn load(directory: &Path, rows: &[&'static [Row]]) -> Result<Loaded, Errors> {
        Config::load_on(directory, rows, Machine::current())
    }

    /// [`Config::load`] for a machine that is described, not asked.
    ///
    /// # Errors
    /// As for [`Config::load`].
    pub fn load_on(directory: &Path, rows: &[&'static [Row]], machine: Machine) -> Result<Loaded, Errors> {
        let mut warnings = Vec::new();
        let mut errors = Vec::new();
        let mut read = |name: &str| {
            let path = directory.join(name);
            match fs::read(&path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(error) if name != "main.cf" && error.kind() == io::ErrorKind::NotFound => {
                    if name == "master.cf" {
                        let text = format!("open {}: {}", path.display(), reason(&error));
                        let place = Place { file: path.into(), line: 0 };
                        warnings.push(Warning::new(&place, text));
                    }
                    String::new()
                }
                Err(error) => {
                    errors.push(ConfigError::Unreadable { path, reason: reason(&error) });
                    String::new()
                }
            }
        };
        let texts = [read("main.cf"), read("master.cf"), read("plugins.cf")];
        if !errors.is_empty() {
            return Err(Errors(errors));
        }
        build(directory.to_path_buf(), machine, &texts, rows, warnings)
    }

    /// A configuration from the text of main.cf alone, in the directory `/etc/waxwing`. Meant for tests.
    ///
    /// # Errors
    /// As for [`Config::load`].
    pub fn from_text(main_cf: &str, rows: &[&'static [Row]]) -> Result<Config, Errors> {
        Config::from_texts(main_cf, "", "", rows)
    }

    /// A configuration from the texts of the three files, in the directory `/etc/waxwing`. Meant for tests.
    ///
    /// # Errors
    /// As for [`Config::load`].
    pub fn from_texts(
        main_cf: &str,
        master_cf: &str,
        plugins_cf: &str,
        rows: &[&'static [Row]],
    ) -> Result<Config, Errors> {
        let texts = [main_cf, master_cf, plugins_cf].map(str::to_string);
        build(PathBuf::from("/etc/waxwing"), Machine::current(), &texts, rows, Vec::new()).map(|loaded| loaded.config)
    }

    /// A configuration that knows what the plugins declare. A name the host has a row for stays the host's. What plugins.cf
    /// sets with `-o` belongs to that entry's plugin alone ([`Config::plugin`]): two plugins may declare the same name.
    ///
    /// # Errors
    /// Values of the new rows that do not fit.
    pub fn with_plugin_rows(&self, rows: Vec<PluginRow>) -> Result<Config, Errors> {
        let config = self.with_unchecked_plugin_rows(rows);
        let errors = Check::of(&config).plugin_rows();
        if errors.is_empty() { Ok(config) } else { Err(Errors(errors)) }
    }

    /// [`Config::with_plugin_rows`] without a look at the values.
    #[must_use]
    pub fn with_unchecked_plugin_rows(&self, rows: Vec<PluginRow>) -> Config {
        let mut generation = Generation::clone(&self.generation);
        generation.plugin_rows = rows;
        generation.plugin_rows.retain(|row| !generation.rows.contains_key(row.name.as_str()));
        Config { generation: Arc::new(generation), overrides: self.overrides.clone() }
    }
}

/// What the system says, without Rust's error number.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_string(),
        None => error.to_string(),
    }
}

fn build(
    directory: PathBuf,
    machine: Machine,
    texts: &[String; 3],
    rows: &[&'static [Row]],
    mut warnings: Vec<Warning>,
) -> Result<Loaded, Errors> {
    let mut errors = Vec::new();
    let file = |name: &str| -> Arc<Path> { directory.join(name).into() };
    let settings = main_cf::parse(&file("main.cf"), &texts[0], &mut warnings, &mut errors);
    let master = master_cf::parse(&file("master.cf"), &texts[1], &mut warnings, &mut errors);
    let plugins = plugins_cf::parse(&file("plugins.cf"), &texts[2], &mut warnings, &mut errors);
    let (plain, templates) = sorted_rows(rows);
    for (name, setting) in &settings {
        if plain.get(name.as_str()).is_some_and(|row: &&Row| row.read_only) {
            let file = setting.place.file.display();
            let text = format!("{file}: read-only parameter assignment: {name}={}", setting.value);
            warnings.push(Warning::new(&setting.place, text));
        }
    }
    let generation =
        Generation { directory, machine, settings, master, plugins, rows: plain, templates, plugin_rows: Vec::new() };
    let config = with_hosts(Config { generation: Arc::new(generation), overrides: Arc::default() });
    errors.extend(Check::of(&config).everything());
    // What has no place is a default that another parameter spoils: mostly the one just reported.
    if errors.iter().any(|error| error.place().is_some()) {
        errors.retain(|error| error.place().is_some());
    }
    errors.sort_by_key(|error| error.place().map(|place| (place.file.clone(), place.line)));
    if errors.is_empty() { Ok(Loaded { config, warnings }) } else { Err(Errors(errors)) }
}

/// The rows by name, and the templates. Of two rows of one name the first counts.
pub(crate) fn sorted_rows(rows: &[&'static [Row]]) -> (IndexMap<&'static str, &'static Row>, Vec<&'static Row>) {
    let mut plain = IndexMap::new();
    let mut templates: Vec<&'static Row> = Vec::new();
    for row in [parameters::PARAMETERS].iter().chain(rows).copied().flatten() {
        if !row.template {
            plain.entry(row.name).or_insert(row);
        } else if !templates.iter().any(|other| other.name == row.name) {
            templates.push(row);
        }
    }
    (plain, templates)
}

/// Resolves the names in `inet_interfaces`, which the default of `mynetworks` is made of.
pub(crate) fn with_hosts(config: Config) -> Config {
    if config.is_set("mynetworks") {
        return config;
    }
    let views = config.master().iter().filter(|entry| !entry.overrides.is_empty()).map(|entry| config.service(entry));
    let texts: Vec<String> = views.chain([config.clone()]).filter_map(|view| view.text("inet_interfaces")).collect();
    let mut generation = Generation::clone(&config.generation);
    for word in texts.iter().flat_map(|text| tokens::split(text, tokens::COMMA_SPACE)) {
        generation.machine.resolve(word);
    }
    Config { generation: Arc::new(generation), ..config }
}

// === checking ===

struct Check<'c> {
    config: &'c Config,
    errors: Vec<ConfigError>,
    /// The names that are wrong in main.cf already; no view repeats them.
    wrong: HashSet<String>,
}

impl Check<'_> {
    fn of(config: &Config) -> Check<'_> {
        Check { config, errors: Vec::new(), wrong: HashSet::new() }
    }

    fn everything(mut self) -> Vec<ConfigError> {
        let config = self.config;
        self.view(config, |_, _| true);
        self.templates();
        self.relayhost();
        // The two things that change values at run time: load, and the service that reads them.
        if !config.is_set("stress") {
            let stressed = config.with_overrides(&[("stress".to_string(), "yes".to_string())]);
            self.view(&stressed, refers);
        }
        for entry in config.master().iter().filter(|entry| !entry.overrides.is_empty()) {
            let view = config.service(entry);
            self.view(&view, |view, row| view.overrides.contains_key(row.name) || refers(view, row));
        }
        self.errors
    }

    fn view(&mut self, view: &Config, concerned: impl Fn(&Config, &Row) -> bool) {
        for row in view.generation.rows.values() {
            let overridden = view.overrides.contains_key(row.name);
            if (overridden || !self.wrong.contains(row.name)) && concerned(view, row) {
                self.value(view, row.name, |text| row.accepts(row.name, text));
            }
        }
    }

    fn templates(&mut self) {
        let config = self.config;
        for (name, row) in config.template_names().into_iter().chain(names_read_all_the_same(config)) {
            self.value(config, &name, |text| row.accepts(&name, text));
        }
    }

    fn relayhost(&mut self) {
        let value = |name| self.config.text(name).unwrap_or_default();
        if let Some(message) = parameters::relayhost_is_this_host(&value("myhostname"), &value("relayhost")) {
            let place = self.config.place("relayhost");
            self.errors.push(ConfigError::Value { name: "relayhost".to_string(), place, message });
        }
    }

    fn plugin_rows(mut self) -> Vec<ConfigError> {
        let config = self.config;
        for row in config.plugin_rows() {
            self.value(config, &row.name, |text| row.kind.check(&row.name, text, &row.limits));
        }
        for entry in config.master() {
            let view = config.service(entry);
            let own = |row: &&PluginRow| entry.overrides.iter().any(|(name, ..)| *name == row.name);
            for row in config.plugin_rows().iter().filter(own) {
                self.value(&view, &row.name, |text| row.kind.check(&row.name, text, &row.limits));
            }
        }
        for entry in config.plugins() {
            let view = config.plugin(entry);
            let own = |row: &&PluginRow| entry.option(&row.name).is_some();
            for row in config.plugin_rows().iter().filter(own) {
                self.value(&view, &row.name, |text| row.kind.check(&row.name, text, &row.limits));
            }
        }
        self.errors
    }

    fn value(&mut self, view: &Config, name: &str, accepts: impl Fn(&str) -> Result<(), String>) {
        let message = match view.expanded(name, 0) {
            Ok(Some(text)) => accepts(&text).err(),
            Ok(None) => None,
            Err(error) => Some(error.to_string()),
        };
        if let Some(message) = message {
            self.wrong.insert(name.to_string());
            self.errors.push(ConfigError::Value { name: name.to_string(), place: view.place(name), message });
        }
    }
}

/// What is set for services that own no templates, such as discard(8)'s, but whose values are read all the same.
fn names_read_all_the_same(config: &Config) -> Vec<(String, &'static Row)> {
    let read = |entry: &&MasterEntry| {
        let command = entry.command.as_str();
        DELIVERY_COMMANDS.contains(&command) && !TEMPLATE_OWNERS.contains(&command)
    };
    let templates = || config.generation.templates.iter().filter(|row| row.commands == TEMPLATE_OWNERS);
    let services = config.master().iter().filter(read);
    let rows = services.flat_map(|entry| templates().map(|row| (format!("{}{}", entry.service, row.name), *row)));
    rows.filter(|(name, _)| config.is_set(name)).collect()
}

/// Whether other parameters can change the row's value.
fn refers(view: &Config, row: &Row) -> bool {
    row.kind != KindTag::Raw && (row.computed.is_some() || view.raw(row.name).unwrap_or(row.default).contains('$'))
}

#[cfg(test)]
mod tests;
