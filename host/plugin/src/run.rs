//! Making an instance of a component and calling one of its functions, measured against the limits.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use hook::FailureKind;
use tokio::time::error::Elapsed;
use wasmtime::{
    Store, UpdateDeadline,
    component::{ComponentNamedList, InstancePre, Lift, Lower, TypedFunc},
};

use crate::{
    bindings::exports::waxwing::plugin as exports,
    engine::Engine,
    failure,
    instances::Live,
    limits::{Limit, Waits, World},
    state::{Facts, Phase, State},
};

/// Bytes the host copies out of a guest in one call, its answer and the arguments of one import each: a list may name
/// the same megabyte a thousand times.
const COPIED_BYTES: usize = 8 * 1024 * 1024;

/// The interfaces a component exports, by world.
#[derive(Clone)]
pub(crate) struct Exports {
    pub plugin: exports::plugin::GuestIndices,
    pub restrictions: Option<exports::restrictions::GuestIndices>,
    pub content_checks: Option<exports::content_checks::GuestIndices>,
    pub filter_events: Option<exports::filter_events::GuestIndices>,
    pub lookup_table: Option<exports::lookup_table::GuestIndices>,
    pub transport: Option<exports::transport::GuestIndices>,
    pub delivery_attempts: Option<exports::delivery_attempts::GuestIndices>,
    pub events: Option<exports::events::GuestIndices>,
}

impl Exports {
    /// Finds what is exported; types are checked by [`Exports::load`].
    pub(crate) fn find(pre: &InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(Self {
            plugin: exports::plugin::GuestIndices::new(pre)?,
            restrictions: exports::restrictions::GuestIndices::new(pre).ok(),
            content_checks: exports::content_checks::GuestIndices::new(pre).ok(),
            filter_events: exports::filter_events::GuestIndices::new(pre).ok(),
            lookup_table: exports::lookup_table::GuestIndices::new(pre).ok(),
            transport: exports::transport::GuestIndices::new(pre).ok(),
            delivery_attempts: exports::delivery_attempts::GuestIndices::new(pre).ok(),
            events: exports::events::GuestIndices::new(pre).ok(),
        })
    }

    /// The worlds on offer.
    pub(crate) fn worlds(&self) -> Vec<World> {
        [
            (World::Restriction, self.restrictions.is_some()),
            (World::Check, self.content_checks.is_some()),
            (World::Filter, self.filter_events.is_some()),
            (World::Table, self.lookup_table.is_some()),
            (World::Delivery, self.transport.is_some()),
            (World::DeliveryHook, self.delivery_attempts.is_some()),
            (World::Report, self.events.is_some()),
        ]
        .into_iter()
        .filter_map(|(world, there)| there.then_some(world))
        .collect()
    }

    fn load(&self, store: &mut Store<State>, instance: &wasmtime::component::Instance) -> wasmtime::Result<Guests> {
        macro_rules! guest {
            ($name:ident) => {
                self.$name.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?
            };
        }
        Ok(Guests {
            plugin: self.plugin.load(&mut *store, instance)?,
            restrictions: guest!(restrictions),
            content_checks: guest!(content_checks),
            filter_events: guest!(filter_events),
            lookup_table: guest!(lookup_table),
            transport: guest!(transport),
            delivery_attempts: guest!(delivery_attempts),
            events: guest!(events),
        })
    }
}

/// The exports of one instance.
pub(crate) struct Guests {
    pub plugin: exports::plugin::Guest,
    pub restrictions: Option<exports::restrictions::Guest>,
    pub content_checks: Option<exports::content_checks::Guest>,
    pub filter_events: Option<exports::filter_events::Guest>,
    pub lookup_table: Option<exports::lookup_table::Guest>,
    pub transport: Option<exports::transport::Guest>,
    pub delivery_attempts: Option<exports::delivery_attempts::Guest>,
    pub events: Option<exports::events::Guest>,
}

/// [`tokio::time::timeout`] for what is mostly done when it is first asked: only what waits pays for a timer.
pub(crate) async fn within<F: Future>(wait: Duration, work: F) -> Result<F::Output, Elapsed> {
    let mut work = pin!(work);
    let first = poll_fn(|context| {
        Poll::Ready(match work.as_mut().poll(context) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        })
    });
    match first.await {
        Some(done) => Ok(done),
        None => tokio::time::timeout(wait, work).await,
    }
}

/// What it takes to make and call instances of one component.
#[derive(Clone)]
pub(crate) struct Runner {
    pub engine: Engine,
    pub pre: InstancePre<State>,
    /// The same for calls that try to do without waiting.
    pub at_once: Option<InstancePre<State>>,
    pub exports: Exports,
    /// Where it imports something that may wait, calls need a stack of their own.
    pub waits: Waits,
    pub memory_limit: usize,
}

impl Runner {
    /// Whether calls run on a stack of their own, where they can wait and let others run.
    pub(crate) fn on_own_stack(&self, facts: &Facts) -> bool {
        self.waits != Waits::Never || facts.is_held_up()
    }

