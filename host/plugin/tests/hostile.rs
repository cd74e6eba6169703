//! Plugins that misbehave: each gets the right failure, is named in it, and hurts nobody else.

mod support;

use std::time::{Duration, Instant};

use hook::{Call, Catalogue, Failure, FailureAction, FailureKind, Verdict};
use plugin::{PluginError, PluginHost};
use support::{
    Server, call,
    guest::{Guest, Listed, VERDICT, refuse},
};

/// A check that misbehaves when it has an argument, and is fine otherwise.
fn with_argument(body: &str) -> String {
    format!("(if (local.get 2) (then {body}))")
}

async fn host_of(guest: &Guest, options: &str) -> (Server, PluginHost) {
    let plugins_cf = format!("{} guest.wasm\n{options}", guest.name);
    let server = Server::new(&plugins_cf, &[("guest.wasm", guest.module())]);
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    (server, host)
}

async fn ask(host: &PluginHost, name: &str, argument: Option<&str>, call: &Call) -> Result<Verdict, Failure> {
    let restriction = host.current().find(name).unwrap_or_else(|| panic!("no restriction {name}"));
    restriction.check(argument, call).await.map(|answer| answer.verdict)
}

/// One bad call, in each of the three instance scopes: the failure says it all, and the next call in the same session works.
async fn fails_alone(guest: Guest, kind: FailureKind, cause: &str, options: &str) {
    for scope in ["session", "message", "shared"] {
        let (_server, host) = host_of(&guest, &format!("  -o instance={scope} {options}\n")).await;
        let call = call();
        assert_eq!(ask(&host, guest.name, None, &call).await.expect("a good call before"), Verdict::Dunno);
        let failure = ask(&host, guest.name, Some("x"), &call).await.expect_err("the bad call");
        assert_eq!(failure.kind, kind, "{scope}: {failure}");
        assert!(failure.cause.contains(cause), "{scope}: cause {:?}, want {cause:?} in it", failure.cause);
        assert!(!failure.cause.contains('\n'), "{scope}: {:?}", failure.cause);
        assert_eq!((failure.plugin.as_str(), failure.version.as_str()), (guest.name, "1.2.3"));
        assert_eq!(failure.function, format!("restriction check({})", guest.name));
        assert_eq!(failure.action, FailureAction::Defer);
        assert_eq!(ask(&host, guest.name, None, &call).await.expect("the next call"), Verdict::Dunno, "{scope}");
    }
}

#[tokio::test]
async fn loop_without_end() {
    let guest = Guest::new("loops", &with_argument("(loop $l (br $l))"));
    let begun = Instant::now();
    fails_alone(guest, FailureKind::Deadline, " 20 ms", "-o time_limit=20ms").await;
    assert!(begun.elapsed() < Duration::from_secs(5), "three limits of 20 ms took {:?}", begun.elapsed());
}

#[tokio::test]
async fn loop_lets_others_run_on_the_only_thread() {
    let guest = Guest::new("loops", &with_argument("(loop $l (br $l))"));
    let (_server, host) = host_of(&guest, "  -o time_limit=100ms\n").await;
    // The first time shows that it can be slow.
    ask(&host, "loops", Some("x"), &call()).await.expect_err("over its time");
    let (session, others) = (call(), call());
    let begun = Instant::now();
    let other = async {
        let verdict = ask(&host, "loops", None, &others).await;
        (verdict, begun.elapsed())
    };
    let (looped, (verdict, took)) = tokio::join!(ask(&host, "loops", Some("x"), &session), other);
    assert_eq!(looped.expect_err("over its time").kind, FailureKind::Deadline);
    assert_eq!(verdict.expect("the other session"), Verdict::Dunno);
    assert!(took < Duration::from_millis(80), "the other session waited {took:?}");
}

#[tokio::test]
async fn trap() {
    let guest = Guest::new("traps", &with_argument("unreachable"));
    fails_alone(guest, FailureKind::Trap, "wasm `unreachable` instruction executed", "").await;
    let guest = Guest::new("strays", &with_argument("(drop (i32.load (i32.const -16)))"));
    fails_alone(guest, FailureKind::Trap, "out of bounds memory access", "").await;
}

