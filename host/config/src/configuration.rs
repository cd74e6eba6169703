//! [`Config`]: reading values.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::expand::{self, ExpandError};
use crate::kind::{Kind, KindTag};
use crate::machine::Machine;
use crate::main_cf::Setting;
use crate::master_cf::MasterEntry;
use crate::place::Place;
use crate::plugins_cf::PluginEntry;
use crate::row::{Computed, Param, PluginRow, Row};

/// One immutable generation of the configuration, as one service sees it. Cheap to clone.
///
/// Precedence of a name: the view's overrides (`-o` in master.cf; in a plugin's view its `-o` in plugins.cf), main.cf, the
/// default of the row. An undefined name is empty in an expansion.
#[derive(Clone)]
pub struct Config {
    pub(crate) generation: Arc<Generation>,
    pub(crate) overrides: Arc<IndexMap<String, Override>>,
}

#[derive(Clone)]
pub(crate) struct Generation {
    pub directory: PathBuf,
    pub machine: Machine,
    pub settings: IndexMap<String, Setting>,
    pub master: Vec<MasterEntry>,
    pub plugins: Vec<PluginEntry>,
    pub rows: IndexMap<&'static str, &'static Row>,
    pub templates: Vec<&'static Row>,
    pub plugin_rows: Vec<PluginRow>,
}

#[derive(Clone)]
pub(crate) struct Override {
    pub value: String,
    pub place: Option<Place>,
}

/// What a computed default may look at.
pub struct Evaluation<'c> {
    config: &'c Config,
    level: usize,
}

impl Config {
    /// The value of a parameter.
    ///
    /// Never fails, because loading checked every row in every service's view. Three cases escape that check, and each falls
    /// back: an override of [`Config::with_overrides`] that spoils the value counts as not given; so does a main.cf value of
    /// a row the configuration was not loaded with; and a row's own default always parses, which a row's test assures.
    pub fn get<K: Kind>(&self, parameter: &Param<K>) -> K::Value {
        self.value(parameter.name, parameter)
    }

    /// The value of a template parameter for a service, such as `smtp` + `_destination_concurrency_limit`.
    pub fn get_for<K: Kind>(&self, service: &str, parameter: &Param<K>) -> K::Value {
        self.value(&format!("{service}{}", parameter.name), parameter)
    }

    /// The expanded value of any name: overridden, set, or a default. `None` when the name is unknown or does not expand.
    pub fn text(&self, name: &str) -> Option<String> {
        self.expanded(name, 0).ok().flatten()
    }

    /// The value as written, unexpanded; `None` when there is only a default.
    pub fn raw(&self, name: &str) -> Option<&str> {
        if let Some(found) = self.overrides.get(name) {
            return Some(&found.value);
        }
        self.generation.set(name).map(|setting| setting.value.as_str())
    }

