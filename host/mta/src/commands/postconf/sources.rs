//! What is shown: main.cf with -o, master.cf, and the warnings about both.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use config::{Config, MasterFields, Reading, UNEXPANDED, Unchecked, database_parameters, tokens};

use super::Call;
use crate::told::told;

/// Set by the program itself; main.cf cannot.
pub const READ_ONLY: [&str; 3] = ["process_id", "process_name", "service_name"];

pub struct Sources {
    pub config: Config,
    pub master: Vec<MasterFields>,
}

impl Sources {
    /// The defaults, with the services of master.cf.
    pub fn defaults(call: &Call) -> Result<Self> {
        Self::load(call, false, &[])
    }

    /// Reads all, and warns of what is odd.
    pub fn read(call: &Call) -> Result<Self> {
        let mut overrides = Vec::new();
        for word in call.modes.options.values('o') {
            let (name, value) = tokens::name_value(word).map_err(|error| {
                let error = error.split(": \"").next().unwrap_or_default().to_string();
                anyhow!("invalid parameter override: {word}: {error}")
            })?;
            overrides.push((name.to_string(), value.to_string()));
        }
        let sources = Self::load(call, true, &overrides)?;
        sources.evaluate(call)?;
        sources.read_only(call);
        sources.syntax(call)?;
        sources.database_files(call)?;
        for warning in sources.config.undefined() {
            call.warn(warning);
        }
        Ok(sources)
    }

    fn load(call: &Call, main: bool, overrides: &[(String, String)]) -> Result<Self> {
        let directory = call.directory();
        if call.modes.master().is_some() {
            // Of two missing files this is the one to tell of.
            let path = directory.join("master.cf");
            std::fs::File::open(&path)
                .map_err(|error| anyhow!("open {}: {}", path.display(), super::replaced_file::reason(&error)))?;
        }
        let reading = Reading { directory: &directory, main, overrides, named: call.directory_is_named() };
        let found = Unchecked::read(&reading, crate::parameters::ROWS)?;
        for warning in &found.warnings {
            call.warn(warning);
        }
        let master = match found.master {
            Ok(master) => master,
            Err(error) => {
                call.warn(error);
                Vec::new()
            }
        };
        let mut sources = Self { config: found.config, master };
        if sources.asks_for_plugins(call) {
            sources.config = with_plugins(call, sources.config);
        }
        Ok(sources)
    }

    /// Loading the plugins costs more than all the rest; names that the program itself knows need none.
    fn asks_for_plugins(&self, call: &Call) -> bool {
        let config = &self.config;
        let listed = call.modes.master().is_none() && !call.modes.has('n') && call.classes.builtin;
        let unknown = |name: &String| !config.is_known(name) && !config.is_set(name);
        (listed && call.operands().is_empty())
            || (call.modes.master().is_none() && call.operands().iter().any(unknown))
            || (!call.modes.has('d') && (!config.unused().is_empty() || !config.undefined().is_empty()))
            || (call.classes.user && config.names_set().any(|name| !config.is_known(name)))
    }