#[tokio::test]
async fn memory_without_end() {
    let hog = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    let guest = Guest::new("hogs", &with_argument(hog));
    fails_alone(guest, FailureKind::Memory, "more than 1048576 bytes", "-o memory_limit=1M").await;
}

#[tokio::test]
async fn recursion_without_end() {
    let mut guest = Guest::new("recurses", &with_argument("(drop (call $deep (i32.const 0)))"));
    guest.definitions = "(func $deep (param i32) (result i32)
        (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (local.get 0)))"
        .into();
    fails_alone(guest, FailureKind::Stack, "call stack exhausted", "").await;
}

#[tokio::test]
async fn answers_of_the_wrong_class() {
    for (case, code, status, cause) in [
        (2, 250, None, "reject with reply code 250, want 5xx"),
        (2, 450, None, "reject with reply code 450, want 5xx"),
        (3, 550, None, "defer with reply code 550, want 4xx"),
        (2, 550, Some((1000, 1)), "reject with enhanced status 5.1000.1"),
        (3, 450, Some((7, 1000)), "defer with enhanced status 4.7.1000"),
    ] {
        let guest = Guest::new("lies", &with_argument(&refuse(case, code, status)));
        fails_alone(guest, FailureKind::BadAnswer, cause, "").await;
    }
}

#[tokio::test]
async fn answers_that_are_no_answers() {
    // A case that does not exist.
    let guest = Guest::new("mumbles", &with_argument(&format!("(i32.store8 (i32.const {VERDICT}) (i32.const 99))")));
    fails_alone(guest, FailureKind::BadAnswer, "", "").await;
    // A pointer to nowhere.
    let guest = Guest::new("points", &with_argument("(return (i32.const -4))"));
    fails_alone(guest, FailureKind::BadAnswer, "", "").await;
    // A reply text that begins inside the memory and ends outside.
    let text = format!(
        "{} (i32.store8 (i32.const {}) (i32.const 1)) (i32.store (i32.const {}) (i32.const 64)) (i32.store (i32.const {}) (i32.const -1))",
        refuse(2, 550, None),
        VERDICT + 16,
        VERDICT + 20,
        VERDICT + 24,
    );
    fails_alone(Guest::new("overreaches", &with_argument(&text)), FailureKind::BadAnswer, "", "").await;
}

/// The body of a check that calls `log.write` with 3 MiB of text, or answers with it.
fn three_megabytes(then: &str) -> String {
    with_argument(&format!(
        "(if (i32.eq (memory.grow (i32.const 60)) (i32.const -1)) (then unreachable))
         (memory.fill (i32.const 196608) (i32.const 10) (i32.const 3145728)) {then}"
    ))
}

#[tokio::test]
async fn huge_texts_are_cut() {
    let mut guest = Guest::new(
        "shouts",
        &three_megabytes(&format!(
            "(call $log (i32.const 1) (i32.const 196608) (i32.const 3145728)) {}
             (i32.store8 (i32.const {}) (i32.const 1)) (i32.store (i32.const {}) (i32.const 196608)) (i32.store (i32.const {}) (i32.const 3145728))",
            refuse(2, 550, None), VERDICT + 16, VERDICT + 20, VERDICT + 24,
        )),
    );
    guest.definitions = r#"(import "waxwing:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#.into();
    let (_server, host) = host_of(&guest, "").await;
    let restriction = host.current().find("shouts").expect("loaded");
    let answer = restriction.check(Some("x"), &call()).await.unwrap_or_else(|failure| panic!("{failure}"));
    let Verdict::Reject(reply) = answer.verdict else { panic!("{:?}", answer.verdict) };
    assert_eq!(reply.text, Some(" ".repeat(510)), "line ends become spaces");
    assert_eq!(answer.log, [hook::LogLine::Write { level: hook::Level::Info, text: "?".repeat(1000) }]);
}

