//! The price of a warm restriction: nothing read, two attributes read, and with an import that may wait (a stack of its own).

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use hook::Catalogue;
use support::{Server, call, guest::Guest};

/// What this thread has used of a processor so far (proc(5), schedstat): other work on the machine does not count.
fn processor_time() -> Duration {
    // The kernel brings the number up to date when the thread gives way.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with CONFIG_SCHEDSTATS");
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok()).expect("three numbers");
    Duration::from_nanos(nanoseconds)
}

fn calls(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let nothing = Guest::new("nothing", "");
    // session.get(sender) and session.get(client-address).
    let mut two =
        Guest::new("two", "(call $get (i32.const 4) (i32.const 3000)) (call $get (i32.const 6) (i32.const 3020))");
    two.definitions = r#"(import "waxwing:plugin/session@0.1.0" "get" (func $get (param i32 i32)))"#.into();
    let mut waiting = Guest::new("waiting", "");
    waiting.definitions =
        r#"(import "waxwing:plugin/dns@0.1.0" "lookup" (func $lookup (param i32 i32 i32 i32)))"#.into();
    waiting.imports = vec!["dns"];
    let server = Server::new(
        "nothing nothing.wasm\n  -o instance=shared\ntwo two.wasm\n  -o instance=shared\n\
         waiting waiting.wasm\n  -o instance=shared -o grant=dns\n",
        &[("nothing.wasm", nothing.module()), ("two.wasm", two.module()), ("waiting.wasm", waiting.module())],
    );
    let host = runtime.block_on(server.start()).unwrap_or_else(|error| panic!("{error}"));
    for name in ["nothing", "two", "waiting"] {
        let restriction = host.current().find(name).expect("loaded");
        let call = call();
        criterion.bench_function(name, |bencher| {
            // As a session does: many calls in one future, each with name and argument.
            bencher.iter_custom(|times| {
                runtime.block_on(async {
                    let begun = processor_time();
                    for _ in 0..times {
                        restriction.check(Some("hash:/etc/postfix/access"), &call).await.expect("a verdict");
                    }
                    processor_time() - begun
                })
            });
        });
    }
}

criterion_group!(benches, calls);
criterion_main!(benches);
