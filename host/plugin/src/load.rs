//! From the bytes of a .wasm file to a compiled component. Compiling never happens on a session's thread.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use wasmtime::component::Component;
use wit_component::ComponentEncoder;

use crate::{
    cwasm::{self, CompiledStore},
    engine::Engine,
};

/// Loads components; one compiled before, in this run or an earlier one, is not compiled again. Clones share.
#[derive(Clone)]
pub(crate) struct Loader {
    engine: Engine,
    store: Arc<CompiledStore>,
    loaded: Arc<Mutex<HashMap<String, Component>>>,
}

impl Loader {
    /// `directory` keeps compiled components.
    pub(crate) fn new(engine: Engine, directory: &Path) -> Self {
        let store = Arc::new(CompiledStore::open(directory, engine.wasmtime()));
        Self { engine, store, loaded: Arc::default() }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Compiles a component, or a core module that carries its component type. `Err` is one line.
    pub(crate) async fn load(&self, wasm: Arc<[u8]>) -> Result<(String, Component), String> {
        let loader = self.clone();
        let compiled = tokio::task::spawn_blocking(move || {
            let hash = cwasm::hash(&wasm);
            loader.compile(&wasm, &hash).map(|component| (hash, component))
        });
        compiled.await.map_err(|_| "the compiler panicked".to_string())?
    }

    /// Forgets compiled components that no plugin of the current generation uses.
    pub(crate) fn keep_only(&self, hashes: &[String]) {
        self.lock().retain(|hash, _| hashes.contains(hash));
    }

    fn compile(&self, wasm: &[u8], hash: &str) -> Result<Component, String> {
        if let Some(component) = self.lock().get(hash) {
            return Ok(component.clone());
        }
        let component = match self.store.read(self.engine.wasmtime(), hash) {
            Some(component) => component,
            None => self.compile_now(wasm, hash)?,
        };
        self.lock().insert(hash.to_string(), component.clone());
        Ok(component)
    }

    fn compile_now(&self, wasm: &[u8], hash: &str) -> Result<Component, String> {
        let encoded;
        let component = if is_component(wasm)? {
            wasm
        } else {
            encoded = component_of_module(wasm)?;
            &encoded
        };
        let component = Component::from_binary(self.engine.wasmtime(), component)
            .map_err(|error| format!("not a valid component: {}", crate::failure::one_line(&error)))?;
        if let Err(error) = self.store.write(&component, hash) {
            tracing::debug!(target: "plugin", "cannot keep a compiled component: {error}");
        }
        Ok(component)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Component>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By the preamble: both formats begin with `\0asm`, then version 1 and layer 0 for modules, version 13 and layer 1 for components.
fn is_component(wasm: &[u8]) -> Result<bool, String> {
    match wasm.get(..8) {
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Ok(false),
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(true),
        _ => Err("not a WebAssembly file".to_string()),
    }
}

fn component_of_module(module: &[u8]) -> Result<Vec<u8>, String> {
    // These errors are chains from the general to the particular; the last link says what is wrong.
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    let encoder = encoder
        .module(module)
        .map_err(|error| format!("not a plugin: {}", crate::failure::cut(&error.root_cause().to_string())))?;
    encoder.encode().map_err(|error| format!("not a plugin: {}", crate::failure::cut(&error.root_cause().to_string())))
}