#[tokio::test]
async fn thousands_of_log_lines_are_cut() {
    let mut guest = Guest::new(
        "chatters",
        "(local $n i32) (loop $l
           (call $log (i32.const 1) (i32.const 4096) (i32.const 4))
           (local.set $n (i32.add (local.get $n) (i32.const 1)))
           (br_if $l (i32.lt_u (local.get $n) (i32.const 5000))))",
    );
    guest.definitions = r#"(import "waxwing:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#.into();
    let (_server, host) = host_of(&guest, "").await;
    let answer =
        host.current().find("chatters").expect("loaded").check(None, &call()).await.expect("logging is no crime");
    assert_eq!(answer.log.len(), 100);
}

const DNS: &str = r#"(import "waxwing:plugin/dns@0.1.0" "lookup" (func $lookup (param i32 i32 i32 i32)))
    (data (i32.const 3000) "slow.example")"#;

#[tokio::test]
async fn waits_in_an_import_past_its_deadline() {
    let mut guest = Guest::new(
        "waits",
        &with_argument("(call $lookup (i32.const 3000) (i32.const 12) (i32.const 0) (i32.const 3100))"),
    );
    guest.definitions = DNS.into();
    guest.imports = vec!["dns"];
    let begun = Instant::now();
    fails_alone(guest, FailureKind::Deadline, "no answer within 50 ms", "-o grant=dns -o time_limit=50ms").await;
    assert!(begun.elapsed() < Duration::from_secs(5), "three limits of 50 ms took {:?}", begun.elapsed());
}

#[tokio::test]
async fn an_import_that_was_not_granted() {
    let mut guest = Guest::new(
        "curious",
        &with_argument("(call $lookup (i32.const 3000) (i32.const 12) (i32.const 0) (i32.const 3100))"),
    );
    guest.definitions = DNS.into();
    guest.imports = vec!["dns"];
    let server = Server::new("curious guest.wasm\n  -o grant=store:seen\n", &[("guest.wasm", guest.module())]);
    let error = server.start().await.err().expect("not loaded").to_string();
    let wanted = format!(
        "{}, line 1: plugin curious imports waxwing:plugin/dns@0.1.0, which needs a grant: add `    -o grant=store:seen,dns` \
         to the entry of curious in plugins.cf",
        server.home.path().join("plugins.cf").display()
    );
    assert_eq!(error, wanted);
}

#[tokio::test]
async fn a_store_outside_its_scope() {
    // store.get("other", "key"): the result's tag, then the error's, which is 0 for not-granted.
    let mut guest = Guest::new(
        "pries",
        "(call $get (i32.const 3000) (i32.const 5) (i32.const 3010) (i32.const 3) (i32.const 3100))
         (if (i32.or (i32.eqz (i32.load8_u (i32.const 3100))) (i32.ne (i32.load8_u (i32.const 3104)) (i32.const 0))) (then unreachable))",
    );
    guest.definitions = r#"(import "waxwing:plugin/store@0.1.0" "get" (func $get (param i32 i32 i32 i32 i32)))
        (data (i32.const 3000) "other") (data (i32.const 3010) "key")"#
        .into();
    guest.imports = vec!["store"];
    let (_server, host) = host_of(&guest, "  -o grant=store:mine\n").await;
    assert_eq!(ask(&host, "pries", None, &call()).await.expect("refused softly"), Verdict::Dunno);
}

