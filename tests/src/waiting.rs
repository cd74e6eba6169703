//! Waiting for something to become true, with an end.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How much longer a machine may take that has other work: `seconds` are those of a quiet one.
const BUSY: u32 = 3;

/// Asks `ready` every 20 ms until it answers, for about so many `seconds`.
pub fn until<T>(seconds: u64, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + Duration::from_secs(seconds) * BUSY;
    loop {
        if let Some(found) = ready() {
            return Some(found);
        }
        if Instant::now() > end {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The same for a condition.
pub fn until_true(seconds: u64, mut ready: impl FnMut() -> bool) -> bool {
    until(seconds, || ready().then_some(())).is_some()
}
