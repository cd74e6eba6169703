//! `wasm:NAME` among lookup tables: plugins of the world table.

use std::sync::{Arc, Mutex, PoisonError};

use config::Config;
use plugin::PluginHost;

/// `wasm:NAME` tables need the plugins, and the plugins need tables: the host is put in here once it runs.
#[derive(Default)]
pub struct WasmTables(std::sync::OnceLock<std::sync::Weak<PluginHost>>);

impl WasmTables {
    /// From now on tables come from this host's current generation.
    pub fn connect(&self, host: &Arc<PluginHost>) {
        // A second connection would be another server in this process; the first one stays.
        let _ = self.0.set(Arc::downgrade(host));
    }

    /// A table that is asked for when it is used: at start the tables are there before the plugins.
    pub(super) fn open(
        self: &Arc<Self>,
        config: &Config,
        name: &str,
        argument: &str,
    ) -> Result<Arc<dyn hook::Table>, String> {
        if !config.plugins().iter().any(|entry| entry.name == name) {
            return Err(format!("wasm:{name}: no plugin {name} in plugins.cf"));
        }
        let title = if argument.is_empty() { format!("wasm:{name}") } else { format!("wasm:{name}:{argument}") };
        Ok(Arc::new(WasmTable {
            host: self.clone(),
            name: name.into(),
            argument: argument.into(),
            title,
            opened: Mutex::default(),
        }))
    }
}

/// `wasm:NAME[:ARGUMENT]` of whatever generation of plugins is current.
struct WasmTable {
    host: Arc<WasmTables>,
    name: String,
    argument: String,
    title: String,
    /// The table of a generation.
    opened: Mutex<Option<(u64, Arc<dyn hook::Table>)>>,
}

impl WasmTable {
    async fn current(&self) -> Result<Arc<dyn hook::Table>, hook::TableError> {
        let trouble = |text: String| hook::TableError::Temporary(format!("{}: {text}", self.title));
        let Some(host) = self.host.0.get().and_then(std::sync::Weak::upgrade) else {
            return Err(trouble("plugins are not running".into()));
        };
        let registry = host.current();
        let generation = hook::Catalogue::generation(&*registry);
        let known = self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, table)) = known.filter(|(of, _)| *of == generation) {
            return Ok(table);
        }
        let table = registry.open_table(&self.name, &self.argument).await.map_err(trouble)?;
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some((generation, table.clone()));
        Ok(table)
    }
}

impl hook::Table for WasmTable {
    fn title(&self) -> &str {
        &self.title
    }

    /// Until it was used once a table counts as one of exact keys.
    fn kind(&self) -> hook::TableKind {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.as_ref().map_or(hook::TableKind::Keys, |(_, table)| table.kind())
    }

    fn lookup<'a>(&'a self, key: &'a str) -> hook::Lookup<'a, Option<String>> {
        hook::Lookup::Later(Box::pin(async move { self.current().await?.lookup(key).wait().await }))
    }
}
