//! Building a generation: read, compile, link, describe, check against each other, give parameters their values.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU32},
};

use config::{Config, MasterEntry, PluginEntry};
use hook::{MailLog, Services, Stages};

use super::{Loaded, Origin, PluginInfo, Registry};
use crate::{
    PluginError, at_once,
    bindings::exports::waxwing::plugin::plugin::{Grant, ParameterKind},
    connections::Connections,
    describe::{Described, clean, describe},
    grants,
    instances::{Health, Pool},
    limits::{Mode, Settings, World},
    load::Loader,
    loaded::Plugin,
    parameters::{self, Value},
    reload::{Embedded, ServicesFactory},
    restriction::WasmRestriction,
    run::{Exports, Runner},
    state::Facts,
};

/// What a generation is built from.
pub(crate) struct Sources<'a> {
    pub loader: &'a Loader,
    pub generation: u64,
    pub config: &'a Config,
    pub entries: &'a [PluginEntry],
    pub embedded: Embedded,
    pub services: &'a ServicesFactory,
    pub log: &'a MailLog,
}

/// One plugin on its way.
struct Candidate {
    name: String,
    /// Of the plugins.cf entry, for errors.
    place: String,
    origin: Origin,
    entry: Option<PluginEntry>,
    settings: Settings,
    runner: Runner,
    hash: String,
    described: Described,
}

impl Candidate {
    fn wrong(&self, text: String) -> PluginError {
        PluginError::Component { place: self.place.clone(), plugin: self.name.clone(), text }
    }

    /// Whether its entry in plugins.cf sets a match list of its own.
    fn sets_match_list(&self) -> bool {
        self.described.description.parameters.iter().any(|parameter| {
            matches!(parameter.kind, ParameterKind::AddressList | ParameterKind::DomainList)
                && self.settings.parameters.iter().any(|(option, _)| *option == parameter.name)
        })
    }
}

/// Builds a generation; the first thing that is wrong is the error.
pub(crate) async fn build(sources: Sources<'_>) -> Result<Registry, PluginError> {
    let mut candidates = Vec::new();
    let mut files = Vec::new();
    for entry in sources.entries {
        let path = component_path(sources.config, entry);
        candidates.push(of_entry(&sources, entry, &path).await?);
        files.push(path);
    }
    for (name, wasm) in sources.embedded {
        candidates.push(of_default_plugin(&sources, name, wasm).await?);
    }
    check_options(&candidates, sources.config)?;
    let config = with_rows(sources.config, &candidates)?;
    let services = (sources.services)(&config);
    let hashes = candidates.iter().map(|candidate| candidate.hash.clone()).collect();
    let mut registry = Registry {
        generation: sources.generation,
        factory: sources.services.clone(),
        syslog_name: config.text("syslog_name").unwrap_or_default(),
        config,
        services,
        log: sources.log.clone(),
        plugins: Vec::new(),
        restrictions: HashMap::new(),
        offered: Vec::new(),
        bare_tables: Vec::new(),
        hashes,
        files,
    };
    for candidate in candidates {
        add(&mut registry, candidate, sources.services)?;
    }
    Ok(registry)
}

/// The file of an entry.
pub(crate) fn component_path(config: &Config, entry: &PluginEntry) -> PathBuf {
    Path::new(&config.get(&config::parameters::PLUGIN_DIRECTORY)).join(&entry.component)
}

async fn of_entry(sources: &Sources<'_>, entry: &PluginEntry, path: &Path) -> Result<Candidate, PluginError> {
    let settings = Settings::of_entry(entry)?;
    let wasm = tokio::fs::read(path).await.map_err(|error| {
        PluginError::Configuration(
            // The number Rust puts behind the words is no news to an administrator.
            format!("{}: plugin {}: open {}: {}", entry.place, entry.name, path.display(), reason(&error)),
        )
    })?;
    let origin = Origin::File(path.to_path_buf());
    candidate(sources, entry.name.clone(), entry.place.to_string(), origin, Some(entry.clone()), settings, wasm.into())
        .await
}

fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_string()
}

async fn of_default_plugin(sources: &Sources<'_>, name: &str, wasm: &'static [u8]) -> Result<Candidate, PluginError> {
    let settings = Settings::of_default_plugin();
    candidate(sources, name.to_string(), "default plugins".to_string(), Origin::Default, None, settings, wasm.into())
        .await
}

