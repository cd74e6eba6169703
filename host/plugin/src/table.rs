//! The world `table`: `wasm:NAME` and `wasm:NAME:ARGUMENT` wherever a `type:name` may stand.

use std::sync::Arc;

use hook::{Failure, FailureAction, Lookup, TableError, TableKind};

use crate::{
    bindings::exports::waxwing::plugin::lookup_table as wit,
    describe::clean,
    instances::Live,
    limits::World,
    loaded::{Plugin, not_exported},
    state::Phase,
};

/// One open table.
pub(crate) struct WasmTable {
    plugin: Arc<Plugin>,
    title: String,
    argument: String,
    kind: TableKind,
}

impl WasmTable {
    /// Lets the plugin check the argument. `Err` is one line.
    pub(crate) async fn open(plugin: Arc<Plugin>, argument: &str) -> Result<Self, String> {
        let name = &plugin.facts.name;
        let title = if argument.is_empty() { format!("wasm:{name}") } else { format!("wasm:{name}:{argument}") };
        let limit = plugin.limit(World::Table);
        let mut pooled =
            plugin.pooled(World::Table, "open", Phase::Validate).await.map_err(|failure| failure.to_string())?;
        let Live { store, guests, .. } = &mut *pooled.live;
        let answer = match &guests.lookup_table {
            Some(guest) => plugin.runner.call(store, limit, guest.func_open(), (argument,)).await,
            None => Err(not_exported()),
        };
        let answer =
            plugin.finish_pooled(pooled, World::Table, "open", answer).map_err(|failure| failure.to_string())?;
        let kind = match answer.map_err(|text| format!("{title}: {}", clean(&text)))? {
            wit::TableKind::Keys => TableKind::Keys,
            wit::TableKind::Patterns => TableKind::Patterns,
        };
        Ok(Self { plugin, title, argument: argument.to_string(), kind })
    }

    async fn find(&self, key: &str) -> Result<Option<String>, TableError> {
        let failed = |failure: Failure| {
            let text = format!("{}: {failure}", self.title);
            match failure.action {
                FailureAction::Reject => TableError::Configuration(text),
                FailureAction::Defer | FailureAction::Dunno => TableError::Temporary(text),
            }
        };
        let limit = self.plugin.limit(World::Table);
        let mut pooled = self.plugin.pooled(World::Table, "lookup", Phase::Call).await.map_err(failed)?;
        let Live { store, guests, .. } = &mut *pooled.live;
        let answer = match &guests.lookup_table {
            Some(guest) => {
                self.plugin.runner.call(store, limit, guest.func_lookup(), (self.argument.as_str(), key)).await
            }
            None => Err(not_exported()),
        };
        let answer = self.plugin.finish_pooled(pooled, World::Table, "lookup", answer).map_err(failed)?;
        match answer {
            // An empty value is a mistake in every Postfix table.
            Ok(Some(value)) if value.is_empty() => {
                Err(TableError::Temporary(format!("{}: empty value for key {}", self.title, clean(key))))
            }
            Ok(value) => Ok(value.map(|value| mail::reply::clean(&value))),
            Err(wit::LookupError::Temporary(text)) => {
                Err(TableError::Temporary(format!("{}: {}", self.title, clean(&text))))
            }
            Err(wit::LookupError::Configuration(text)) => {
                Err(TableError::Configuration(format!("{}: {}", self.title, clean(&text))))
            }
        }
    }
}

impl hook::Table for WasmTable {
    fn title(&self) -> &str {
        &self.title
    }

    fn kind(&self) -> TableKind {
        self.kind
    }

    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        Lookup::Later(Box::pin(self.find(key)))
    }
}