#[tokio::test]
async fn lies_about_itself() {
    let twice = Guest { restrictions: vec![Listed::new("same"), Listed::new("SAME")], ..Guest::new("lies", "") };
    let alias = Guest {
        restrictions: vec![Listed { aliases: &["other"], ..Listed::new("same") }, Listed::new("other")],
        ..Guest::new("lies", "")
    };
    let space = Guest { restrictions: vec![Listed::new("two words")], ..Guest::new("lies", "") };
    let parameter = Guest { parameters: vec![("a", 0, ""), ("a", 0, "")], ..Guest::new("lies", "") };
    let option = Guest { parameters: vec![("time_limit", 0, "")], ..Guest::new("lies", "") };
    let bad_default = Guest { parameters: vec![("lies_delay", 3, "soon")], ..Guest::new("lies", "") };
    let bare = Guest {
        restrictions: vec![Listed { argument: 0, bare_table: 1, ..Listed::new("same") }],
        ..Guest::new("lies", "")
    };
    let traps = Guest { describe: "unreachable".into(), ..Guest::new("lies", "") };
    let loops = Guest { describe: "(loop $l (br $l))".into(), ..Guest::new("lies", "") };
    for (guest, wanted) in [
        (twice, "list-restrictions: SAME is listed twice"),
        (alias, "list-restrictions: other is listed twice"),
        (space, "list-restrictions: \"two words\" is no restriction name"),
        (parameter, "parameter a is declared twice"),
        (option, "parameter time_limit has the name of an option"),
        (bad_default, "lies_delay"),
        (bare, "takes no table"),
        (traps, "describe: Trap"),
        (loops, "describe: Deadline"),
    ] {
        let server = Server::new("lies guest.wasm\n", &[("guest.wasm", guest.module())]);
        let error = server.start().await.err().unwrap_or_else(|| panic!("loaded in spite of: {wanted}")).to_string();
        assert!(error.contains(wanted), "{error:?}, want {wanted:?} in it");
        assert!(!error.contains('\n'), "{error:?}");
    }
}

#[tokio::test]
async fn describe_may_only_log() {
    let mut guest = Guest::new("early", "");
    guest.definitions = r#"(import "waxwing:plugin/clock@0.1.0" "now" (func $now (result i64)))"#.into();
    guest.describe = "(drop (call $now))".into();
    guest.imports = vec!["clock"];
    let server = Server::new("early guest.wasm\n", &[("guest.wasm", guest.module())]);
    let error = server.start().await.err().expect("not loaded").to_string();
    assert!(error.contains("describe: Refused: clock may not be called here"), "{error}");
}

