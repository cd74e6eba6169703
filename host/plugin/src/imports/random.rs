//! `random`.

use crate::{
    bindings::waxwing::plugin::random,
    state::{Refusal, State},
};

/// Most bytes one call gives.
const BYTES: u32 = 4096;

impl random::Host for State {
    fn number(&mut self) -> wasmtime::Result<u64> {
        self.sees_everything();
        self.needs("random", false)?;
        Ok(self.plugin.services()?.randomness.number())
    }

    fn bytes(&mut self, len: u32) -> wasmtime::Result<Vec<u8>> {
        self.sees_everything();
        self.needs("random", false)?;
        if len > BYTES {
            return Err(Refusal::refused(format!("random.bytes({len}): at most {BYTES}")));
        }
        let mut bytes = vec![0; len as usize];
        self.plugin.services()?.randomness.fill(&mut bytes);
        Ok(bytes)
    }
}
