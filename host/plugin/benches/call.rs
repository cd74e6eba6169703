//! The price of a warm restriction: nothing read, and two attributes read.

#[path = "../tests/support/mod.rs"]
mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use hook::Catalogue;
use support::{Server, call, guest::Guest};

fn calls(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let nothing = Guest::new("nothing", "");
    // session.get(sender) and session.get(client-address).
    let mut two = Guest::new("two", "(call $get (i32.const 4) (i32.const 3000)) (call $get (i32.const 6) (i32.const 3020))");
    two.definitions = r#"(import "waxwing:plugin/session@0.1.0" "get" (func $get (param i32 i32)))"#.into();
    // The same with an import that may wait: its calls need a stack of their own.
    let mut waiting = Guest::new("waiting", "");
    waiting.definitions = r#"(import "waxwing:plugin/dns@0.1.0" "lookup" (func $lookup (param i32 i32 i32 i32)))"#.into();
    waiting.imports = vec!["dns"];
    let server = Server::new(
        "nothing nothing.wasm\n  -o instance=shared\ntwo two.wasm\n  -o instance=shared\nkept nothing.wasm\nwaiting waiting.wasm\n  -o instance=shared -o grant=dns\n"
            .replace("kept nothing.wasm\n", "").as_str(),
        &[("nothing.wasm", nothing.module()), ("two.wasm", two.module()), ("waiting.wasm", waiting.module())],
    );
    let host = runtime.block_on(server.start()).unwrap_or_else(|error| panic!("{error}"));
    for name in ["nothing", "two", "waiting"] {
        let restriction = host.current().find(name).expect("loaded");
        let call = call();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(restriction.check(None, &call)).expect("a verdict"));
        });
        criterion.bench_function(&format!("{name}, many in one future"), |bencher| {
            bencher.iter_custom(|times| {
                runtime.block_on(async {
                    let begun = std::time::Instant::now();
                    for _ in 0..times {
                        restriction.check(Some("hash:/etc/postfix/access"), &call).await.expect("a verdict");
                    }
                    begun.elapsed()
                })
            });
        });
    }
}

criterion_group!(benches, calls);
criterion_main!(benches);