    /// The setting of main.cf or -o.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.config.setting(name).filter(|_| !READ_ONLY.contains(&name))
    }

    /// `$name` in the value of a parameter expanded, as the given view has it.
    ///
    /// # Errors
    /// When it does not expand; what is wrong with it is a warning.
    pub fn expanded(&self, call: &Call, view: &Config, name: &str, value: &str) -> Result<String> {
        if UNEXPANDED.contains(&name) {
            return Ok(value.to_string());
        }
        view.expand(value).map_err(|error| {
            call.warn(error);
            anyhow!("macro processing error")
        })
    }

    /// The view of master.cf's service.
    pub fn service(&self, entry: &MasterFields) -> Config {
        let name = |name: &str, value: &str| (name.to_string(), value.to_string());
        let mut names = vec![name("service_name", entry.service()), name("process_name", entry.command())];
        names.extend(self.parameters(entry));
        self.config.with_overrides(&names)
    }

    /// The -o settings of a service by name. Entries for one name and type that have
    /// any have them in common; the last counts.
    pub fn parameters(&self, entry: &MasterFields) -> BTreeMap<String, String> {
        if entry.parameters().is_empty() {
            return BTreeMap::new();
        }
        let same = |other: &&MasterFields| other.service() == entry.service() && other.kind() == entry.kind();
        let all = self.master.iter().filter(same).flat_map(MasterFields::parameters);
        all.filter(|(name, _)| !READ_ONLY.contains(&name.as_str())).collect()
    }

    /// The parameters that defaults are computed from must make sense, whatever is asked for.
    fn evaluate(&self, call: &Call) -> Result<()> {
        for name in ["myhostname", "mydomain", "mynetworks_style", "inet_interfaces", "inet_protocols"] {
            let value = self.setting(name).map(str::to_string).or_else(|| self.config.default_text(name));
            if let Err(error) = self.config.expand(&value.unwrap_or_default()) {
                call.warn(error);
                bail!(if self.setting(name).is_some() {
                    "dictionary mail_dict: macro processing error"
                } else {
                    "macro processing error"
                });
            }
        }
        let value = |name: &str| self.config.text(name).unwrap_or_default();
        for name in ["mynetworks_style", "inet_protocols"] {
            let text = value(name);
            let row = self.config.rows().find(|row| row.name == name);
            if let Some(Err(message)) = row.and_then(|row| row.check).map(|check| check(&text)) {
                bail!(message);
            }
        }
        let interfaces = value("inet_interfaces");
        let machine = self.config.machine();
        for word in tokens::split(&interfaces, tokens::COMMA_SPACE) {
            if machine.hosts.iter().any(|(host, found)| host == word && found.is_empty()) {
                bail!("config variable inet_interfaces: host not found: {word}");
            }
        }
        Ok(())
    }

    /// Warns of `$name` syntax that no daemon can make sense of. What is wrong in a parameter's value, or in one that it leads
    /// to, ends the command.
    fn syntax(&self, call: &Call) -> Result<()> {
        for name in self.config.names_set().filter(|name| !UNEXPANDED.contains(name)) {
            let value = self.setting(name).unwrap_or_default();
            if self.config.is_known(name) {
                self.expanded(call, &self.config, name, value)?;
            } else if let Err(error) = config::scan(value) {
                call.warn(error);
            }
        }
        let master = self.master.iter().flat_map(|entry| self.parameters(entry));
        for (_, value) in master.filter(|(name, _)| !UNEXPANDED.contains(&name.as_str())) {
            if let Err(error) = config::scan(&value) {
                call.warn(error);
            }
        }
        Ok(())
    }

    fn read_only(&self, call: &Call) {
        let warn = |file: &Path, name: &str, value: &str| {
            call.warn(format!("{}: read-only parameter assignment: {name}={value}", file.display()));
        };
        for name in READ_ONLY {
            if let Some(value) = self.config.setting(name) {
                warn(&call.directory().join("main.cf"), name, value);
            }
        }
        for entry in &self.master {
            for (name, value) in entry.parameters().iter().filter(|(name, _)| READ_ONLY.contains(&name.as_str())) {
                warn(&entry.place.file, name, value);
            }
        }
    }

    /// Warns of what stands in the files of database clients and means nothing there.
    fn database_files(&self, call: &Call) -> Result<()> {
        let main = self.config.names_set().filter_map(|name| self.setting(name).map(str::to_string));
        let master = self.master.iter().flat_map(|entry| entry.parameters().into_iter().map(|(_, value)| value));
        let mut seen = HashSet::new();
        for value in main.chain(master).collect::<Vec<_>>() {
            for (table_type, file) in database_parameters::tables(&value).filter(|(_, file)| file.starts_with('/')) {
                if !seen.insert(format!("{table_type}:{file}")) {
                    continue;
                }
                let path: Arc<Path> = Path::new(file).into();
                let text = match std::fs::read(&path) {
                    Ok(text) => String::from_utf8_lossy(&text).into_owned(),
                    Err(error) => {
                        let reason = super::replaced_file::reason(&error);
                        call.warn(format!("open \"{table_type}\" configuration \"{file}\": {reason}"));
                        continue;
                    }
                };
                let known = database_parameters::parameter_names(table_type).unwrap_or_default();
                for (name, value) in config::settings(&path, &text)? {
                    if !known.contains(&name.as_str()) {
                        call.warn(format!("{table_type}:{file}: unused parameter: {name}={value}"));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The configuration with the parameters of plugins. They are asked under the default configuration: what main.cf sets may be
/// of no use to them yet, as a table that does not exist.
fn with_plugins(call: &Call, config: Config) -> Config {
    let directory = call.directory();
    let where_they_are = ["plugin_directory", "data_directory", "mail_owner"];
    let overrides: Vec<(String, String)> =
        where_they_are.iter().filter_map(|name| Some((name.to_string(), config.text(name)?))).collect();
    let reading = Reading { directory: &directory, main: false, overrides: &overrides, named: true };
    let described = Unchecked::read(&reading, crate::parameters::ROWS)
        .map_err(anyhow::Error::from)
        .and_then(|found| crate::wiring::describe_plugins(&found.config));
    match described {
        Ok(registry) => config.with_unchecked_plugin_rows(registry.config().plugin_rows().to_vec()),
        Err(error) => {
            call.warn(format!("parameters of plugins are not shown: {}", told(&error)));
            config
        }
    }
}