    /// Whether the name has a value that is no default.
    pub fn is_set(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// Where the value that counts was set. `None` for defaults and for overrides that come from no file.
    pub fn place(&self, name: &str) -> Option<Place> {
        match self.overrides.get(name) {
            Some(found) => found.place.clone(),
            None => self.generation.set(name).map(|setting| setting.place.clone()),
        }
    }

    /// The default as `postconf -d` prints it: unexpanded, computed where it is computed.
    pub fn default_text(&self, name: &str) -> Option<String> {
        self.default_source(name, 0).ok().flatten()
    }

    /// Expands the `$name` in a text.
    ///
    /// # Errors
    /// When the syntax is wrong or a parameter refers to itself.
    pub fn expand(&self, text: &str) -> Result<String, ExpandError> {
        self.expand_at(text, 0)
    }

    /// Whether this is the view of a service or plugin that sets something of its own.
    pub fn has_overrides(&self) -> bool {
        self.overrides.keys().any(|name| !matches!(name.as_str(), "service_name" | "process_name" | "stress"))
    }

    /// The configuration as the service sees it: with its `-o` overrides, and with `$service_name` and `$process_name`.
    #[must_use]
    pub fn service(&self, entry: &MasterEntry) -> Config {
        let names =
            [("service_name".to_string(), entry.service.clone()), ("process_name".to_string(), entry.command.clone())];
        self.with_overrides(&names)
            .overridden(entry.overrides.iter().map(|(name, value, place)| (name, value, Some(place))))
    }

    /// The configuration as the plugin sees it: with its options from plugins.cf.
    #[must_use]
    pub fn plugin(&self, entry: &PluginEntry) -> Config {
        self.overridden(entry.options.iter().map(|(name, value, place)| (name, value, Some(place))))
    }

    /// A view with further overrides, such as `stress=yes`.
    #[must_use]
    pub fn with_overrides(&self, overrides: &[(String, String)]) -> Config {
        self.overridden(overrides.iter().map(|(name, value)| (name, value, None)))
    }

    pub fn master(&self) -> &[MasterEntry] {
        &self.generation.master
    }

    pub fn plugins(&self) -> &[PluginEntry] {
        &self.generation.plugins
    }

    /// The configuration directory.
    pub fn directory(&self) -> &Path {
        &self.generation.directory
    }

    /// The names main.cf sets, in its order.
    pub fn names_set(&self) -> impl Iterator<Item = &str> {
        self.generation.settings.keys().map(String::as_str)
    }

    /// Every row the configuration was loaded with, templates last.
    pub fn rows(&self) -> impl Iterator<Item = &'static Row> + '_ {
        self.generation.rows.values().copied().chain(self.generation.templates.iter().copied())
    }

    /// The row of a name: its own, or the template that a service of master.cf owns.
    pub fn row(&self, name: &str) -> Option<&'static Row> {
        self.generation.rows.get(name).copied().or_else(|| self.template_row(name))
    }

    /// The parameters that plugins declared.
    pub fn plugin_rows(&self) -> &[PluginRow] {
        &self.generation.plugin_rows
    }

    /// The parameters of plugins that have another value in this view than without its overrides, with that value:
    /// expanded, but as written where the plugin reads templates.
    pub fn plugin_overrides(&self) -> Vec<(String, String)> {
        let base = Config { generation: self.generation.clone(), overrides: Arc::default() };
        let value = |view: &Config, row: &PluginRow| match row.kind {
            KindTag::Raw => view.raw(&row.name).map(str::to_string).or_else(|| view.default_text(&row.name)),
            _ => view.text(&row.name),
        };
        let differing = |row: &PluginRow| {
            let here = value(self, row)?;
            (value(&base, row).as_ref() != Some(&here)).then(|| (row.name.clone(), here))
        };
        self.plugin_rows().iter().filter_map(differing).collect()
    }

    /// The full names of the template parameters: for every service of master.cf that owns any.
    pub fn template_names(&self) -> Vec<(String, &'static Row)> {
        let mut names = Vec::new();
        for (index, entry) in self.master().iter().enumerate() {
            let seen = |row: &Row| {
                let owns = |other: &MasterEntry| other.service == entry.service && owns_template(other, row);
                self.master()[..index].iter().any(owns)
            };
            let rows = self.generation.templates.iter().filter(|row| owns_template(entry, row) && !seen(row));
            names.extend(rows.map(|row| (format!("{}{}", entry.service, row.name), *row)));
        }
        names.retain(|(name, _)| !self.generation.rows.contains_key(name.as_str()));
        names
    }

    // === from names to texts ===

    fn value<K: Kind>(&self, name: &str, parameter: &Param<K>) -> K::Value {
        let parse = |text: &str| {
            parameter.check.map_or(Ok(()), |check| check(text))?;
            K::parse(name, text, &parameter.limits)
        };
        let set = |view: &Config| {
            let text = view.raw(name)?;
            let text = if K::TAG == KindTag::Raw { text.to_string() } else { view.expand(text).ok()? };
            parse(&text).ok()
        };
        let default = |view: &Config| {
            let text = match view.generation.rows.get(name) {
                Some(row) if row.name != parameter.name => view.default_of(row.default, row.computed, 0),
                _ => view.default_of(parameter.default, parameter.computed, 0),
            };
            let text = text.ok()?;
            let text = if K::TAG == KindTag::Raw { text } else { view.expand(&text).ok()? };
            parse(&text).ok()
        };
        if let Some(value) = if self.is_set(name) { set(self) } else { default(self) } {
            return value;
        }
        let base = Config { generation: self.generation.clone(), overrides: Arc::default() };
        set(&base)
            .or_else(|| default(&base))
            .or_else(|| default(&base.untouched()))
            .unwrap_or_else(|| panic!("the default of parameter {name} is no value of its own kind"))
    }

