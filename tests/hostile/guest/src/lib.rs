//! A plugin that misbehaves on request: one restriction for each way.

use std::hint::black_box;

use waxwing_sdk::{prelude::*, reply};

const LOOPS: Restriction = Restriction::new("hostile_loop", |_| {
    let mut n = 0u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
});

const TRAPS: Restriction = Restriction::new("hostile_trap", |_| {
    std::process::abort();
});

const EATS: Restriction = Restriction::new("hostile_memory", |_| {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    loop {
        eaten.push(black_box(vec![1; 1 << 20]));
    }
});

#[allow(unconditional_recursion)]
fn deeper(n: u64) -> u64 {
    black_box(deeper(black_box(n + 1)) + 1)
}

const RECURSES: Restriction = Restriction::new("hostile_stack", |_| {
    black_box(deeper(0));
    Verdict::Dunno
});

const NONSENSE: Restriction = Restriction::new("hostile_nonsense", |_| Verdict::Reject(reply(250, "2.0.0", "Welcome")));

const INJECTS: Restriction = Restriction::new("hostile_inject", |_| {
    Verdict::Reject(reply(550, "5.7.1", "no\r\n250 2.0.0 Ok\r\nInjected: yes\x1b[31m"))
});

/// What the test builds in twice, to see which build answers.
const ANSWERS: Restriction = Restriction::new("hostile_answer", |_| {
    refuse(550, "5.7.1", option_env!("HOSTILE_ANSWER").unwrap_or("no answer built in"))
});

pub const PLUGIN: Plugin = Plugin::new("hostile", env!("CARGO_PKG_VERSION"), "Misbehaves on request")
    .restrictions(&[LOOPS, TRAPS, EATS, RECURSES, NONSENSE, INJECTS, ANSWERS]);

waxwing_sdk::export!(PLUGIN);
