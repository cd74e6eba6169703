//! `notes`: small values kept with the message.

use crate::{
    bindings::waxwing::plugin::notes,
    state::{Refusal, State},
};

impl notes::Host for State {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.sees_everything();
        Ok(self.current()?.notes.get(&self.plugin.name, &key))
    }

    fn set(&mut self, key: String, value: Option<String>) -> wasmtime::Result<()> {
        self.sees_everything();
        self.current()?
            .notes
            .set(&self.plugin.name, &key, value.as_deref())
            .map_err(|_| Refusal::refused("notes.set: key over 64 bytes, value over 4096 bytes, or more than 32 notes"))
    }

    fn get_from(&mut self, plugin: String, key: String) -> wasmtime::Result<Option<String>> {
        self.sees_everything();
        Ok(self.current()?.notes.get(&plugin, &key))
    }
}
