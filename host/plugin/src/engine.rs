//! The wasmtime engine all plugins share, and the clock that stops runaway calls.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::PluginError;

/// Bytes of Wasm stack a call may use.
const WASM_STACK: usize = 512 * 1024;
/// Live instances of all plugins together.
const INSTANCES: u32 = 4000;

/// The engine and its ticker. Clones share.
#[derive(Clone)]
pub(crate) struct Engine {
    wasmtime: wasmtime::Engine,
    ticker: Arc<Ticker>,
}

impl Engine {
    /// Starts the engine and its ticker thread; the thread ends with the last clone.
    pub(crate) fn start() -> Result<Self, PluginError> {
        let wasmtime = wasmtime::Engine::new(&pooled())
            // Address space may be limited (ulimit -v): mapping on demand is slower but needs none ahead.
            .or_else(|_| wasmtime::Engine::new(&on_demand()))
            .map_err(|error| PluginError::Server(format!("cannot start the Wasm engine: {error}")))?;
        let ticker = Arc::new(Ticker::default());
        ticker.run(&wasmtime)?;
        Ok(Self { wasmtime, ticker })
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.wasmtime
    }

    /// Keeps the ticker running until the guard is dropped: hold one for each call.
    pub(crate) fn tick(&self) -> Ticking<'_> {
        self.ticker.calls.fetch_add(1, Ordering::SeqCst);
        if self.ticker.parked.load(Ordering::SeqCst) {
            self.ticker.wake();
        }
        Ticking(&self.ticker)
    }

    /// The clock calls are measured by.
    pub(crate) fn ticks(&self) -> Ticks {
        Ticks(self.ticker.ticks.clone())
    }
}

fn on_demand() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(WASM_STACK + 1024 * 1024)
        // 4 GiB of address space for each memory lets Cranelift leave out bounds checks; smaller ones cost a third on regular expressions.
        .memory_reservation(4 << 30);
    config
}

fn pooled() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        // wit-component makes three core instances of one module.
        .total_core_instances(INSTANCES * 4)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES * 3)
        .total_stacks(INSTANCES / 2)
        .max_memory_size(4 << 30)
        .linear_memory_keep_resident(64 * 1024)
        .table_keep_resident(4 * 1024)
        .async_stack_keep_resident(16 * 1024);
    let mut config = on_demand();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Milliseconds for which calls were under way, roughly.
#[derive(Clone)]
pub(crate) struct Ticks(Arc<AtomicU64>);

impl Ticks {
    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A thread that advances the epoch every millisecond while calls are under way, and sleeps when there are none.
#[derive(Default)]
struct Ticker {
    calls: AtomicUsize,
    parked: AtomicBool,
    ticks: Arc<AtomicU64>,
    thread: std::sync::OnceLock<thread::Thread>,
}

impl Ticker {
    fn run(self: &Arc<Self>, engine: &wasmtime::Engine) -> Result<(), PluginError> {
        let weak_engine = engine.weak();
        let weak = Arc::downgrade(self);
        let handle = thread::Builder::new()
            .name("plugin-ticker".into())
            .spawn(move || {
                let mut idle = 0;
                while let (Some(ticker), Some(engine)) = (weak.upgrade(), weak_engine.upgrade()) {
                    engine.increment_epoch();
                    ticker.ticks.fetch_add(1, Ordering::Relaxed);
                    idle = if ticker.calls.load(Ordering::SeqCst) == 0 { idle + 1 } else { 0 };
                    drop(engine);
                    if idle < 100 {
                        drop(ticker);
                        thread::sleep(Duration::from_millis(1));
                        continue;
                    }
                    idle = 0;
                    ticker.parked.store(true, Ordering::SeqCst);
                    let still_idle = ticker.calls.load(Ordering::SeqCst) == 0;
                    drop(ticker);
                    if still_idle {
                        // The limit lets the thread notice that the engine is gone.
                        thread::park_timeout(Duration::from_secs(1));
                    }
                    if let Some(ticker) = weak.upgrade() {
                        ticker.parked.store(false, Ordering::SeqCst);
                    }
                }
            })
            .map_err(|error| PluginError::Server(format!("cannot start the ticker thread: {error}")))?;
        let _ = self.thread.set(handle.thread().clone());
        Ok(())
    }

    fn wake(&self) {
        self.parked.store(false, Ordering::SeqCst);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// A call under way.
pub(crate) struct Ticking<'a>(&'a Ticker);

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}
