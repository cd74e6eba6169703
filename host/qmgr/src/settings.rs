//! What qmgr(8) reads of main.cf and master.cf, once a configuration generation.

use std::{collections::HashMap, time::Duration};

use bounce::verify::parameters::ADDRESS_VERIFY_PENDING_REQUEST_LIMIT;
use config::{
    Config,
    parameters::{
        BOUNCE_QUEUE_LIFETIME, DEFAULT_PROCESS_LIMIT, DEFER_TRANSPORTS, DELAY_WARNING_TIME, DOUBLE_BOUNCE_SENDER,
        MAXIMAL_QUEUE_LIFETIME, MYHOSTNAME, SOFT_BOUNCE, SYSLOG_NAME,
    },
};

use crate::{feedback::Feedback, parameters::*};

/// Limits of the whole queue manager.
#[derive(Clone, Debug)]
pub struct Settings {
    pub syslog_name: String,
    pub minimal_backoff: Duration,
    pub maximal_backoff: Duration,
    pub queue_run_delay: Duration,
    pub maximal_lifetime: Duration,
    pub bounce_lifetime: Duration,
    /// None: delay_warning_time = 0.
    pub delay_warning: Option<Duration>,
    pub defer_transports: Vec<String>,
    pub soft_bounce: bool,
    /// Where a filter without a destination gets mail: default_filter_nexthop, and what stands in for a domain.
    pub filter_nexthop: String,
    /// Mail for this user of ours is thrown away.
    pub double_bounce_sender: String,
    /// address_verify_pending_request_limit.
    pub probe_limit: usize,
    pub hostname: String,
    /// By the transport's name in master.cf.
    pub transports: HashMap<String, TransportLimits>,
}

/// Limits of one transport.
#[derive(Clone, Debug, PartialEq)]
pub struct TransportLimits {
    /// maxproc: deliveries at the same time.
    pub processes: usize,
    /// 0: no limit, as for the next two.
    pub concurrency: u32,
    pub recipients: usize,
    pub initial_concurrency: u32,
    pub positive: Feedback,
    pub negative: Feedback,
    pub failed_cohorts: u32,
    pub destination_rate_delay: Duration,
    pub transport_rate_delay: Duration,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        let warning = config.get(&DELAY_WARNING_TIME);
        Self {
            syslog_name: config.get(&SYSLOG_NAME),
            minimal_backoff: config.get(&MINIMAL_BACKOFF_TIME),
            maximal_backoff: config.get(&MAXIMAL_BACKOFF_TIME),
            queue_run_delay: config.get(&QUEUE_RUN_DELAY),
            maximal_lifetime: config.get(&MAXIMAL_QUEUE_LIFETIME),
            bounce_lifetime: config.get(&BOUNCE_QUEUE_LIFETIME),
            delay_warning: (!warning.is_zero()).then_some(warning),
            defer_transports: config.get(&DEFER_TRANSPORTS),
            soft_bounce: config.get(&SOFT_BOUNCE),
            filter_nexthop: config.get(&DEFAULT_FILTER_NEXTHOP),
            hostname: config.get(&MYHOSTNAME),
            double_bounce_sender: config.get(&DOUBLE_BOUNCE_SENDER),
            probe_limit: config.get(&ADDRESS_VERIFY_PENDING_REQUEST_LIMIT) as usize,
            transports: config
                .master()
                .iter()
                .filter(|entry| config::DELIVERY_COMMANDS.contains(&entry.command.as_str()))
                .map(|entry| (entry.service.clone(), TransportLimits::of(config, &entry.service, entry.maxproc)))
                .collect(),
        }
    }
}

impl TransportLimits {
    fn of(config: &Config, transport: &str, maxproc: Option<u32>) -> Self {
        let count = |parameter| config.get_for(transport, parameter) as u32;
        let rate_delay = config.get_for(transport, &DESTINATION_RATE_DELAY);
        // local(8) has its own defaults, which a setting of the name overrides like any other.
        let is_set = |suffix: &str| config.is_set(&format!("{transport}{suffix}"));
        let local = transport == "local";
        let concurrency = if local && !is_set(DESTINATION_CONCURRENCY_LIMIT.name) {
            config.get(&LOCAL_DESTINATION_CONCURRENCY_LIMIT) as u32
        } else {
            count(&DESTINATION_CONCURRENCY_LIMIT)
        };
        let recipients = if local && !is_set(DESTINATION_RECIPIENT_LIMIT.name) {
            config.get(&LOCAL_DESTINATION_RECIPIENT_LIMIT) as usize
        } else {
            count(&DESTINATION_RECIPIENT_LIMIT) as usize
        };
        let processes = match maxproc {
            // Postfix: 0 is no limit.
            Some(0) => usize::MAX >> 4,
            Some(limit) => limit as usize,
            None => config.get(&DEFAULT_PROCESS_LIMIT) as usize,
        };
        Self {
            processes,
            // With a rate delay deliveries follow one another, as in Postfix.
            concurrency: if rate_delay.is_zero() { concurrency } else { 1 },
            recipients,
            initial_concurrency: count(&TRANSPORT_INITIAL_DESTINATION_CONCURRENCY),
            positive: Feedback::parse(&config.get_for(transport, &DESTINATION_CONCURRENCY_POSITIVE_FEEDBACK)),
            negative: Feedback::parse(&config.get_for(transport, &DESTINATION_CONCURRENCY_NEGATIVE_FEEDBACK)),
            failed_cohorts: count(&DESTINATION_CONCURRENCY_FAILED_COHORT_LIMIT),
            destination_rate_delay: rate_delay,
            transport_rate_delay: config.get_for(transport, &TRANSPORT_RATE_DELAY),
        }
    }
}
