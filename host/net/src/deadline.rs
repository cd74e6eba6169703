//! Time limits of network reads and writes: a limit for each system call (`smtpd_timeout`), or one for a whole request
//! that a minimal data rate prolongs (`smtpd_per_request_deadline`, `smtpd_min_data_rate`).

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// How long reads and writes may wait. Belongs to the caller, who restarts it with each request.
#[derive(Clone, Debug)]
pub struct Deadline {
    limit: Duration,
    /// None: each read or write has the whole limit to itself.
    until: Option<Instant>,
    /// Bytes a second that prolong a request's deadline; 0: nothing does.
    min_data_rate: u64,
}

impl Deadline {
    /// Each read or write may wait as long as `limit`.
    pub fn per_read(limit: Duration) -> Self {
        Self { limit, until: None, min_data_rate: 0 }
    }

    /// All reads and writes from now on until [`Deadline::restart`] share `limit`. Every transferred byte adds
    /// 1 / `min_data_rate` seconds, but what is left never passes `limit`; with 0 nothing is added.
    pub fn per_request(limit: Duration, min_data_rate: u64) -> Self {
        Self { limit, until: Some(later(limit)), min_data_rate }
    }

    /// A new request begins. Costs nothing with a limit for each read.
    pub fn restart(&mut self) {
        if self.until.is_some() {
            self.until = Some(later(self.limit));
        }
    }

    /// The limit this was made with.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// When a call that begins to wait now must have ended.
    fn ends(&self) -> Instant {
        self.until.unwrap_or_else(|| later(self.limit))
    }

    /// Bytes went over the wire.
    pub(crate) fn transferred(&mut self, bytes: usize) {
        if let Some(until) = self.until.as_mut().filter(|_| self.min_data_rate > 0) {
            let more = Duration::from_secs_f64(bytes as f64 / self.min_data_rate as f64);
            *until = (*until + more).min(later(self.limit));
        }
    }
}

/// A limit of 0 means at once, as in Postfix; huge ones are cut to a year so that the sum cannot overflow.
fn later(limit: Duration) -> Instant {
    Instant::now() + limit.min(Duration::from_secs(365 * 24 * 3600))
}

/// One timer for a whole connection. It is registered only when a call really waits, and moved only to an earlier time:
/// one that fires too early is set again, so that an ordinary session touches the timer wheel about once.
#[derive(Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Ready when `until` has passed.
    fn poll(&mut self, context: &mut Context<'_>, until: Instant) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() > until {
            sleep.as_mut().reset(until);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if Instant::now() >= until {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(until);
        }
        Poll::Pending
    }

    /// Runs one read or write; none when it did not end in time.
    pub(crate) async fn run<T>(
        &mut self,
        deadline: &Deadline,
        mut call: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Option<T> {
        let mut ends = None;
        std::future::poll_fn(|context| {
            if let Poll::Ready(done) = call(context) {
                return Poll::Ready(Some(done));
            }
            let until = *ends.get_or_insert_with(|| deadline.ends());
            self.poll(context, until).map(|()| None)
        })
        .await
    }
}