    fn store(&self, facts: &Arc<Facts>) -> Store<State> {
        let state = State::new(facts.clone(), Phase::Describe, self.memory_limit, self.engine.ticks());
        let mut store = Store::new(self.engine.wasmtime(), state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(COPIED_BYTES);
        store.epoch_deadline_callback(|mut context| {
            let state = context.data_mut();
            if !state.meter.tick() {
                return Ok(UpdateDeadline::Interrupt);
            }
            if state.meter.yields {
                return Ok(UpdateDeadline::Yield(1));
            }
            // It holds up its thread: give later calls a stack of their own, so that they can yield. On a busy machine a
            // tick or two may pass while the whole thread waits for a processor.
            if state.meter.slices > 2 {
                state.plugin.is_slow();
            }
            Ok(UpdateDeadline::Continue(1))
        });
        store
    }

    /// A fresh instance.
    pub(crate) async fn instantiate(
        &self,
        facts: &Arc<Facts>,
        limit: Limit,
    ) -> Result<Box<Live>, (FailureKind, String)> {
        if !self.on_own_stack(facts) {
            return self.instantiate_here(facts, limit);
        }
        let mut store = self.store(facts);
        store.data_mut().meter.begin(limit, true);
        store.set_epoch_deadline(1);
        let _ticking = self.engine.tick();
        let made = tokio::time::timeout(limit.wait, self.pre.instantiate_async(&mut store)).await;
        let Ok(made) = made else {
            return Err((FailureKind::Deadline, format!("not instantiated within {} ms", limit.wait.as_millis())));
        };
        self.finish(store, made, limit)
    }

    /// On the caller's stack; where the component may wait, with imports that give up instead.
    pub(crate) fn instantiate_here(
        &self,
        facts: &Arc<Facts>,
        limit: Limit,
    ) -> Result<Box<Live>, (FailureKind, String)> {
        let mut store = self.store(facts);
        store.data_mut().at_once = self.at_once.is_some();
        store.data_mut().meter.begin(limit, false);
        store.set_epoch_deadline(1);
        let _ticking = self.engine.tick();
        let made = self.at_once.as_ref().unwrap_or(&self.pre).instantiate(&mut store);
        self.finish(store, made, limit)
    }

    fn finish(
        &self,
        mut store: Store<State>,
        made: wasmtime::Result<wasmtime::component::Instance>,
        limit: Limit,
    ) -> Result<Box<Live>, (FailureKind, String)> {
        let loaded = made.and_then(|instance| Ok((self.exports.load(&mut store, &instance)?, instance)));
        match loaded {
            Ok((guests, instance)) => Ok(Box::new(Live { store, guests, _instance: instance })),
            Err(error) => Err(failure::classify(&error, &store.data().meter, limit)),
        }
    }

    /// Calls a function of a live instance whose state was made ready by [`State::begin`].
    pub(crate) async fn call<P, R>(
        &self,
        store: &mut Store<State>,
        limit: Limit,
        func: TypedFunc<P, (R,)>,
        params: P,
    ) -> Result<R, (FailureKind, String)>
    where
        P: ComponentNamedList + Lower + Send + Sync,
        (R,): ComponentNamedList + Lift + Send + Sync + 'static,
    {
        if !self.on_own_stack(&store.data().plugin) {
            return self.call_here(store, limit, func, params);
        }
        store.data_mut().meter.begin(limit, true);
        store.set_epoch_deadline(1);
        let _ticking = self.engine.tick();
        let answer = within(limit.wait, func.call_async(&mut *store, params)).await;
        match answer {
            Ok(Ok((answer,))) => {
                let state = store.data();
                if state.meter.slices == 0 {
                    state.plugin.was_quick();
                }
                Ok(answer)
            }
            Ok(Err(error)) => Err(failure::classify(&error, &store.data().meter, limit)),
            Err(_) => Err((FailureKind::Deadline, failure::deadline(&store.data().meter, limit))),
        }
    }

    /// [`Runner::call`] for a function without an answer.
    pub(crate) async fn call_unit<P>(
        &self,
        store: &mut Store<State>,
        limit: Limit,
        func: TypedFunc<P, ()>,
        params: P,
    ) -> Result<(), (FailureKind, String)>
    where
        P: ComponentNamedList + Lower + Send + Sync,
    {
        store.data_mut().meter.begin(limit, true);
        store.set_epoch_deadline(1);
        let _ticking = self.engine.tick();
        match within(limit.wait, func.call_async(&mut *store, params)).await {
            Ok(done) => done.map_err(|error| failure::classify(&error, &store.data().meter, limit)),
            Err(_) => Err((FailureKind::Deadline, failure::deadline(&store.data().meter, limit))),
        }
    }

    /// The same on the caller's stack: for components that import nothing that waits.
    pub(crate) fn call_here<P, R>(
        &self,
        store: &mut Store<State>,
        limit: Limit,
        func: TypedFunc<P, (R,)>,
        params: P,
    ) -> Result<R, (FailureKind, String)>
    where
        P: ComponentNamedList + Lower,
        (R,): ComponentNamedList + Lift,
    {
        store.data_mut().meter.begin(limit, false);
        store.set_epoch_deadline(1);
        let _ticking = self.engine.tick();
        func.call(&mut *store, params)
            .map(|(answer,)| answer)
            .map_err(|error| failure::classify(&error, &store.data().meter, limit))
    }
}
