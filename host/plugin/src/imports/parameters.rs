//! `parameters`: the values the host checked when it loaded the plugin.

use crate::{bindings::waxwing::plugin::parameters, parameters::Value, state::State};

impl State {
    fn parameter(&self, name: &str) -> wasmtime::Result<Option<&Value>> {
        self.needs("parameters", true)?;
        Ok(self.plugin.parameters.get(name))
    }
}

impl parameters::Host for State {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.parameter(&name)?.map(|value| value.text().to_owned()))
    }

    fn get_boolean(&mut self, name: String) -> wasmtime::Result<Option<bool>> {
        Ok(self.parameter(&name)?.and_then(Value::boolean))
    }

    fn get_number(&mut self, name: String) -> wasmtime::Result<Option<i64>> {
        Ok(self.parameter(&name)?.and_then(Value::number))
    }

    fn get_duration(&mut self, name: String) -> wasmtime::Result<Option<u64>> {
        Ok(self.parameter(&name)?.and_then(Value::milliseconds))
    }

    fn get_list(&mut self, name: String) -> wasmtime::Result<Vec<String>> {
        Ok(self.parameter(&name)?.map(Value::items).unwrap_or_default())
    }
}
