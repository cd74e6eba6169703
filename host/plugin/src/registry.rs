//! One generation of loaded plugins: smtpd's catalogue of restrictions, and the maker of `wasm:` tables and `wasm` transports.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use config::{Config, PluginRow};
use hook::{
    Catalogue, Check, Checkers, Delivery, DeliveryAttempts, Filter, FilterSource, MailLog, Offer, Report, Restriction,
    Services, Stage, Stages, Table,
};

use crate::{
    check::WasmCheck, delivery::WasmDelivery, delivery_hook::WasmDeliveryAttempts, describe::Described,
    filter::WasmFilter, limits::World, loaded::Plugin, reload::ServicesFactory, report::WasmReport,
    restriction::WasmRestriction, table::WasmTable,
};

mod build;

pub(crate) use build::{Sources, build, component_path};

/// Where a plugin comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the binary.
    Default,
    /// plugins.cf.
    File(PathBuf),
}

/// What `waxwing plugin list` shows.
#[derive(Clone, Debug)]
pub struct PluginInfo {
    pub name: String,
    pub version: String,
    pub summary: String,
    pub origin: Origin,
    /// `enforce` or `warn`, as `-o mode=` in plugins.cf.
    pub mode: &'static str,
    /// World names as in `wit/`.
    pub worlds: Vec<&'static str>,
    /// Names of the restrictions in force: those another plugin replaced are not here.
    pub restrictions: Vec<String>,
    /// Given in plugins.cf; default plugins are given what they ask for.
    pub grants: Vec<String>,
    /// Wanted: grant, scope, and the plugin's reason.
    pub requests: Vec<(String, String, String)>,
    /// Declared parameters with their values.
    pub parameters: Vec<(String, String)>,
}

struct Loaded {
    plugin: Arc<Plugin>,
    described: Described,
    info: PluginInfo,
}

/// One generation.
pub struct Registry {
    generation: u64,
    config: Config,
    services: Services,
    factory: ServicesFactory,
    log: MailLog,
    syslog_name: String,
    plugins: Vec<Loaded>,
    /// By lower-case name and alias.
    restrictions: HashMap<String, Arc<WasmRestriction>>,
    /// All, also those that another plugin's restriction of the same name replaced: `check_plugin` still reaches them.
    offered: Vec<Arc<WasmRestriction>>,
    bare_tables: Vec<(Stages, Arc<WasmRestriction>)>,
    hashes: Vec<String>,
    files: Vec<PathBuf>,
}

impl Registry {
    /// Every loaded plugin: those of plugins.cf in its order, then the default ones.
    pub fn plugins(&self) -> Vec<PluginInfo> {
        self.plugins.iter().map(|loaded| loaded.info.clone()).collect()
    }

    /// The parameters plugins declare, for postconf and the check for unused names.
    pub fn plugin_rows(&self) -> Vec<PluginRow> {
        self.config.plugin_rows().to_vec()
    }

    /// The configuration this generation was built from, with the plugins' parameters known to it.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The services this generation's plugins ask.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Services of their own for a view of the configuration.
    pub fn services_for(&self, view: &Config) -> Services {
        (self.factory)(view)
    }

    /// Hashes of the components, for the loader.
    pub(crate) fn hashes(&self) -> &[String] {
        &self.hashes
    }

    /// Component files, for the watcher.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The agent of a master.cf entry with the command word `wasm`: `name` is its first argument, `transport` the entry's name.
    ///
    /// # Errors
    /// One line, when there is no such plugin or it is no transport.
    pub fn delivery(&self, name: &str, transport: &str) -> Result<Arc<dyn Delivery>, String> {
        let plugin = self.loaded(name, World::Delivery)?.plugin.clone();
        let log = MailLog::new(&self.syslog_name, transport);
        Ok(Arc::new(WasmDelivery { plugin, log }))
    }

    /// Opens `wasm:NAME[:ARGUMENT]`.
    ///
    /// # Errors
    /// One line, when there is no such plugin, it is no table, or it refuses the argument.
    pub async fn open_table(&self, name: &str, argument: &str) -> Result<Arc<dyn Table>, String> {
        let plugin = self.loaded(name, World::Table)?.plugin.clone();
        Ok(Arc::new(WasmTable::open(plugin, argument).await?))
    }

