//! `parameters`: the values the host checked when it loaded the plugin, and what the service that asks overrides.

use std::borrow::Cow;

use crate::{bindings::waxwing::plugin::parameters, parameters::Value, state::State};

impl State {
    /// The plugin's own `-o` in plugins.cf, that of the service in master.cf, main.cf, the default: the first there is.
    fn parameter(&self, name: &str) -> wasmtime::Result<Option<Cow<'_, Value>>> {
        self.needs("parameters", true)?;
        let value = self.plugin.parameters.get(name);
        if let (Some(value), Some(text)) = (value, self.service_parameter(name)) {
            // Every service's values were checked when the configuration was read.
            return Ok(Some(value.with_text(name, text).map_or(Cow::Borrowed(value), Cow::Owned)));
        }
        Ok(value.map(Cow::Borrowed))
    }

    fn service_parameter(&self, name: &str) -> Option<&str> {
        let overrides = self.call.as_ref()?.session.service_parameters();
        let (_, text) = overrides.iter().find(|(overridden, _)| overridden == name)?;
        (!self.plugin.own_options.contains(name)).then_some(text)
    }

    /// Whether the service of this call has these tables in a parameter that the plugin declares for tables.
    pub(crate) fn service_has_tables(&self, tables: &str) -> bool {
        let overrides = self.call.as_ref().map_or(&[][..], |call| call.session.service_parameters());
        overrides
            .iter()
            .any(|(name, _)| self.parameter(name).ok().flatten().is_some_and(|value| value.is_tables(tables)))
    }
}

impl parameters::Host for State {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.parameter(&name)?.map(|value| value.text().to_owned()))
    }

    fn get_boolean(&mut self, name: String) -> wasmtime::Result<Option<bool>> {
        Ok(self.parameter(&name)?.and_then(|value| value.boolean()))
    }

    fn get_number(&mut self, name: String) -> wasmtime::Result<Option<i64>> {
        Ok(self.parameter(&name)?.and_then(|value| value.number()))
    }

    fn get_duration(&mut self, name: String) -> wasmtime::Result<Option<u64>> {
        Ok(self.parameter(&name)?.and_then(|value| value.milliseconds()))
    }

    fn get_list(&mut self, name: String) -> wasmtime::Result<Vec<String>> {
        Ok(self.parameter(&name)?.map(|value| value.items()).unwrap_or_default())
    }
}
