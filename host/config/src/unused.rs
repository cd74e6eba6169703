//! Parameters nobody reads, and names nobody defines: the warnings of postconf(1).

use std::collections::HashSet;

use crate::configuration::Config;
use crate::database_parameters;
use crate::expand::references;
use crate::master_cf::MasterEntry;
use crate::place::{Place, Warning};
use crate::row::UNEXPANDED;
use crate::tokens;

/// Its members name further parameters, which nothing else need refer to.
const RESTRICTION_CLASSES: &str = "smtpd_restriction_classes";

impl Config {
    /// A warning for every setting of main.cf, and every override of master.cf, that no parameter, no `$name` and no
    /// restriction class makes use of.
    pub fn unused(&self) -> Vec<Warning> {
        let main = self.used_by_main();
        let mut used = main.clone();
        for entry in self.master() {
            // A name the service itself sets is that one; else the reference is to main.cf.
            let own: HashSet<&str> = entry.overrides.iter().map(|(name, _, _)| name.as_str()).collect();
            used.extend(self.used_by_service(entry).into_iter().filter(|name| !own.contains(name.as_str())));
        }
        let mut warnings = Vec::new();
        for (name, setting) in &self.generation.settings {
            if !self.is_known(name) && !used.contains(name) {
                warnings.push(unused(&setting.place, name, &setting.value));
            }
        }
        for entry in self.master() {
            let local = self.used_by_service(entry);
            for (name, value, place) in last_overrides(entry) {
                if !self.is_known(name) && !main.contains(name) && !local.contains(name) {
                    warnings.push(unused(place, name, value));
                }
            }
        }
        warnings
    }

    /// A warning for every `$name` and every restriction class in main.cf and master.cf that is neither a parameter nor set.
    pub fn undefined(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |setting: &str, value: &str, place: &Place, view: &Config, defined: &dyn Fn(&str) -> bool| {
            let mut names = if is_raw(setting) { Vec::new() } else { references(value) };
            if setting == RESTRICTION_CLASSES {
                names.extend(members(view.expand(value).ok()));
            }
            for name in names {
                if !self.is_known(&name) && !defined(&name) {
                    let text = format!("{}: undefined parameter: {name}", place.file.display());
                    warnings.push(Warning::new(place, text));
                }
            }
        };
        for entry in self.master() {
            let view = self.service(entry);
            for (name, value, place) in last_overrides(entry) {
                warn(name, value, place, &view, &|name| view.is_set(name));
            }
        }
        let overridden =
            |name: &str| self.master().iter().flat_map(|entry| &entry.overrides).any(|(other, _, _)| other == name);
        for (name, setting) in &self.generation.settings {
            warn(name, &setting.value, &setting.place, self, &|name| self.is_set(name) || overridden(name));
        }
        warnings
    }

    /// Whether the name is a parameter of the host, of a service in master.cf or of a plugin.
    pub fn is_known(&self, name: &str) -> bool {
        self.generation.rows.contains_key(name)
            || self.template_row(name).is_some()
            || self.generation.plugin_row(name).is_some()
    }

    /// The names that main.cf, plugins.cf and the defaults in force make use of.
    fn used_by_main(&self) -> HashSet<String> {
        let mut used = HashSet::new();
        let mut add = |name: &str, value: &str| self.add_used(name, value, &mut used);
        for row in self.generation.rows.values().filter(|row| !self.is_set(row.name)) {
            add(row.name, row.default);
        }
        for (name, row) in self.template_names() {
            if !self.is_set(&name) {
                add(&name, row.default);
            }
        }
        for row in self.plugin_rows() {
            add(&row.name, &row.default);
        }
        for (name, setting) in &self.generation.settings {
            add(name, &setting.value);
        }
        for (name, value, _) in self.generation.plugins.iter().flat_map(|entry| &entry.options) {
            add(name, value);
        }
        used.extend(members(self.text(RESTRICTION_CLASSES)));
        used
    }

    fn used_by_service(&self, entry: &MasterEntry) -> HashSet<String> {
        let mut used = HashSet::new();
        for (name, value, _) in &entry.overrides {
            self.add_used(name, value, &mut used);
        }
        used.extend(members(self.service(entry).text(RESTRICTION_CLASSES)));
        used
    }

    fn add_used(&self, name: &str, value: &str, used: &mut HashSet<String>) {
        if is_raw(name) {
            return;
        }
        used.extend(references(value));
        for (table_type, table) in database_parameters::tables(value).filter(|(_, table)| !table.starts_with('/')) {
            let suffixes = database_parameters::parameter_names(table_type).unwrap_or_default();
            used.extend(suffixes.iter().map(|suffix| format!("{table}_{suffix}")));
        }
    }
}

fn is_raw(name: &str) -> bool {
    UNEXPANDED.contains(&name)
}

/// Of several `-o` for one name the last counts.
fn last_overrides(entry: &MasterEntry) -> impl Iterator<Item = &(String, String, Place)> {
    let overrides = entry.overrides.iter().enumerate();
    overrides
        .filter(|(index, (name, _, _))| !entry.overrides[index + 1..].iter().any(|(later, _, _)| later == name))
        .map(|(_, found)| found)
}

fn members(classes: Option<String>) -> Vec<String> {
    let classes = classes.unwrap_or_default();
    tokens::split(&classes, tokens::COMMA_SPACE).into_iter().map(str::to_string).collect()
}

fn unused(place: &Place, name: &str, value: &str) -> Warning {
    Warning::new(place, format!("{}: unused parameter: {name}={value}", place.file.display()))
}