async fn candidate(
    sources: &Sources<'_>,
    name: String,
    place: String,
    origin: Origin,
    entry: Option<PluginEntry>,
    settings: Settings,
    wasm: Arc<[u8]>,
) -> Result<Candidate, PluginError> {
    let wrong = |text: String| PluginError::Component { place: place.clone(), plugin: name.clone(), text };
    let (hash, component) = sources.loader.load(wasm).await.map_err(wrong)?;
    let engine = sources.loader.engine();
    let linker = grants::linker(engine, &component, &settings.grants, &name, &place)?;
    let pre = linker.instantiate_pre(&component).map_err(|error| wrong(crate::failure::one_line(&error)))?;
    let exports = Exports::find(&pre)
        .map_err(|_| wrong("is no Waxwing plugin: it does not export waxwing:plugin/plugin@0.1".to_string()))?;
    if exports.worlds().is_empty() {
        return Err(wrong("exports none of the worlds of waxwing:plugin@0.1".to_string()));
    }
    let waits = grants::waits(engine, &component);
    let at_once = at_once::pre(engine, &component, waits).map_err(|error| wrong(crate::failure::one_line(&error)))?;
    let runner = Runner { engine: engine.clone(), pre, at_once, exports, waits, memory_limit: settings.memory_limit };
    let described = describe(&runner, &name, &settings, sources.log).await.map_err(wrong)?;
    Ok(Candidate { name, place, origin, entry, settings, runner, hash, described })
}

/// Every `-o` that is no option of the host must be a declared parameter.
fn check_options(candidates: &[Candidate], config: &Config) -> Result<(), PluginError> {
    for candidate in candidates {
        for (option, place) in &candidate.settings.parameters {
            let declared =
                candidate.described.description.parameters.iter().find(|parameter| parameter.name == *option);
            let Some(declared) = declared else {
                return Err(PluginError::Configuration(format!(
                    "{place}: plugin {} has no parameter {option}, and {option} is no option of plugins.cf",
                    candidate.name
                )));
            };
            let match_list = matches!(declared.kind, ParameterKind::AddressList | ParameterKind::DomainList);
            if match_list && config.rows().any(|row| row.name == option) {
                return Err(PluginError::Configuration(format!(
                    "{place}: {option} is a match list of the server: set it in main.cf"
                )));
            }
        }
    }
    Ok(())
}

fn with_rows(config: &Config, candidates: &[Candidate]) -> Result<Config, PluginError> {
    let mut rows: Vec<config::PluginRow> = Vec::new();
    for candidate in candidates {
        for parameter in &candidate.described.description.parameters {
            // A name the host owns is read, not declared.
            if config.rows().any(|row| row.name == parameter.name) {
                continue;
            }
            let row = parameters::row(&candidate.name, parameter);
            match rows.iter().find(|other| other.name == row.name) {
                None => rows.push(row),
                Some(other) if other.kind == row.kind && other.default == row.default => {}
                Some(other) => {
                    let text = format!("declares parameter {} otherwise than plugin {}", row.name, other.plugin);
                    return Err(candidate.wrong(text));
                }
            }
        }
    }
    config.with_plugin_rows(rows).map_err(|errors| PluginError::Configuration(errors.to_string().replace('\n', "; ")))
}

fn add(registry: &mut Registry, candidate: Candidate, services: &ServicesFactory) -> Result<(), PluginError> {
    let view = match &candidate.entry {
        Some(entry) => registry.config.plugin(entry),
        None => registry.config.clone(),
    };
    // Tables look a match list up by its parameter's name: one that only this plugin's `-o` sets needs tables that know it.
    let services = if candidate.sets_match_list() { services(&view) } else { registry.services.clone() };
    let mut values = HashMap::new();
    for parameter in &candidate.described.description.parameters {
        let value = parameters::value(&view, parameter).map_err(PluginError::Configuration)?;
        if parameter.kind == ParameterKind::Tables {
            open_tables(&candidate.name, &parameter.name, &value, &services)?;
            for text in of_services(&registry.config, &parameter.name) {
                let value = value.with_text(&parameter.name, &text).map_err(PluginError::Configuration)?;
                open_tables(&candidate.name, &parameter.name, &value, &services)?;
            }
        }
        values.insert(parameter.name.clone(), value);
    }
    let info_parameters = candidate.described.description.parameters.iter();
    let info_parameters =
        info_parameters.map(|parameter| (parameter.name.clone(), values[&parameter.name].text().to_string())).collect();
    // A session's instances of an old generation must never be taken for those of a new one.
    let number = registry.generation << 32 | registry.plugins.len() as u64;
    let plugin = Arc::new(plugin(number, &candidate, values, &services, &registry.log));
    let restrictions = add_restrictions(registry, &candidate, &plugin)?;
    let description = &candidate.described.description;
    let info = PluginInfo {
        name: candidate.name.clone(),
        version: clean(&description.version),
        summary: clean(&description.summary),
        origin: candidate.origin.clone(),
        mode: if candidate.settings.mode == Mode::Warn { "warn" } else { "enforce" },
        worlds: candidate.runner.exports.worlds().into_iter().map(World::name).collect(),
        restrictions,
        grants: candidate.settings.grants.texts(),
        requests: description
            .grants
            .iter()
            .map(|wanted| (grant_name(wanted.grant).to_string(), clean(&wanted.scope), clean(&wanted.reason)))
            .collect(),
        parameters: info_parameters,
    };
    registry.plugins.push(Loaded { plugin, described: candidate.described, info });
    Ok(())
}