    /// The defaults alone.
    fn untouched(&self) -> Config {
        let mut generation = Generation::clone(&self.generation);
        generation.settings.clear();
        Config { generation: Arc::new(generation), overrides: Arc::default() }
    }

    pub(crate) fn expanded(&self, name: &str, level: usize) -> Result<Option<String>, ExpandError> {
        let Some(text) = self.source(name, level)? else { return Ok(None) };
        if self.kind(name) == Some(KindTag::Raw) {
            return Ok(Some(text));
        }
        self.expand_at(&text, level).map(Some)
    }

    fn expand_at(&self, text: &str, level: usize) -> Result<String, ExpandError> {
        expand::expand(text, &|name, level| self.source(name, level), level)
    }

    /// The unexpanded text of a name, set or default.
    fn source(&self, name: &str, level: usize) -> Result<Option<String>, ExpandError> {
        match self.raw(name) {
            Some(text) => Ok(Some(text.to_string())),
            None => self.default_source(name, level),
        }
    }

    fn default_source(&self, name: &str, level: usize) -> Result<Option<String>, ExpandError> {
        if let Some(row) = self.row(name) {
            return self.default_of(row.default, row.computed, level).map(Some);
        }
        Ok(self.generation.plugin_row(name).map(|row| row.default.clone()))
    }

    fn default_of(&self, text: &str, computed: Option<Computed>, level: usize) -> Result<String, ExpandError> {
        match computed {
            Some(compute) => compute(&Evaluation { config: self, level }),
            None => Ok(text.to_string()),
        }
    }

    pub(crate) fn template_row(&self, name: &str) -> Option<&'static Row> {
        self.generation.templates.iter().copied().find(|row| {
            name.strip_suffix(row.name).is_some_and(|service| {
                self.master().iter().any(|entry| entry.service == service && owns_template(entry, row))
            })
        })
    }

    pub(crate) fn kind(&self, name: &str) -> Option<KindTag> {
        self.row(name).map(|row| row.kind).or_else(|| self.generation.plugin_row(name).map(|row| row.kind))
    }

    fn overridden<'o>(&self, new: impl Iterator<Item = (&'o String, &'o String, Option<&'o Place>)>) -> Config {
        let mut overrides = IndexMap::clone(&self.overrides);
        for (name, value, place) in new {
            overrides.insert(name.clone(), Override { value: value.clone(), place: place.cloned() });
        }
        Config { generation: self.generation.clone(), overrides: Arc::new(overrides) }
    }
}

impl Generation {
    /// What main.cf sets.
    fn set(&self, name: &str) -> Option<&Setting> {
        if self.rows.get(name).is_some_and(|row| row.read_only) {
            return None;
        }
        self.settings.get(name)
    }

    pub(crate) fn plugin_row(&self, name: &str) -> Option<&PluginRow> {
        self.plugin_rows.iter().find(|row| row.name == name)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.generation.settings.iter().map(|(name, setting)| (name, &setting.value));
        let overrides = self.overrides.iter().map(|(name, found)| (name, &found.value));
        f.debug_map().entries(settings).entries(overrides).finish()
    }
}

impl Evaluation<'_> {
    /// The expanded value of a name, empty when it is not defined.
    ///
    /// # Errors
    /// When it does not expand.
    pub fn value(&self, name: &str) -> Result<String, ExpandError> {
        // A computed default that asks for itself must end as a `$name` loop ends.
        if self.level > 100 {
            return Err(ExpandError::Nesting(name.to_string()));
        }
        Ok(self.config.expanded(name, self.level + 1)?.unwrap_or_default())
    }

    /// Whether the name has a value that is no default.
    pub fn is_set(&self, name: &str) -> bool {
        self.config.is_set(name)
    }

    pub fn machine(&self) -> &Machine {
        &self.config.generation.machine
    }

    /// The configuration directory.
    pub fn directory(&self) -> &Path {
        self.config.directory()
    }
}

fn owns_template(entry: &MasterEntry, row: &Row) -> bool {
    row.commands.contains(&entry.command.as_str())
}

#[cfg(test)]
mod tests;
