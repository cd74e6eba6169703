//! Calls that do without waiting where they can, and those that find they cannot.

mod support;

use hook::{Call, Catalogue, Inputs, LogLine, Restriction, Seen, Verdict};
use support::{
    Server, call,
    guest::{Guest, VERDICT},
};

/// Looks its argument up, permits what is found, and logs how many calls its instance had.
fn asks() -> Guest {
    let mut guest = Guest::new(
        "asks",
        &format!(
            "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (i32.store8 (i32.const 3100) (i32.add (i32.const 48) (i32.and (global.get $calls) (i32.const 7))))
             (call $log (i32.const 1) (i32.const 3100) (i32.const 1))
             (call $lookup (i32.const 3000) (i32.const 8) (local.get 3) (local.get 4) (i32.const 3200))
             (if (i32.load8_u (i32.const 3200)) (then unreachable))
             (i32.store8 (i32.const {VERDICT}) (i32.load8_u (i32.const 3204)))"
        ),
    );
    guest.imports = vec!["tables"];
    guest.definitions = r#"(import "waxwing:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))
        (import "waxwing:plugin/tables@0.1.0" "lookup" (func $lookup (param i32 i32 i32 i32 i32)))
        (global $calls (mut i32) (i32.const 0))
        (data (i32.const 3000) "inline:x")"#
        .into();
    guest
}

/// The verdict, and what was logged.
async fn asked(restriction: &dyn Restriction, key: &str, call: &Call) -> (Verdict, String) {
    let answer = restriction.check(Some(key), call).await.unwrap_or_else(|failure| panic!("{key}: {failure}"));
    let said = |line: &LogLine| match line {
        LogLine::Write { text, .. } => text.clone(),
        other => format!("{other:?}"),
    };
    (answer.verdict, answer.log.iter().map(said).collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn a_call_that_has_to_wait_is_made_anew_and_told_once() {
    let plugins_cf = "asks asks.wasm\n  -o grant=tables\n  -o instance=shared\n";
    let server = Server::new(plugins_cf, &[("asks.wasm", asks().module())]);
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    let (restriction, call) = (host.current().find("asks").expect("loaded"), call());
    let ask = async |key: &str| asked(&*restriction, key, &call).await;
    assert_eq!(ask("known").await, (Verdict::Permit, "1".to_string()));
    assert_eq!(ask("other").await, (Verdict::Dunno, "2".to_string()), "the same instance");
    assert_eq!(ask("late").await, (Verdict::Permit, "1".to_string()), "one that can wait");
    for calls in 2..=257 {
        assert_eq!(ask("known").await, (Verdict::Permit, (calls % 8).to_string()), "call {calls}");
    }
    assert_eq!(ask("known").await, (Verdict::Permit, "1".to_string()), "the one that gave up is gone");
    assert_eq!(ask("late").await, (Verdict::Permit, "2".to_string()), "257 calls, and this");
}

#[tokio::test]
async fn an_instance_with_a_memory_waits_where_it_is() {
    let server = Server::new("asks asks.wasm\n  -o grant=tables\n", &[("asks.wasm", asks().module())]);
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    let (restriction, call) = (host.current().find("asks").expect("loaded"), call());
    for (count, key) in ["known", "late", "known", "late"].into_iter().enumerate() {
        assert_eq!(asked(&*restriction, key, &call).await, (Verdict::Permit, (count + 1).to_string()));
    }
}

/// Reads the attribute whose number in wit/session.wit, from A on, is its argument; with `@`, the stage.
fn looks(name: &'static str) -> Guest {
    let mut guest = Guest::new(
        name,
        "(if (i32.eq (i32.load8_u (local.get 3)) (i32.const 64))
             (then (drop (call $stage)))
             (else (call $get (i32.sub (i32.load8_u (local.get 3)) (i32.const 65)) (i32.const 3200))))",
    );
    guest.definitions = r#"(import "waxwing:plugin/session@0.1.0" "get" (func $get (param i32 i32)))
        (import "waxwing:plugin/session@0.1.0" "current-stage" (func $stage (result i32)))"#
        .into();
    guest
}

#[tokio::test]
async fn an_answer_tells_what_its_call_looked_at() {
    let plugins_cf = "looks looks.wasm\n  -o instance=shared\nremembers remembers.wasm\n";
    let components = [("looks.wasm", looks("looks").module()), ("remembers.wasm", looks("remembers").module())];
    let server = Server::new(plugins_cf, &components);
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    let call = call();
    let seen = async |plugin: &str, argument: &str| {
        let restriction = host.current().of_plugin(plugin).unwrap_or_else(|error| panic!("{error}"));
        let answer = restriction.check(Some(argument), &call).await;
        answer.unwrap_or_else(|failure| panic!("{plugin} {argument}: {failure}")).seen
    };
    for (argument, inputs) in [
        ("C", Inputs::HELO),
        ("E", Inputs::SENDER),
        ("F", Inputs::RECIPIENT),
        ("G", Inputs::CONNECTION),
        ("C", Inputs::HELO),
    ] {
        assert_eq!(seen("looks", argument).await, Seen { inputs, stage: false }, "{argument}");
    }
    assert_eq!(seen("looks", "A").await, Seen::EVERYTHING, "protocol_state is another in each list");
    assert_eq!(seen("looks", "@").await, Seen::EVERYTHING, "the stage itself");
    assert_eq!(seen("remembers", "C").await, Seen::EVERYTHING, "its instance may remember earlier calls");
}
