//! What the cache knows of an address, and how long it counts.

use hook::{Probe, ProbeStatus};

use super::settings::Lifetimes;

/// Seconds during which no second probe for an address is sent.
pub const PROBE_TTL: u64 = 1000;

const IN_PROGRESS: &str = "Address verification in progress";

/// One address. Times are seconds since 1970; 0: never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub status: ProbeStatus,
    /// When a probe was sent whose outcome is not known.
    pub probed: u64,
    /// When the status became known.
    pub updated: u64,
    pub text: String,
}

impl Entry {
    /// An address of which nothing is known.
    pub fn unknown() -> Self {
        Self { status: ProbeStatus::InProgress, probed: 0, updated: 0, text: IN_PROGRESS.to_string() }
    }

    /// `status:probed:updated:text`, as in Postfix's cache.
    pub fn encode(&self) -> String {
        let status = match self.status {
            ProbeStatus::Deliverable => 0,
            ProbeStatus::Unreachable => 1,
            ProbeStatus::Undeliverable => 2,
            ProbeStatus::InProgress => 3,
        };
        format!("{status}:{}:{}:{}", self.probed, self.updated, self.text)
    }

    pub fn decode(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ':');
        let status = match parts.next()? {
            "0" => ProbeStatus::Deliverable,
            "1" => ProbeStatus::Unreachable,
            "2" => ProbeStatus::Undeliverable,
            "3" => ProbeStatus::InProgress,
            _ => return None,
        };
        let (probed, updated) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { status, probed, updated, text: parts.next()?.to_string() })
    }

    /// It no longer counts, and no outcome is on its way.
    pub fn has_expired(&self, lifetimes: &Lifetimes, now: u64) -> bool {
        let lifetime = if self.is_deliverable() { lifetimes.positive_expire } else { lifetimes.negative_expire };
        self.may_be_probed(now) && self.updated + lifetime < now
    }

    /// A probe is due: the status is old or not known.
    pub fn wants_probe(&self, lifetimes: &Lifetimes, now: u64) -> bool {
        let lifetime = if self.is_deliverable() { lifetimes.positive_refresh } else { lifetimes.negative_refresh };
        self.may_be_probed(now) && self.updated + lifetime < now
    }

    /// No probe was sent lately. A clock that was set back keeps none waiting.
    fn may_be_probed(&self, now: u64) -> bool {
        self.probed > now || now - self.probed > PROBE_TTL
    }

    pub fn is_deliverable(&self) -> bool {
        self.status == ProbeStatus::Deliverable
    }
}

impl From<Entry> for Probe {
    fn from(entry: Entry) -> Self {
        Self { status: entry.status, text: entry.text }
    }
}
