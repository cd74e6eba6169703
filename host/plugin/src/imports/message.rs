//! `message` and `body`: the content, read in pieces.

use crate::{
    bindings::waxwing::plugin::{body, message, types},
    state::State,
};

/// Most bytes one `body.read` gives.
const PIECE: u32 = 64 * 1024;

impl State {
    /// None before there is content.
    fn message(&mut self) -> wasmtime::Result<Option<&dyn hook::MessageView>> {
        self.sees_everything();
        Ok(self.current()?.message.as_deref())
    }
}

impl message::Host for State {
    fn size(&mut self) -> wasmtime::Result<u64> {
        Ok(self.message()?.map_or(0, |message| message.size()))
    }

    fn header_count(&mut self) -> wasmtime::Result<u32> {
        Ok(self.message()?.map_or(0, |message| message.header_count()))
    }

    fn header_at(&mut self, index: u32) -> wasmtime::Result<Option<types::Header>> {
        let header = self.message()?.and_then(|message| message.header_at(index));
        Ok(header.map(|(name, value)| types::Header { name, value }))
    }

    fn find_header(&mut self, name: String, nth: u32) -> wasmtime::Result<Option<u32>> {
        Ok(self.message()?.and_then(|message| message.find_header(&name, nth)))
    }

    fn raw_header(&mut self, index: u32) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.message()?.and_then(|message| message.raw_header(index)).map(|bytes| bytes.to_vec()))
    }
}

impl body::Host for State {
    fn size(&mut self) -> wasmtime::Result<u64> {
        Ok(self.message()?.map_or(0, |message| message.body_size()))
    }

    fn read(&mut self, offset: u64, len: u32) -> wasmtime::Result<Vec<u8>> {
        Ok(self.message()?.map(|message| message.read_body(offset, len.min(PIECE)).to_vec()).unwrap_or_default())
    }
}
