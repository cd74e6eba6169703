//! The log line of each recipient's outcome, as log_adhoc(3) writes it and pflogsumm reads it.

pub mod delivery_status_filter;

use std::{
    fmt::Write,
    sync::Arc,
    time::{Duration, SystemTime},
};

use config::Config;
use hook::{MailLog, Outcome, Recipient, RecipientStatus, Request, Tables};
use mail::{Class, address::quote};

use delivery_status_filter::DeliveryStatusFilter;

config::parameters! {
    /// How many digits after the point delays are logged with at most.
    DELAY_LOGGING_RESOLUTION_LIMIT: Count = "delay_logging_resolution_limit", "2", min = 0, max = 6;
}

/// Significant digits of a delay below a hundred seconds.
const SIGNIFICANT_DIGITS: usize = 2;

/// Finishes a request for an agent: its delivery_status_filter, soft_bounce, then one line for each recipient.
#[derive(Clone)]
pub struct StatusLog {
    log: MailLog,
    decimals: usize,
    soft_bounce: bool,
    negative_cache: bool,
    filter: Option<DeliveryStatusFilter>,
}

/// A status and how often its connection was used before; 0 for agents without connections.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub status: RecipientStatus,
    pub earlier_uses: u32,
}

impl From<RecipientStatus> for Attempt {
    fn from(status: RecipientStatus) -> Self {
        Self { status, earlier_uses: 0 }
    }
}

impl StatusLog {
    /// For the master.cf service of this transport: `postfix/smtp` and the like.
    pub fn new(config: &Config, log: MailLog) -> Self {
        let decimals = config.get(&DELAY_LOGGING_RESOLUTION_LIMIT).clamp(0, 6) as usize;
        Self {
            log,
            decimals,
            soft_bounce: config.get(&config::parameters::SOFT_BOUNCE),
            negative_cache: config.get(&bounce::verify::parameters::ADDRESS_VERIFY_NEGATIVE_CACHE),
            filter: None,
        }
    }

    /// The same with the tables of the agent's own delivery_status_filter.
    #[must_use]
    pub fn with_filter(mut self, tables: &Arc<dyn Tables>, name: &'static str, maps: String) -> Self {
        self.filter = DeliveryStatusFilter::new(tables.clone(), name, maps, &self.log);
        self
    }

    /// The agent's log.
    pub fn log(&self) -> &MailLog {
        &self.log
    }

    /// Turns bounces into deferrals under soft_bounce, but not those of probes, and logs.
    pub async fn finish(&self, request: &Request, mut attempts: Vec<Attempt>, now: SystemTime) -> Vec<RecipientStatus> {
        if let Some(filter) = &self.filter {
            for attempt in &mut attempts {
                filter.apply(&mut attempt.status, &self.log).await;
            }
        }
        let finish_one = |(recipient, mut attempt): (&Recipient, Attempt)| {
            if self.soft_bounce && !request.probe && attempt.status.outcome == Outcome::Bounced {
                attempt.status.outcome = Outcome::Deferred;
                attempt.status.status = attempt.status.status.with_class(Class::Temporary);
            }
            let word = self.word(request.probe, attempt.status.outcome);
            self.log.info(format_args!("{}", status_line(request, recipient, &attempt, word, self.decimals, now)));
            attempt.status
        };
        request.recipients.iter().zip(attempts).map(finish_one).collect()
    }

    fn word(&self, probe: bool, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Deferred | Outcome::Bounced if probe && !self.negative_cache => "undeliverable-but-not-cached",
            outcome => word(probe, outcome),
        }
    }
}

/// Logs one recipient's outcome as [`StatusLog::finish`] does, for agents of other crates.
pub fn log_status(log: &MailLog, request: &Request, recipient: &Recipient, status: &RecipientStatus, now: SystemTime) {
    let attempt = Attempt::from(status.clone());
    let word = word(request.probe, status.outcome);
    log.info(format_args!("{}", status_line(request, recipient, &attempt, word, 2, now)));
}

/// `id: to=<..>, orig_to=<..>, relay=.., conn_use=.., delay=.., delays=a/b/c/d, dsn=.., status=sent (..)`.
fn status_line(
    request: &Request,
    recipient: &Recipient,
    attempt: &Attempt,
    word: &str,
    decimals: usize,
    now: SystemTime,
) -> String {
    let status = &attempt.status;
    let mut line = format!("{}: to=<{}>", request.queue_id, quote(&recipient.address));
    // Writing to a String cannot fail, here and below.
    if !recipient.original.is_empty() && !recipient.original.eq_ignore_ascii_case(&recipient.address) {
        let _ = write!(line, ", orig_to=<{}>", quote(&recipient.original));
    }
    let relay = if status.relay.is_empty() { &request.transport } else { &status.relay };
    let _ = write!(line, ", relay={relay}");
    if attempt.earlier_uses > 0 {
        let _ = write!(line, ", conn_use={}", attempt.earlier_uses + 1);
    }
    let total = elapsed(request.arrival, now);
    let before_active = elapsed(request.arrival, request.active_since).min(total);
    let (connect, transmit) = (seconds(status.connect_seconds), seconds(status.transmit_seconds));
    let waiting = total.saturating_sub(before_active).saturating_sub(connect + transmit);
    let delays = [before_active, waiting, connect, transmit].map(|delay| format_delay(delay, decimals));
    let delay = format_delay(total, decimals);
    let delays = delays.join("/");
    let _ = write!(line, ", delay={delay}, delays={delays}, dsn={}, status={word} ({})", status.status, status.text);
    line
}

/// After `status=`.
fn word(probe: bool, outcome: Outcome) -> &'static str {
    match (outcome, probe) {
        (Outcome::Delivered, true) => "deliverable",
        (Outcome::Deferred | Outcome::Bounced, true) => "undeliverable",
        (Outcome::Delivered, false) => "sent",
        (Outcome::Deferred, false) => "deferred",
        (Outcome::Bounced, false) => "bounced",
    }
}

/// Clocks may jump back: never negative.
fn elapsed(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap_or_default()
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or_default()
}

/// format_tv(3): few significant digits, no zeros at the end, whole seconds for long delays.
fn format_delay(delay: Duration, decimals: usize) -> String {
    let fraction_digits = if delay.as_secs() > 0 {
        SIGNIFICANT_DIGITS.saturating_sub(delay.as_secs().ilog10() as usize + 1)
    } else {
        // Zeros after the point are not significant.
        let zeros = (0..6).take_while(|n| delay.subsec_micros() < 10_u32.pow(5 - n)).count();
        SIGNIFICANT_DIGITS + zeros
    };
    let digits = fraction_digits.min(decimals);
    let unit = 10_u128.pow(6 - digits as u32);
    let rounded = (delay.as_micros() + unit / 2) / unit * unit;
    let mut text = format!("{}.{:06}", rounded / 1_000_000, rounded % 1_000_000);
    text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    text
}

#[cfg(test)]
mod tests;