#[tokio::test]
async fn edits_of_a_failed_call_are_dropped_and_impossible_ones_fail_it() {
    // header-edits.prepend("X-A", "a"), then a trap when there is an argument.
    let mut guest = Guest::new(
        "edits",
        &format!(
            "(call $prepend (i32.const 3000) (i32.const 3) (i32.const 3010) (i32.const 1)) {}",
            with_argument("unreachable")
        ),
    );
    let import = r#"(import "waxwing:plugin/header-edits@0.1.0" "prepend" (func $prepend (param i32 i32 i32 i32)))"#;
    guest.definitions = format!(r#"{import} (data (i32.const 3000) "X-A") (data (i32.const 3010) "a")"#);
    guest.imports = vec!["header-edits"];
    let (_server, host) = host_of(&guest, "  -o grant=edit-headers\n").await;
    let restriction = host.current().find("edits").expect("loaded");
    let call = call();
    restriction.check(Some("x"), &call).await.expect_err("a trap after the edit");
    let answer = restriction.check(None, &call).await.expect("a good call");
    assert_eq!(
        answer.edits,
        [hook::Edit::PrependHeader { name: "X-A".into(), value: "a".into() }],
        "only those of this call"
    );

    for (name, value) in [("X-A", "a\\0aBcc: b"), ("X A", "a"), ("X:A", "a"), ("X-A", "a\\00")] {
        let mut guest = Guest::new("edits", "");
        let bytes = |text: &str| text.len() - 2 * text.matches('\\').count();
        guest.check = format!(
            "(call $prepend (i32.const 3000) (i32.const {}) (i32.const 3010) (i32.const {})) (i32.const {VERDICT})",
            bytes(name),
            bytes(value)
        );
        guest.definitions = format!(r#"{import} (data (i32.const 3000) "{name}") (data (i32.const 3010) "{value}")"#);
        guest.imports = vec!["header-edits"];
        let (_server, host) = host_of(&guest, "  -o grant=edit-headers\n").await;
        let failure = ask(&host, "edits", None, &call).await.expect_err("an impossible edit");
        assert_eq!(failure.kind, FailureKind::BadAnswer, "{name:?} {value:?}: {failure}");
    }
}

#[tokio::test]
async fn sessions_do_not_see_each_other() {
    // Each call counts up in the instance's memory, and from the third on the answer is a permit.
    let count = format!(
        "(i32.store (i32.const 3000) (i32.add (i32.load (i32.const 3000)) (i32.const 1)))
         (i32.store8 (i32.const {VERDICT}) (i32.ge_u (i32.load (i32.const 3000)) (i32.const 3)))"
    );
    let guest = Guest::new("counts", &count);
    let (_server, host) = host_of(&guest, "").await;
    let (first, second) = (call(), call());
    for _ in 0..2 {
        assert_eq!(ask(&host, "counts", None, &first).await.expect("counts"), Verdict::Dunno);
    }
    assert_eq!(ask(&host, "counts", None, &second).await.expect("counts"), Verdict::Dunno, "a session of its own");
    assert_eq!(ask(&host, "counts", None, &first).await.expect("counts"), Verdict::Permit, "the state of the session");

    let (_server, host) = host_of(&guest, "  -o instance=message\n").await;
    for _ in 0..3 {
        assert_eq!(ask(&host, "counts", None, &first).await.expect("counts"), Verdict::Dunno);
        first.instances.end_message();
    }
}

#[tokio::test]
async fn mode_warn_changes_nothing() {
    let guest = Guest::new("strict", &refuse(2, 550, None));
    let (_server, host) = host_of(&guest, "  -o mode=warn\n").await;
    let answer = host.current().find("strict").expect("loaded").check(None, &call()).await.expect("a good call");
    assert!(answer.warn_only);
    let (_server, host) = host_of(&Guest::new("breaks", "unreachable"), "  -o mode=warn\n").await;
    let failure = ask(&host, "breaks", None, &call()).await.expect_err("a trap");
    assert_eq!(failure.action, FailureAction::Dunno);
}

#[tokio::test]
async fn one_that_keeps_failing_is_not_started_at_every_call() {
    let (_server, host) = host_of(&Guest::new("breaks", "unreachable"), "").await;
    let call = call();
    let mut refused = None;
    for _ in 0..50 {
        let failure = ask(&host, "breaks", None, &call).await.expect_err("a trap");
        if failure.cause.contains("no new instance") {
            refused = Some(failure);
            break;
        }
    }
    let failure = refused.expect("fifty failures in a row");
    assert_eq!(failure.kind, FailureKind::Trap);
    assert!(failure.cause.starts_with("failed 9 times in a row"), "{failure}");
}

#[tokio::test]
async fn components_that_are_no_plugins() {
    for (wasm, wanted) in [
        (b"#!/bin/sh\n".to_vec(), "not a WebAssembly file"),
        (b"\0asm\x01\0\0\0".to_vec(), "is no Waxwing plugin"),
        (b"\0asm\x0d\0\x01\0".to_vec(), "is no Waxwing plugin"),
        (b"\0asm\x0d\0\x01\0garbage".to_vec(), "not a valid component"),
    ] {
        let server = Server::new("x x.wasm\n", &[("x.wasm", wasm)]);
        let error = server.start().await.err().unwrap_or_else(|| panic!("loaded in spite of: {wanted}"));
        assert!(matches!(error, PluginError::Component { .. }), "{error:?}");
        assert!(error.to_string().contains(wanted) && error.to_string().contains("plugins.cf, line 1"), "{error}");
    }
    let server = Server::new("\nx missing.wasm\n", &[]);
    let error = server.start().await.err().expect("no such file").to_string();
    assert!(
        error.contains("plugins.cf, line 2: plugin x: open ")
            && error.ends_with("missing.wasm: No such file or directory"),
        "{error}"
    );
}