fn open_tables(plugin: &str, parameter: &str, value: &Value, services: &Services) -> Result<(), PluginError> {
    for table in value.items() {
        let opened = services.tables.open(&table);
        opened.map_err(|text| PluginError::Configuration(format!("plugin {plugin}: {parameter}: {text}")))?;
    }
    Ok(())
}

/// What the services of master.cf set a parameter to.
fn of_services(config: &Config, parameter: &str) -> Vec<String> {
    let sets = |entry: &&MasterEntry| entry.overrides.iter().any(|(name, ..)| name == parameter);
    config.master().iter().filter(sets).filter_map(|entry| config.service(entry).text(parameter)).collect()
}

fn plugin(
    number: u64,
    candidate: &Candidate,
    parameters: HashMap<String, parameters::Value>,
    services: &Services,
    log: &MailLog,
) -> Plugin {
    let facts = Arc::new(Facts {
        name: candidate.name.clone(),
        version: clean(&candidate.described.description.version),
        services: Some(services.clone()),
        grants: candidate.settings.grants.clone(),
        parameters,
        own_options: candidate.settings.parameters.iter().map(|(name, _)| name.clone()).collect(),
        tables: Default::default(),
        endpoints: Default::default(),
        connections: Some(Connections::new(number, services.clock.clone())),
        log: log.clone(),
        slow: AtomicU32::new(0),
    });
    Plugin {
        number,
        facts,
        clock: services.clock.clone(),
        settings: candidate.settings.clone(),
        runner: candidate.runner.clone(),
        pool: Pool::new(),
        at_once: Pool::new(),
        health: Health::default(),
    }
}

/// Enters a plugin's restrictions. Plugins of plugins.cf come first and replace a default plugin's restriction of the same
/// name; two plugins of the same rank must not offer the same name.
fn add_restrictions(
    registry: &mut Registry,
    candidate: &Candidate,
    plugin: &Arc<Plugin>,
) -> Result<Vec<String>, PluginError> {
    let is_default = candidate.origin == Origin::Default;
    let ranked_default: HashSet<u64> = registry
        .plugins
        .iter()
        .filter(|loaded| loaded.info.origin == Origin::Default)
        .map(|loaded| loaded.plugin.number)
        .collect();
    let mut in_force = Vec::new();
    for offer in &candidate.described.restrictions {
        let restriction = Arc::new(WasmRestriction::new(plugin.clone(), offer.clone()));
        registry.offered.push(restriction.clone());
        let mut named = false;
        for name in std::iter::once(&offer.name).chain(&offer.aliases) {
            match registry.restrictions.get(&name.to_ascii_lowercase()) {
                None => {
                    registry.restrictions.insert(name.to_ascii_lowercase(), restriction.clone());
                    named |= *name == offer.name;
                }
                // Replaced by a plugin of plugins.cf.
                Some(other) if is_default && !ranked_default.contains(&other.plugin.number) => {}
                Some(other) => {
                    return Err(candidate
                        .wrong(format!("offers restriction {name}, as plugin {} does", other.plugin.facts.name)));
                }
            }
        }
        if !named {
            continue;
        }
        in_force.push(offer.name.clone());
        let taken = registry.bare_tables.iter().fold(Stages::empty(), |all, (stages, _)| all | *stages);
        let bare = offer.bare_table.difference(taken);
        if bare != offer.bare_table && !is_default {
            return Err(
                candidate.wrong(format!("{} takes a bare table where another plugin's restriction does", offer.name))
            );
        }
        if !bare.is_empty() {
            registry.bare_tables.push((bare, restriction));
        }
    }
    Ok(in_force)
}

fn grant_name(grant: Grant) -> &'static str {
    match grant {
        Grant::Dns => "dns",
        Grant::Tables => "tables",
        Grant::Addresses => "addresses",
        Grant::Verification => "verification",
        Grant::Store => "store",
        Grant::Http => "http",
        Grant::Socket => "socket",
        Grant::Body => "body",
        Grant::EditEnvelope => "edit-envelope",
        Grant::EditHeaders => "edit-headers",
        Grant::EditBody => "edit-body",
        Grant::Submit => "submit",
        Grant::Metrics => "metrics",
        Grant::Files => "files",
    }
}
