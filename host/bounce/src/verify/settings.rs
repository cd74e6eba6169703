//! What verify(8) reads of main.cf, once a configuration generation.

use std::{path::PathBuf, time::Duration};

use config::{
    Config,
    parameters::{SMTPUTF8_ENABLE, SYSLOG_NAME},
};

use super::{parameters::*, sender::ProbeSender};
use crate::BounceError;

/// Where the cache is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Map {
    Memory,
    /// `title` as in main.cf, for the log.
    File {
        title: String,
        path: PathBuf,
    },
}

/// Seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    pub positive_expire: u64,
    pub positive_refresh: u64,
    pub negative_expire: u64,
    pub negative_refresh: u64,
}

/// How a session waits for a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polls {
    pub count: i64,
    pub delay: Duration,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) map: Map,
    pub(super) lifetimes: Lifetimes,
    pub(super) negative_cache: bool,
    /// Seconds; None: never.
    pub(super) cleanup_interval: Option<u64>,
    pub(super) polls: Polls,
    /// The same under stress=yes.
    pub(super) stressed_polls: Polls,
    pub(super) sender: ProbeSender,
    pub(super) smtputf8: bool,
    pub(super) syslog_name: String,
}

impl Settings {
    /// `canonical` puts an address of this system into its canonical form. The error names the place in main.cf.
    pub fn new(config: &Config, canonical: impl Fn(&str) -> String) -> Result<Self, BounceError> {
        let seconds = |parameter: &config::Param<config::Time>| config.get(parameter).as_secs();
        let interval = seconds(&ADDRESS_VERIFY_CACHE_CLEANUP_INTERVAL);
        let sender = match config.get(&ADDRESS_VERIFY_SENDER).as_str() {
            "" | "<>" => String::new(),
            sender => canonical(sender),
        };
        Ok(Self {
            map: map(config)?,
            lifetimes: Lifetimes {
                positive_expire: seconds(&ADDRESS_VERIFY_POSITIVE_EXPIRE_TIME),
                positive_refresh: seconds(&ADDRESS_VERIFY_POSITIVE_REFRESH_TIME),
                negative_expire: seconds(&ADDRESS_VERIFY_NEGATIVE_EXPIRE_TIME),
                negative_refresh: seconds(&ADDRESS_VERIFY_NEGATIVE_REFRESH_TIME),
            },
            negative_cache: config.get(&ADDRESS_VERIFY_NEGATIVE_CACHE),
            cleanup_interval: (interval > 0).then_some(interval),
            polls: polls(config),
            stressed_polls: polls(&config.with_overrides(&[("stress".to_string(), "yes".to_string())])),
            sender: ProbeSender::new(sender, config.get(&ADDRESS_VERIFY_SENDER_TTL)),
            smtputf8: config.get(&SMTPUTF8_ENABLE),
            syslog_name: config.get(&SYSLOG_NAME),
        })
    }
}

fn polls(config: &Config) -> Polls {
    Polls { count: config.get(&ADDRESS_VERIFY_POLL_COUNT), delay: config.get(&ADDRESS_VERIFY_POLL_DELAY) }
}

/// Table types Postfix can write. All of them are our own store here, in a file beside the one Postfix would have.
const WRITABLE: &[&str] = &["btree", "hash", "lmdb", "dbm", "sdbm"];

fn map(config: &Config) -> Result<Map, BounceError> {
    let title = config.get(&ADDRESS_VERIFY_MAP);
    if title.is_empty() {
        return Ok(Map::Memory);
    }
    let table = title.strip_prefix("proxy:").unwrap_or(&title);
    match table.split_once(':') {
        Some(("internal", _)) => Ok(Map::Memory),
        Some((kind, path)) if WRITABLE.contains(&kind) && path.starts_with('/') => {
            Ok(Map::File { path: PathBuf::from(format!("{path}.redb")), title })
        }
        _ => {
            let name = ADDRESS_VERIFY_MAP.name;
            let place = config.place(name).map_or_else(String::new, |place| format!("{place}: "));
            Err(BounceError::Configuration(format!(
                "{place}{name} = {title}: not a table to write to; specify btree:/absolute/path (or hash, lmdb), or nothing \
                 for a cache in memory"
            )))
        }
    }
}
