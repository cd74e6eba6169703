//! The question and the report.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use hook::{Clock, MailLog, Probe, ProbeStatus};
use mail::{Envelope, EnvelopeRecipient};

use super::{
    Cache, Settings,
    entry::Entry,
    settings::{Lifetimes, Map},
};
use crate::{BounceError, Submit};

/// verify(8) of one configuration generation.
pub struct Verify {
    settings: Settings,
    cache: Arc<Cache>,
    submit: Arc<dyn Submit>,
    clock: Arc<dyn Clock>,
    log: MailLog,
}

impl Verify {
    /// With the cache of `before`, if it is the same one.
    pub fn new(
        settings: Settings,
        before: Option<&Verify>,
        submit: Arc<dyn Submit>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let same = |map: &Map| before.filter(|before| before.cache.is_for(map)).map(|before| before.cache.clone());
        let cache = same(&settings.map).unwrap_or_else(|| Cache::new(settings.map.clone()));
        let log = MailLog::new(&settings.syslog_name, "verify");
        Arc::new(Self { settings, cache, submit, clock, log })
    }

    /// What is known of an address. An unknown one is probed, and the answer waits for the outcome as
    /// address_verify_poll_count and _poll_delay say. `stress`: as under stress=yes.
    pub async fn query(self: &Arc<Self>, address: &str, stress: bool) -> Result<Probe, BounceError> {
        let polls = if stress { self.settings.stressed_polls } else { self.settings.polls };
        let mut count = 1;
        loop {
            let entry = self.look_up(address).await.inspect_err(|error| self.log.warning(format_args!("{error}")))?;
            if entry.status != ProbeStatus::InProgress || count >= polls.count {
                return Ok(entry.into());
            }
            count += 1;
            if let Some(entry) = self.wait(address, polls.delay).await? {
                return Ok(entry.into());
            }
        }
    }

    /// The outcome, as soon as it is there, but no longer than so.
    async fn wait(&self, address: &str, delay: Duration) -> Result<Option<Entry>, BounceError> {
        let until = tokio::time::Instant::now() + delay;
        let news = self.cache.news(address);
        let news = news.notified();
        // What came before there was somebody to be told.
        if let Some(known) = self.known(address).await? {
            return Ok(Some(known));
        }
        if tokio::time::timeout_at(until, news).await.is_err() {
            return Ok(None);
        }
        let known = self.known(address).await?;
        if known.is_none() {
            // An outcome that is not cached: as without news, so that one session does not send probe after probe.
            tokio::time::sleep_until(until).await;
        }
        Ok(known)
    }

    async fn known(&self, address: &str) -> Result<Option<Entry>, BounceError> {
        let found = self.cache.get(address).await?;
        Ok(found.filter(|entry| {
            entry.status != ProbeStatus::InProgress && !entry.has_expired(self.lifetimes(), self.now())
        }))
    }

    /// Answers at once; sends a probe where one is due.
    async fn look_up(self: &Arc<Self>, address: &str) -> Result<Entry, BounceError> {
        self.clean().await;
        let now = self.now();
        let seen = self.cache.get(address).await?;
        let current = seen.clone().filter(|entry| !entry.has_expired(self.lifetimes(), now));
        let entry = current.unwrap_or_else(Entry::unknown);
        if entry.wants_probe(self.lifetimes(), now) && self.cache.begin(address, self.clock.monotonic()) {
            if entry.updated != 0 || self.settings.negative_cache {
                let marked = Entry { probed: now, ..entry.clone() };
                // An outcome that came meanwhile stays.
                let mark = move |found: Option<Entry>| (found == seen).then_some(marked);
                self.cache.change(address, Box::new(mark)).await.inspect_err(|_| self.cache.end(address))?;
            }
            let (verify, address) = (self.clone(), address.to_string());
            tokio::spawn(async move { verify.send(&address, now).await });
        }
        Ok(entry)
    }

    /// Puts a probe into the queue.
    async fn send(&self, address: &str, now: u64) {
        let mut envelope = Envelope::new(self.settings.sender.at(now), self.clock.now());
        envelope.recipients.push(EnvelopeRecipient { address: address.to_string(), ..Default::default() });
        envelope.probe = true;
        envelope.internal = true;
        envelope.client.local = true;
        envelope.smtputf8 = self.settings.smtputf8 && !address.is_ascii();
        if let Err(error) = self.submit.submit(envelope, Vec::new()).await {
            self.log.warning(format_args!("probe for {address} not queued: {error}"));
            let unmark = move |found: Option<Entry>| {
                found.filter(|entry| entry.probed == now).map(|entry| Entry { probed: 0, ..entry })
            };
            if let Err(error) = self.cache.change(address, Box::new(unmark)).await {
                self.log.warning(format_args!("{error}"));
            }
            self.cache.end(address);
        }
    }

    /// What became of a probe. A failure does not replace a deliverable address that still counts: as long as some probes
    /// succeed, the address stays good.
    pub async fn report(&self, address: &str, status: ProbeStatus, text: &str) -> Result<(), BounceError> {
        let entry = Entry { status, probed: 0, updated: self.now(), text: mail::reply::clean(text) };
        let store = self.settings.negative_cache;
        let edit = move |found: Option<Entry>| {
            let wanted = entry.is_deliverable() || (store && found.is_none_or(|found| !found.is_deliverable()));
            wanted.then_some(entry)
        };
        let changed = self.cache.change(address, Box::new(edit)).await;
        self.cache.end(address);
        changed
    }

    /// Whether mail to this address is the answer to a probe of ours: address_verify_sender, without the part that changes.
    pub fn probe_sender(&self, address: &str) -> Option<&str> {
        self.settings.sender.recognize(address, self.now())
    }

    /// address_verify_cache_cleanup_interval.
    async fn clean(self: &Arc<Self>) {
        let Some(interval) = self.settings.cleanup_interval else { return };
        let (lifetimes, now) = (self.settings.lifetimes.clone(), self.now());
        let dead = move |entry: &Entry| entry.has_expired(&lifetimes, now);
        match self.cache.clean(Duration::from_secs(interval), self.clock.monotonic(), dead).await {
            Ok(Some((kept, dropped))) => self.log.info(format_args!(
                "cache {} full cleanup: retained={kept} dropped={dropped} entries",
                self.cache.title()
            )),
            Ok(None) => {}
            Err(error) => self.log.warning(format_args!("{error}")),
        }
    }

    #[cfg(test)]
    pub(super) fn cache(&self) -> Arc<Cache> {
        self.cache.clone()
    }

    fn lifetimes(&self) -> &Lifetimes {
        &self.settings.lifetimes
    }

    /// Seconds since 1970.
    fn now(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}
