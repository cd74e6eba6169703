//! One loaded plugin: where its instances come from for each kind of call, and what becomes of them after it.

use std::sync::Arc;

use hook::{Call, Failure, FailureKind};
use tokio::sync::SemaphorePermit;

use crate::{
    describe::write_line,
    instances::{self, Health, Live, Pool},
    limits::{InstanceScope, Limit, Settings, World},
    run::{Runner, within},
    state::{Editing, Facts, Phase},
};

/// One plugin of one generation.
pub(crate) struct Plugin {
    /// Unique over all generations of a host: what [`hook::Instances`] knows its instances by.
    pub number: u64,
    pub facts: Arc<Facts>,
    pub clock: Arc<dyn hook::Clock>,
    pub settings: Settings,
    pub runner: Runner,
    pub pool: Pool,
    /// Of instances that cannot wait.
    pub at_once: Pool,
    pub health: Health,
}

impl Plugin {
    pub(crate) fn limit(&self, world: World) -> Limit {
        self.settings.limit(world, self.runner.waits)
    }

    /// Whether a call can be made without waiting for anything.
    pub(crate) fn answers_at_once(&self) -> bool {
        !self.runner.on_own_stack(&self.facts)
    }

    /// Whether a call may be tried without waiting, in an instance that has no memory of earlier calls.
    pub(crate) fn tries_at_once(&self) -> bool {
        let shared = self.settings.instance == InstanceScope::Shared;
        shared && self.runner.at_once.is_some() && !self.facts.is_held_up()
    }

    /// A failure of this plugin, counted.
    pub(crate) fn failure(&self, world: World, function: &str, kind: FailureKind, cause: String) -> Failure {
        self.health.ill(kind, self.clock.monotonic());
        self.failure_uncounted(world, function, kind, cause)
    }

    fn failure_uncounted(&self, world: World, function: &str, kind: FailureKind, cause: String) -> Failure {
        Failure {
            kind,
            plugin: self.facts.name.clone(),
            version: self.facts.version.clone(),
            function: format!("{} {function}", world.name()),
            cause,
            action: self.settings.failure_action(world),
        }
    }

    /// `Err` while the plugin may have no new instance.
    fn may_instantiate(&self, world: World, function: &str) -> Result<(), Failure> {
        let Some((kind, times, rest)) = self.health.waiting(self.clock.monotonic()) else {
            return Ok(());
        };
        let cause = format!("failed {times} times in a row, no new instance for {} ms", rest.as_millis().max(1));
        Err(self.failure_uncounted(world, function, kind, cause))
    }

    /// An instance that belongs to nobody else: where `live` has none, a new one.
    pub(crate) async fn instance(
        &self,
        live: Option<Box<Live>>,
        world: World,
        function: &str,
    ) -> Result<Box<Live>, Failure> {
        if let Some(live) = live {
            return Ok(live);
        }
        self.may_instantiate(world, function)?;
        let made = self.runner.instantiate(&self.facts, self.limit(world)).await;
        made.map_err(|(kind, cause)| self.failure(world, function, kind, cause))
    }

    /// The same where the plugin answers at once.
    pub(crate) fn instance_here(
        &self,
        live: Option<Box<Live>>,
        world: World,
        function: &str,
    ) -> Result<Box<Live>, Failure> {
        if let Some(live) = live {
            return Ok(live);
        }
        self.may_instantiate(world, function)?;
        let made = self.runner.instantiate_here(&self.facts, self.limit(world));
        made.map_err(|(kind, cause)| self.failure(world, function, kind, cause))
    }

    /// The instance kept for a call, by `instance=`.
    pub(crate) fn kept(&self, call: &Call) -> Option<Box<Live>> {
        match self.settings.instance {
            InstanceScope::Shared => self.pool.take(),
            InstanceScope::Session | InstanceScope::Message => {
                let live = instances::take_kept(&call.instances, self.number)?;
                // Numbers are unique within one host only.
                Arc::ptr_eq(&live.store.data().plugin, &self.facts).then_some(live)
            }
        }
    }

    /// Keeps the instance of a call that went well.
    pub(crate) fn keep(&self, call: &Call, mut live: Box<Live>) {
        self.health.well();
        live.store.data_mut().call = None;
        match self.settings.instance {
            InstanceScope::Shared if live.store.data().at_once => self.at_once.put(live),
            InstanceScope::Shared => self.pool.put(live),
            scope => instances::keep(&call.instances, self.number, scope, live),
        }
    }

    /// The instance for a call with a session, by `instance=`; ready to be called.
    pub(crate) async fn checked_out(
        &self,
        call: &Call,
        world: World,
        function: &str,
        editing: Editing,
    ) -> Result<Pooled<'_>, Failure> {
        let limit = self.limit(world);
        let permit = if self.settings.instance == InstanceScope::Shared {
            match within(limit.wait, self.pool.permit()).await {
                Ok(permit) => permit,
                Err(_) => {
                    let cause = "all instances are busy".to_string();
                    return Err(self.failure_uncounted(world, function, FailureKind::Deadline, cause));
                }
            }
        } else {
            None
        };
        let mut live = self.instance(self.kept(call), world, function).await?;
        live.store.data_mut().begin(Phase::Call, editing, Some(call.clone()));
        Ok(Pooled { live, _permit: permit })
    }

    /// An instance of the pool for a call without a session: tables, and `validate` of restrictions.
    pub(crate) async fn pooled(&self, world: World, function: &str, phase: Phase) -> Result<Pooled<'_>, Failure> {
        let limit = self.limit(world);
        let Ok(Some(permit)) = within(limit.wait, self.pool.permit()).await else {
            return Err(self.failure_uncounted(
                world,
                function,
                FailureKind::Deadline,
                "all instances are busy".to_string(),
            ));
        };
        let mut live = self.instance(self.pool.take(), world, function).await?;
        live.store.data_mut().begin(phase, Editing::Forbidden, None);
        Ok(Pooled { live, _permit: Some(permit) })
    }

    /// Puts an instance of the pool back after a good call and writes what the plugin logged, or drops it.
    pub(crate) fn finish_pooled<R>(
        &self,
        mut pooled: Pooled<'_>,
        world: World,
        function: &str,
        answer: Result<R, (FailureKind, String)>,
    ) -> Result<R, Failure> {
        let answer = answer.map_err(|(kind, cause)| self.failure(world, function, kind, cause))?;
        for line in &std::mem::take(&mut pooled.live.store.data_mut().log) {
            write_line(&self.facts.log, None, &self.facts.name, line);
        }
        self.health.well();
        self.pool.put(pooled.live);
        Ok(answer)
    }
}

/// An instance taken from the pool, and the right to it.
pub(crate) struct Pooled<'a> {
    pub live: Box<Live>,
    _permit: Option<SemaphorePermit<'a>>,
}

/// What a call for an interface gets that the component does not export: the registry checks worlds, so only a reload
/// that changed them between two calls could lead here.
pub(crate) fn not_exported() -> (FailureKind, String) {
    (FailureKind::Refused, "not exported".to_string())
}
