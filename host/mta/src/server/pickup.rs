//! pickup(8): mail that sendmail left in maildrop because the server was not there, and when it is looked for: every `wakeup`
//! of master.cf, and when sendmail asks for it.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use config::{Wakeup, parameters::QUEUE_DIRECTORY};
use tokio::sync::Notify;

use super::Server;
use crate::told::told;

/// Messages taken from maildrop at a time.
const BATCH: usize = 1000;

/// Who wants maildrop looked into. One task does so, so that no message is taken twice.
#[derive(Default)]
pub struct Maildrop {
    asked: Notify,
    reloaded: Notify,
    /// Somebody asked: a wakeup with `?` counts from then on.
    used: AtomicBool,
}

impl Maildrop {
    /// Now, whatever master.cf says. Does not wait for it.
    pub fn wake(&self) {
        self.used.store(true, Ordering::Relaxed);
        self.asked.notify_one();
    }

    /// master.cf may say another time.
    pub fn reloaded(&self) {
        self.reloaded.notify_one();
    }

    /// The time between two looks, as in master(8); none: only when asked.
    fn interval(&self, wakeup: Wakeup) -> Option<Duration> {
        let counts = wakeup.seconds > 0 && (!wakeup.only_if_used || self.used.load(Ordering::Relaxed));
        counts.then(|| Duration::from_secs(wakeup.seconds.into()))
    }
}

/// Runs until it is dropped. As master(8) does, it begins with a look at start and at each reload.
pub async fn pickup(server: Arc<Server>) {
    let mut asked = false;
    loop {
        let interval = server.maildrop.interval(server.current.load().pickup.wakeup);
        if (asked || interval.is_some())
            && let Err(error) = take_all(&server).await
        {
            server.log.warning(format_args!("maildrop: {}", told(&error)));
        }
        let pause = async {
            match interval {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        asked = tokio::select! {
            () = pause => false,
            () = server.maildrop.reloaded.notified() => false,
            () = server.maildrop.asked.notified() => true,
        };
    }
}

/// Batch after batch, until nothing is left but what cannot be taken now.
async fn take_all(server: &Arc<Server>) -> Result<()> {
    loop {
        let (found, taken) = take_batch(server).await?;
        if found < BATCH || taken == 0 {
            return Ok(());
        }
    }
}

/// The number of messages found, and of those taken.
async fn take_batch(server: &Arc<Server>) -> Result<(usize, usize)> {
    let directory = PathBuf::from(server.current.load().config.get(&QUEUE_DIRECTORY));
    let log = server.log.clone();
    let waiting = tokio::task::spawn_blocking(move || queue::maildrop::take(&directory, BATCH, &log)).await??;
    let (found, mut taken) = (waiting.len(), 0);
    for dropped in waiting {
        let content = dropped.content.read(0, dropped.content.len() as usize)?;
        if let Err(error) = server.take_local(dropped.uid, dropped.envelope.clone(), &content).await {
            // It waits for the next time, and holds nobody up.
            server.log.warning(format_args!("maildrop: {}", told(&error)));
            continue;
        }
        // Removed only after it is durable in the queue; a crash in between may deliver it twice.
        tokio::task::spawn_blocking(move || dropped.remove()).await??;
        taken += 1;
    }
    Ok((found, taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wakeup_with_a_question_mark_waits_for_the_first_use() {
        let maildrop = Maildrop::default();
        let wakeup = |seconds, only_if_used| Wakeup { seconds, only_if_used };
        let minute = Some(Duration::from_secs(60));
        assert_eq!(maildrop.interval(wakeup(60, false)), minute);
        assert_eq!(maildrop.interval(wakeup(0, false)), None);
        assert_eq!(maildrop.interval(wakeup(60, true)), None, "not used yet");
        maildrop.wake();
        assert_eq!(maildrop.interval(wakeup(60, true)), minute);
        assert_eq!(maildrop.interval(wakeup(0, true)), None);
    }
}
