//! `clock`.

use std::time::UNIX_EPOCH;

use crate::{bindings::waxwing::plugin::clock, state::State};

impl clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.sees_everything();
        self.needs("clock", false)?;
        Ok(self.plugin.services()?.clock.now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64))
    }

    fn monotonic(&mut self) -> wasmtime::Result<u64> {
        self.sees_everything();
        self.needs("clock", false)?;
        Ok(self.plugin.services()?.clock.monotonic().as_nanos() as u64)
    }
}
