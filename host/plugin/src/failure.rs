//! What went wrong in a call, as one of the six kinds of [`hook::FailureKind`].

use hook::FailureKind;
use wasmtime::Trap;

use crate::{
    limits::Limit,
    state::{Meter, Refusal},
};

/// Longest cause in a log line.
const CAUSE: usize = 300;

/// Kind and one-line cause of an error of wasmtime.
pub(crate) fn classify(error: &wasmtime::Error, meter: &Meter, limit: Limit) -> (FailureKind, String) {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return (refusal.kind, cut(&refusal.text));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => (FailureKind::Deadline, deadline(meter, limit)),
        Some(Trap::StackOverflow) => (FailureKind::Stack, "call stack exhausted".to_string()),
        // A guest that is refused memory usually aborts, which looks like any other trap.
        _ if meter.memory_hit => (FailureKind::Memory, format!("more than {} bytes asked for", meter.memory_limit())),
        Some(trap) => (FailureKind::Trap, cut(trap.to_string().trim_start_matches("wasm trap: "))),
        // Not a trap: what came back does not follow the canonical ABI (no UTF-8, an address out of bounds, no such case).
        None => (FailureKind::BadAnswer, one_line(error)),
    }
}

/// Which limit a stopped call ran into.
pub(crate) fn deadline(meter: &Meter, limit: Limit) -> String {
    if meter.slices > limit.compute.as_millis() as u64 {
        format!("computed for more than {} ms", limit.compute.as_millis())
    } else {
        format!("no answer within {} ms", limit.wait.as_millis())
    }
}

/// The innermost message of an error, in one line.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    cut(&error.root_cause().to_string())
}

/// The first line, without control characters, of limited length.
pub(crate) fn cut(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().take(CAUSE).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
