//! The world `report`: events after the fact, in batches, `report_plugins`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use hook::{Report, ReportEvent, ReportKind};
use tokio::{sync::mpsc, time::Instant};

use crate::{
    bindings::exports::waxwing::plugin::events as wit,
    describe::write_line,
    instances::Live,
    limits::World,
    loaded::{Plugin, not_exported},
    state::{Editing, Phase},
};

/// Events waiting; what comes on top is dropped and counted.
const BUFFER: usize = 10_000;
/// Most events of one call, and how long the first of them waits for more.
const BATCH: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(1);

/// Takes events for a plugin.
pub(crate) struct WasmReport {
    kinds: wit::Kinds,
    events: mpsc::Sender<ReportEvent>,
    dropped: Arc<AtomicU64>,
}

impl WasmReport {
    /// Starts the task that hands events over; it ends with the last sender.
    pub(crate) fn start(plugin: Arc<Plugin>, wanted: Option<wit::Kinds>) -> Self {
        let (events, receiver) = mpsc::channel(BUFFER);
        let dropped = Arc::<AtomicU64>::default();
        tokio::spawn(hand_over(plugin, receiver, dropped.clone()));
        Self { kinds: wanted.unwrap_or_else(wit::Kinds::empty), events, dropped }
    }
}

impl Report for WasmReport {
    fn wants(&self, kind: ReportKind) -> bool {
        self.kinds.contains(match kind {
            ReportKind::SessionEnd => wit::Kinds::SESSION_END,
            ReportKind::Queued => wit::Kinds::QUEUED,
            ReportKind::Delivered => wit::Kinds::DELIVERED,
            ReportKind::Deferred => wit::Kinds::DEFERRED,
            ReportKind::Bounced => wit::Kinds::BOUNCED,
            ReportKind::Expired => wit::Kinds::EXPIRED,
            ReportKind::Removed => wit::Kinds::REMOVED,
        })
    }

    fn report(&self, event: ReportEvent) {
        if self.wants(event.kind) && self.events.try_send(event).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn hand_over(plugin: Arc<Plugin>, mut events: mpsc::Receiver<ReportEvent>, dropped: Arc<AtomicU64>) {
    let mut kept: Option<Box<Live>> = None;
    let mut batch = Vec::new();
    while let Some(first) = events.recv().await {
        batch.push(first);
        let until = Instant::now() + PATIENCE;
        while batch.len() < BATCH {
            let room = BATCH - batch.len();
            match tokio::time::timeout_at(until, events.recv_many(&mut batch, room)).await {
                Ok(more) if more > 0 => {}
                _ => break,
            }
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            plugin.facts.log.warning(format_args!(
                "plugin {}: {lost} report events dropped: the plugin is too slow",
                plugin.facts.name
            ));
        }
        let wit_batch: Vec<_> = batch.drain(..).map(|event| wit_event(event, &plugin.facts.name)).collect();
        kept = call(&plugin, kept, &wit_batch).await;
    }
}

/// Gives the instance back when the call went well.
async fn call(plugin: &Plugin, kept: Option<Box<Live>>, batch: &[wit::Event]) -> Option<Box<Live>> {
    let log = &plugin.facts.log;
    let mut live = match plugin.instance(kept, World::Report, "report").await {
        Ok(live) => live,
        Err(failure) => {
            log.warning(format_args!("{failure}; {} events dropped", batch.len()));
            return None;
        }
    };
    let Live { store, guests, .. } = &mut *live;
    store.data_mut().begin(Phase::Call, Editing::Forbidden, None);
    let limit = plugin.limit(World::Report);
    let done = match &guests.events {
        Some(guest) => plugin.runner.call_unit(store, limit, guest.func_report(), (batch,)).await,
        None => Err(not_exported()),
    };
    if let Err((kind, cause)) = done {
        let failure = plugin.failure(World::Report, "report", kind, cause);
        log.warning(format_args!("{failure}; {} events dropped", batch.len()));
        return None;
    }
    plugin.health.well();
    for line in &live.store.data().log {
        write_line(log, None, &plugin.facts.name, line);
    }
    Some(live)
}

fn wit_event(event: ReportEvent, plugin: &str) -> wit::Event {
    let detail = |name, value| wit::Detail { name, value };
    wit::Event {
        kind: match event.kind {
            ReportKind::SessionEnd => wit::Kind::SessionEnd,
            ReportKind::Queued => wit::Kind::Queued,
            ReportKind::Delivered => wit::Kind::Delivered,
            ReportKind::Deferred => wit::Kind::Deferred,
            ReportKind::Bounced => wit::Kind::Bounced,
            ReportKind::Expired => wit::Kind::Expired,
            ReportKind::Removed => wit::Kind::Removed,
        },
        time: event.time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
        queue_id: event.queue_id,
        client_address: event.client_address,
        client_name: event.client_name,
        helo_name: event.helo_name,
        sasl_username: event.sasl_username,
        sender: event.sender,
        recipient: event.recipient,
        original_recipient: event.original_recipient,
        transport: event.transport,
        relay: event.relay,
        status: event.status,
        text: event.text,
        size: event.size,
        recipient_count: event.recipient_count,
        attempts: event.attempts,
        delay: event.delay.as_millis() as u64,
        // Its own only: wit/report.wit.
        notes: event
            .notes
            .into_iter()
            .filter(|(owner, _, _)| owner == plugin)
            .map(|(_, name, value)| detail(name, value))
            .collect(),
        details: event.details.into_iter().map(|(name, value)| detail(name, value)).collect(),
    }
}