    /// The same, waiting for the plugin's answer: for start and reload, within a tokio runtime.
    ///
    /// # Errors
    /// As [`Registry::open_table`].
    pub fn table(&self, name: &str, argument: &str) -> Result<Arc<dyn Table>, String> {
        let plugin = self.loaded(name, World::Table)?.plugin.clone();
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| error.to_string())?;
        // A thread of its own, because a worker of the runtime must not block on it.
        let opened =
            std::thread::scope(|scope| scope.spawn(move || runtime.block_on(WasmTable::open(plugin, argument))).join());
        let table = opened.map_err(|_| format!("wasm:{name}: the plugin host panicked"))??;
        Ok(Arc::new(table))
    }

    /// A checker named `wasm:NAME` in header_checks and its relatives.
    ///
    /// # Errors
    /// One line, when there is no such plugin or it is no checker.
    pub fn check(&self, name: &str) -> Result<Arc<dyn Check>, String> {
        let loaded = self.loaded(name, World::Check)?;
        let wanted = loaded.described.content_checks.as_ref().map(|wanted| wanted.headers.clone()).unwrap_or_default();
        Ok(Arc::new(WasmCheck::new(loaded.plugin.clone(), wanted)))
    }

    /// A filter named `wasm:NAME` in smtpd_milters or non_smtpd_milters.
    ///
    /// # Errors
    /// One line, when there is no such plugin or it is no filter.
    pub fn filter(&self, name: &str) -> Result<Arc<dyn Filter>, String> {
        let loaded = self.loaded(name, World::Filter)?;
        Ok(Arc::new(WasmFilter::new(loaded.plugin.clone(), loaded.described.filter_events.clone())))
    }

    /// A hook named in delivery_plugins.
    ///
    /// # Errors
    /// One line, when there is no such plugin or it is no delivery hook.
    pub fn delivery_attempts(&self, name: &str) -> Result<Arc<dyn DeliveryAttempts>, String> {
        let loaded = self.loaded(name, World::DeliveryHook)?;
        Ok(Arc::new(WasmDeliveryAttempts::new(loaded.plugin.clone(), loaded.described.delivery_attempts)))
    }

    /// A reporter named in report_plugins. Its task runs on the current tokio runtime until the reporter is dropped.
    ///
    /// # Errors
    /// One line, when there is no such plugin or it takes no reports.
    pub fn report(&self, name: &str) -> Result<Arc<dyn Report>, String> {
        let loaded = self.loaded(name, World::Report)?;
        Ok(Arc::new(WasmReport::start(loaded.plugin.clone(), loaded.described.events)))
    }

    /// A plugin by its name in plugins.cf, or a default one's, that offers the world.
    fn loaded(&self, name: &str, world: World) -> Result<&Loaded, String> {
        let Some(loaded) = self.plugins.iter().find(|loaded| loaded.info.name == name) else {
            return Err(format!("no plugin {name} in plugins.cf"));
        };
        if loaded.info.worlds.contains(&world.name()) {
            return Ok(loaded);
        }
        Err(format!("plugin {name} offers {}, not {}", loaded.info.worlds.join(" and "), world.name()))
    }
}

impl Checkers for Registry {
    fn checker(&self, name: &str) -> Result<Arc<dyn Check>, String> {
        self.check(name)
    }
}

impl FilterSource for Registry {
    fn filter(&self, name: &str) -> Result<Arc<dyn Filter>, String> {
        self.filter(name)
    }
}

impl Catalogue for Registry {
    fn find(&self, name: &str) -> Option<Arc<dyn Restriction>> {
        let found = match self.restrictions.get(name) {
            Some(found) => found,
            None => self.restrictions.get(&name.to_ascii_lowercase())?,
        };
        Some(found.clone())
    }

    fn bare_table(&self, stage: Stage) -> Option<Arc<dyn Restriction>> {
        let (_, found) = self.bare_tables.iter().find(|(stages, _)| stages.contains(stage.set()))?;
        Some(found.clone())
    }

    fn of_plugin(&self, argument: &str) -> Result<Arc<dyn Restriction>, String> {
        let (name, wanted) = match argument.split_once(':') {
            Some((name, wanted)) => (name, Some(wanted)),
            None => (argument, None),
        };
        let plugin = &self.loaded(name, World::Restriction)?.plugin;
        let mut of_plugin: Vec<_> =
            self.offered.iter().filter(|restriction| restriction.plugin.number == plugin.number).collect();
        of_plugin.sort_by_key(|restriction| &restriction.offer.name);
        let names =
            || of_plugin.iter().map(|restriction| restriction.offer.name.as_str()).collect::<Vec<_>>().join(", ");
        match (wanted, &of_plugin[..]) {
            (None, [only]) => Ok((*only).clone()),
            (None, _) => Err(format!("plugin {name} offers several restrictions, say which: {}", names())),
            (Some(wanted), _) => {
                let named = |offer: &Offer| {
                    std::iter::once(&offer.name).chain(&offer.aliases).any(|name| name.eq_ignore_ascii_case(wanted))
                };
                let found = of_plugin.iter().find(|restriction| named(&restriction.offer));
                found
                    .map(|found| (*found).clone() as Arc<dyn Restriction>)
                    .ok_or_else(|| format!("plugin {name} offers no restriction {wanted}, only: {}", names()))
            }
        }
    }

    fn offers(&self) -> Vec<Offer> {
        // What only an alias leads to was replaced under its own name.
        let by_own_name = self.restrictions.iter().filter(|(key, found)| found.offer.name.eq_ignore_ascii_case(key));
        let mut offers: Vec<_> = by_own_name.map(|(_, found)| found.offer.clone()).collect();
        offers.sort_by(|a, b| a.name.cmp(&b.name));
        offers
    }

    fn generation(&self) -> u64 {
        self.generation
    }
}
