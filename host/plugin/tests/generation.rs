//! What a generation of plugins offers, how plugins of different rank meet, and how one generation follows another.

mod support;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use hook::{
    AfterAnswer, BeforeAnswer, Catalogue, Content, Event, FailureKind, Lookup, Notes, Outcome, Recipient, ReportEvent,
    ReportKind, Request, Response, Stage, TableKind, Verdict,
};
use plugin::{Embedded, Origin, PluginHost, Registry};
use support::{
    Server, Session, call,
    guest::{Guest, Listed, VERDICT, refuse},
};

/// What a binary would carry.
fn embedded(guests: &[Guest]) -> Embedded {
    let modules: Vec<(&'static str, &'static [u8])> =
        guests.iter().map(|guest| (guest.name, &*guest.module().leak())).collect();
    modules.leak()
}

/// A guest that always permits.
fn permits(name: &'static str, restriction: &'static str) -> Guest {
    Guest {
        name,
        restrictions: vec![Listed::new(restriction)],
        ..Guest::new(restriction, &format!("(i32.store8 (i32.const {VERDICT}) (i32.const 1))"))
    }
}

/// A guest that always refuses with this code.
fn refuses(name: &'static str, restriction: &'static str, code: u16) -> Guest {
    Guest { name, restrictions: vec![Listed::new(restriction)], ..Guest::new(restriction, &refuse(2, code, None)) }
}

async fn verdict(registry: &Registry, name: &str) -> Verdict {
    let restriction = registry.find(name).unwrap_or_else(|| panic!("no restriction {name}"));
    restriction.check(None, &call()).await.unwrap_or_else(|failure| panic!("{failure}")).verdict
}

async fn start_fails(server: &Server, defaults: Embedded) -> String {
    server.start_with(defaults).await.err().expect("must not start").to_string()
}

#[tokio::test]
async fn plugins_of_plugins_cf_replace_default_ones_by_restriction() {
    let defaults = embedded(&[permits("basics", "permit"), permits("extras", "maybe")]);
    let server = Server::new("mine mine.wasm\n", &[("mine.wasm", refuses("mine", "maybe", 554).module())]);
    let host = server.start_with(defaults).await.unwrap_or_else(|error| panic!("{error}"));
    let registry = host.current();
    assert_eq!(verdict(&registry, "PERMIT").await, Verdict::Permit, "names in any case");
    assert!(matches!(verdict(&registry, "maybe").await, Verdict::Reject(reply) if reply.code == Some(554)));
    let of_plugin = registry.of_plugin("mine").expect("its only restriction");
    assert_eq!(of_plugin.offer().plugin, "mine");
    let replaced = registry.of_plugin("extras:maybe").expect("still there for who wraps it");
    assert_eq!(replaced.check(None, &call()).await.expect("an answer").verdict, Verdict::Permit);
    assert!(registry.of_plugin("nobody").err().expect("no such plugin").contains("no plugin nobody in plugins.cf"));

    let plugins = registry.plugins();
    let seen: Vec<_> =
        plugins.iter().map(|info| (info.name.as_str(), &info.restrictions[..], info.worlds[0])).collect();
    assert_eq!(
        seen,
        [
            ("mine", &["maybe".to_string()][..], "restriction"),
            ("basics", &["permit".to_string()], "restriction"),
            ("extras", &[], "restriction")
        ]
    );
    assert_eq!(plugins[1].origin, Origin::Default);
    assert_eq!(registry.offers().iter().map(|offer| offer.name.as_str()).collect::<Vec<_>>(), ["maybe", "permit"]);
}

#[tokio::test]
async fn two_of_the_same_rank_are_an_error() {
    let components = [("a.wasm", permits("a", "same").module()), ("b.wasm", permits("b", "same").module())];
    let server = Server::new("a a.wasm\nb b.wasm\n", &components);
    let error = start_fails(&server, &[]).await;
    assert!(error.ends_with("plugins.cf, line 2: plugin b: offers restriction same, as plugin a does"), "{error}");
}

#[tokio::test]
async fn several_restrictions_and_bare_tables() {
    let mut guest = permits("lists", "check_x");
    guest.restrictions = vec![
        Listed { aliases: &["check_old"], argument: 2, bare_table: 1 | 16, ..Listed::new("check_x") },
        Listed { argument: 0, ..Listed::new("plain") },
        Listed { argument: 4, ..Listed::new("nap") },
    ];
    let server = Server::new("lists lists.wasm\n", &[("lists.wasm", guest.module())]);
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    let registry = host.current();
    let error = registry.of_plugin("lists").err().expect("it offers three");
    assert_eq!(error, "plugin lists offers several restrictions, say which: check_x, nap, plain");
    assert_eq!(registry.of_plugin("lists:check_old").expect("an alias").offer().name, "check_x");
    assert!(registry.of_plugin("lists:other").is_err());
    assert_eq!(registry.bare_table(Stage::Recipient).expect("by the list").offer().name, "check_x");
    assert!(registry.bare_table(Stage::Helo).is_none());

    let validate = async |name: &str, argument| registry.find(name).expect("loaded").validate(argument).await;
    assert_eq!(validate("check_x", Some("inline:{ a=b }")).await, Ok(()));
    assert_eq!(validate("check_x", None).await, Err("check_x needs a type:name table".to_string()));
    assert_eq!(validate("check_x", Some("hash:/nowhere")).await, Ok(()), "each lookup fails instead");
    assert_eq!(validate("plain", Some("x")).await, Err("plain takes no argument, but has \"x\"".to_string()));
    assert_eq!(validate("nap", Some("5s")).await, Ok(()));
    assert!(validate("nap", Some("long")).await.is_err());
}

/// A guest with a delay (kind duration) whose check traps unless `get-duration` gives so many milliseconds.
fn with_delay(milliseconds: u64) -> Guest {
    let mut guest = Guest::new(
        "grey",
        &format!(
            "(call $duration (i32.const 3000) (i32.const 10) (i32.const 3104))
             (if (i32.or (i32.eqz (i32.load8_u (i32.const 3104))) (i64.ne (i64.load (i32.const 3112)) (i64.const {milliseconds}))) (then unreachable))"
        ),
    );
    guest.definitions =
        r#"(import "waxwing:plugin/parameters@0.1.0" "get-duration" (func $duration (param i32 i32 i32)))
        (data (i32.const 3000) "grey_delay")"#
            .into();
    guest.parameters = vec![("grey_delay", 3, "300s"), ("mynetworks", 6, "")];
    guest
}

#[tokio::test]
async fn parameters_come_from_plugins_cf_then_main_cf_then_the_plugin() {
    for (plugins_cf, main_cf, milliseconds) in [
        ("grey grey.wasm\n", "", 300_000),
        ("grey grey.wasm\n", "grey_delay = 2m\n", 120_000),
        ("grey grey.wasm\n  -o grey_delay=5s\n", "grey_delay = 2m\n", 5_000),
        ("grey grey.wasm\n  -o grey_delay=$other\n", "other = 7s\n", 7_000),
    ] {
        let server = Server::new(plugins_cf, &[("grey.wasm", with_delay(milliseconds).module())]);
        let main = server.home.path().join("main.cf");
        let text = std::fs::read_to_string(&main).expect("main.cf");
        std::fs::write(&main, text + main_cf).expect("main.cf");
        let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(verdict(&host.current(), "grey").await, Verdict::Dunno, "{plugins_cf}{main_cf}");
        let rows = host.current().plugin_rows();
        assert_eq!(
            rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
            ["grey_delay"],
            "mynetworks stays the host's"
        );
    }
}

#[tokio::test]
async fn an_option_is_one_plugin_s_alone() {
    let named = |name: &'static str, milliseconds| {
        let mut guest = with_delay(milliseconds);
        guest.name = name;
        guest.restrictions = vec![Listed::new(name)];
        guest.module()
    };
    for (main_cf, third) in [("", 300_000), ("grey_delay = 2m\n", 120_000)] {
        let server = Server::new(
            "grey grey.wasm\n  -o grey_delay=5s\nother other.wasm\n  -o grey_delay=6s\nthird third.wasm\n",
            &[
                ("grey.wasm", named("grey", 5_000)),
                ("other.wasm", named("other", 6_000)),
                ("third.wasm", named("third", third)),
            ],
        );
        let main = server.home.path().join("main.cf");
        let text = std::fs::read_to_string(&main).expect("main.cf");
        std::fs::write(&main, text + main_cf).expect("main.cf");
        let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
        for name in ["grey", "other", "third"] {
            assert_eq!(verdict(&host.current(), name).await, Verdict::Dunno, "{name} with {main_cf:?}");
        }
        let values: Vec<_> =
            host.current().plugins().into_iter().map(|plugin| plugin.parameters[0].1.clone()).collect();
        let last = if main_cf.is_empty() { "300s" } else { "2m" };
        assert_eq!(values, ["5s", "6s", last], "as plugin list shows them");
    }
}

#[tokio::test]
async fn a_wrong_option_is_named_with_its_line() {
    for (options, wanted) in [
        ("  -o grey_dealy=5s\n", "plugins.cf, line 1: plugin grey has no parameter grey_dealy"),
        ("  -o instance=shared\n  -o grey_delay=soon\n", "plugins.cf, line 1"),
        (
            "  -o mynetworks=10.0.0.0/8\n",
            "plugins.cf, line 1: mynetworks is a match list of the server: set it in main.cf",
        ),
        ("  -o instance=forever\n", "plugins.cf, line 1: bad value in instance=forever"),
        ("  -o grant=world\n", "plugins.cf, line 1: unknown grant in grant=world"),
    ] {
        let server = Server::new(&format!("grey grey.wasm\n{options}"), &[("grey.wasm", with_delay(0).module())]);
        let error = start_fails(&server, &[]).await;
        assert!(error.contains(wanted), "{error:?}, want {wanted:?} in it");
    }
}

/// The world table: `lookup` gives the key back, and nothing for an empty key.
fn echo_table() -> Guest {
    let mut guest = Guest::new("echo", "");
    guest.worlds = vec!["table"];
    guest.exports = r#"
        (func (export "waxwing:plugin/lookup-table@0.1.0#open") (param i32 i32) (result i32)
          ;; An argument that begins with `!` is refused with the argument as the text.
          (i32.store8 (i32.const 3000) (i32.const 0)) (i32.store8 (i32.const 3004) (i32.const 1))
          (if (i32.gt_u (local.get 1) (i32.const 0)) (then
            (if (i32.eq (i32.load8_u (local.get 0)) (i32.const 33)) (then
              (i32.store8 (i32.const 3000) (i32.const 1))
              (i32.store (i32.const 3004) (local.get 0)) (i32.store (i32.const 3008) (local.get 1))))))
          (i32.const 3000))
        (func (export "waxwing:plugin/lookup-table@0.1.0#lookup") (param i32 i32 i32 i32) (result i32)
          (if (i32.eq (i32.load8_u (local.get 2)) (i32.const 63)) (then unreachable))
          (i32.store8 (i32.const 3000) (i32.const 0))
          (i32.store8 (i32.const 3004) (i32.ne (local.get 3) (i32.const 4)))
          (i32.store (i32.const 3008) (local.get 2)) (i32.store (i32.const 3012) (local.get 3))
          (i32.const 3000))"#
        .into();
    guest
}

async fn look_up(table: &Arc<dyn hook::Table>, key: &str) -> Result<Option<String>, hook::TableError> {
    match table.lookup(key) {
        Lookup::Now(answer) => answer,
        Lookup::Later(answer) => answer.await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tables() {
    let server = Server::new("echo echo.wasm\n", &[("echo.wasm", echo_table().module())]);
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    let registry = host.current();
    let table = registry.table("echo", "upper").expect("opens");
    assert_eq!((table.title(), table.kind()), ("wasm:echo:upper", TableKind::Patterns));
    assert_eq!(look_up(&table, "some key").await, Ok(Some("some key".to_string())));
    assert_eq!(look_up(&table, "none").await, Ok(None), "four letters are not found");
    let failed = look_up(&table, "?").await.expect_err("a trap");
    assert!(
        matches!(&failed, hook::TableError::Temporary(text) if text.contains("plugin echo 1.2.3: table lookup: trap")),
        "{failed:?}"
    );
    assert_eq!(look_up(&table, "again").await, Ok(Some("again".to_string())), "the next call works");
    assert_eq!(registry.table("echo", "!no").err().expect("refused"), "wasm:echo:!no: !no");
    assert_eq!(
        registry.open_table("nobody", "").await.err().expect("no such plugin"),
        "no plugin nobody in plugins.cf"
    );
    assert_eq!(
        registry.delivery("echo", "x").err().expect("no transport"),
        "plugin echo offers restriction and table, not delivery"
    );
}

fn request(recipients: usize) -> Request {
    Request {
        queue_id: "4F2A1".into(),
        transport: "hooks".into(),
        nexthop: "example.net".into(),
        sender: "a@example.com".into(),
        recipients: (0..recipients)
            .map(|n| Recipient { address: format!("r{n}@example.net"), ..Recipient::default() })
            .collect(),
        content: Content::Memory(Bytes::from_static(b"Subject: x\r\n\r\nhello body\r\n")),
        arrival: SystemTime::UNIX_EPOCH,
        active_since: SystemTime::UNIX_EPOCH,
        attempts: 0,
        envelope_id: String::new(),
        return_full: None,
        eight_bit: false,
        smtputf8: false,
        probe: false,
        session: Arc::new(Session),
        notes: Notes::default(),
    }
}

/// The world delivery: two statuses, whatever the request; the first delivered with five bytes of the body as its text, the
/// second bounced with 5.1.1. Traps for a request with three recipients.
fn transport() -> Guest {
    let mut guest = Guest::new("posts", "");
    guest.worlds = vec!["delivery"];
    guest.imports = vec!["body"];
    guest.definitions = r#"(import "waxwing:plugin/body@0.1.0" "read" (func $read (param i64 i32 i32)))"#.into();
    guest.exports = r#"
        (func (export "waxwing:plugin/transport@0.1.0#deliver") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32) (result i32)
          (if (i32.eq (local.get 9) (i32.const 3)) (then unreachable))
          (call $read (i64.const 0) (i32.const 5) (i32.const 3108))
          ;; Statuses at 3100 and 3124: outcome, status, text, relay.
          (i32.store8 (i32.const 3124) (i32.const 2))
          (i32.store8 (i32.const 3126) (i32.const 1))
          (i32.store16 (i32.const 3128) (i32.const 1)) (i32.store16 (i32.const 3130) (i32.const 1))
          (i32.store (i32.const 3000) (i32.const 3100)) (i32.store (i32.const 3004) (i32.const 2))
          (i32.const 3000))"#
        .into();
    guest
}

#[tokio::test]
async fn deliveries() {
    let server = Server::new("posts posts.wasm\n  -o grant=body\n", &[("posts.wasm", transport().module())]);
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    let agent = host.current().delivery("posts", "hooks").expect("a transport");
    let seen = async |recipients| {
        let statuses = agent.deliver(request(recipients)).await;
        statuses.into_iter().map(|status| (status.outcome, status.status.to_string(), status.text)).collect::<Vec<_>>()
    };
    assert_eq!(
        seen(2).await,
        [
            (Outcome::Delivered, "2.0.0".to_string(), "hello".to_string()),
            (Outcome::Bounced, "5.1.1".to_string(), String::new())
        ]
    );
    let deferred = (Outcome::Deferred, "4.3.0".to_string(), "plugin posts failed".to_string());
    assert_eq!(seen(1).await, vec![deferred.clone(); 1], "a wrong number of statuses");
    assert_eq!(seen(3).await, vec![deferred; 3], "a trap");
}

#[tokio::test]
async fn checks_and_filters() {
    // Every line is replaced by `X: y`; every event but end-of-message proceeds, that one is accepted.
    let mut guest = Guest::new("looks", "");
    guest.worlds = vec!["check", "filter"];
    guest.exports = r#"
        (data (i32.const 3300) "Subject") (data (i32.const 3310) "X: y")
        (func (export "waxwing:plugin/content-checks@0.1.0#subscribe") (result i32)
          (i32.store (i32.const 3200) (i32.const 3300)) (i32.store (i32.const 3204) (i32.const 7))
          (i32.store (i32.const 3000) (i32.const 3200)) (i32.store (i32.const 3004) (i32.const 1)) (i32.const 3000))
        (func (export "waxwing:plugin/content-checks@0.1.0#check") (param i32 i32 i32) (result i32)
          (if (i32.eqz (local.get 2)) (then unreachable))
          (i32.store8 (i32.const 3000) (i32.const 3))
          (i32.store (i32.const 3004) (i32.const 3310)) (i32.store (i32.const 3008) (i32.const 4)) (i32.const 3000))
        (func (export "waxwing:plugin/filter-events@0.1.0#subscribe") (result i32)
          (i32.store16 (i32.const 3000) (i32.const 257))
          (i32.store (i32.const 3004) (i32.const 0)) (i32.store (i32.const 3008) (i32.const 0)) (i32.const 3000))
        (func (export "waxwing:plugin/filter-events@0.1.0#handle") (param i32 i64 i32) (result i32)
          (i32.store8 (i32.const 3000) (i32.eq (local.get 0) (i32.const 8))) (i32.const 3000))"#
        .into();
    let server = Server::new("looks looks.wasm\n", &[("looks.wasm", guest.module())]);
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    let check = host.current().check("looks").expect("a checker");
    assert_eq!(check.headers(), ["subject"]);
    let call = call();
    let (action, edits, log) =
        check.check(hook::CheckPart::Header, b"Subject: a", &call).await.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!((action, edits.len(), log.len()), (hook::CheckAction::Replace(Bytes::from_static(b"X: y")), 0, 0));
    assert_eq!(check.check(hook::CheckPart::Body, b"", &call).await.expect_err("a trap").kind, FailureKind::Trap);

    let filter = host.current().filter("looks").expect("a filter");
    assert_eq!(filter.wants(), (hook::FilterEvents::CONNECT | hook::FilterEvents::END_OF_MESSAGE, &[][..]));
    for (event, wanted) in [(Event::Connect, Response::Proceed), (Event::EndOfMessage, Response::Accept)] {
        let (response, ..) = filter.handle(&event, &call).await.unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(response, wanted, "{event:?}");
    }
}

#[tokio::test]
async fn delivery_hooks_and_reports() {
    let mut guest = Guest::new("watches", "");
    guest.worlds = vec!["delivery-hook", "report"];
    // before: defer with 4.7.9; after: retry in 99 s; report: logs, and traps for a batch of one.
    guest.exports = r#"
        (func (export "waxwing:plugin/delivery-attempts@0.1.0#subscribe") (result i32) (i32.const 3))
        (func (export "waxwing:plugin/delivery-attempts@0.1.0#before") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i32) (result i32)
          (i32.store8 (i32.const 3000) (i32.const 2)) (i32.store8 (i32.const 3004) (i32.const 1))
          (i32.store16 (i32.const 3006) (i32.const 7)) (i32.store16 (i32.const 3008) (i32.const 9)) (i32.const 3000))
        (func (export "waxwing:plugin/delivery-attempts@0.1.0#after") (param i32) (result i32)
          (i32.store8 (i32.const 3100) (i32.const 2)) (i32.store (i32.const 3104) (i32.const 99))
          (i32.store (i32.const 3000) (i32.const 3100)) (i32.store (i32.const 3004) (i32.const 1)) (i32.const 3000))
        (func (export "waxwing:plugin/events@0.1.0#subscribe") (result i32) (i32.const 2))
        (func (export "waxwing:plugin/events@0.1.0#report") (param i32 i32)
          (if (i32.eq (local.get 1) (i32.const 1)) (then unreachable))
          (call $put (i32.const 3000) (i32.const 3) (i32.const 1) (i32.const 3010) (i32.const 4)))"#
        .into();
    guest.definitions = r#"
        (import "waxwing:plugin/store@0.1.0" "put" (func $store (param i32 i32 i32 i32 i32 i32 i32 i32)))
        (data (i32.const 3000) "key") (data (i32.const 3010) "done")
        (func $put (param i32 i32 i32 i32 i32)
          (call $store (local.get 3) (local.get 4) (local.get 0) (local.get 1) (local.get 3) (local.get 4) (i32.const 0) (i32.const 3900)))"#
        .into();
    guest.imports = vec!["store"];
    let server = Server::new("watches watches.wasm\n  -o grant=store:done\n", &[("watches.wasm", guest.module())]);
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    let hooks = host.current().delivery_attempts("watches").expect("a hook");
    assert_eq!(hooks.wants(), (true, true));
    let request = request(1);
    let before = hooks.before(&request).await;
    assert!(matches!(&before, BeforeAnswer::Defer(status, _) if status.to_string() == "4.7.9"), "{before:?}");
    let failed = hook::RecipientStatus::new(Outcome::Deferred, mail::Status::temporary(4, 1), "later");
    let after = hooks.after(&request, std::slice::from_ref(&failed)).await;
    assert!(matches!(&after[..], [AfterAnswer::RetryAfter(99)]), "{after:?}");
    let delivered = hook::RecipientStatus::new(Outcome::Delivered, mail::Status::success(0, 0), "ok");
    assert!(hooks.after(&request, &[delivered]).await.is_empty(), "delivered stays delivered");
    assert!(hooks.after(&request, &[failed.clone(), failed]).await.is_empty(), "a wrong number keeps all");

    let reports = host.current().report("watches").expect("a reporter");
    assert!(reports.wants(ReportKind::Queued) && !reports.wants(ReportKind::Delivered));
    reports.report(event());
    tokio::time::sleep(Duration::from_millis(1300)).await;
    // After the trap another batch arrives all the same.
    reports.report(event());
    reports.report(event());
    let registry = host.current();
    let stores = &registry.services().store;
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if stores.get("done", "key") == Ok(Some(b"done".to_vec())) {
            return;
        }
    }
    panic!("the second batch was not handed over");
}

fn event() -> ReportEvent {
    ReportEvent {
        kind: ReportKind::Queued,
        time: SystemTime::UNIX_EPOCH,
        queue_id: "4F2A1".into(),
        client_address: String::new(),
        client_name: String::new(),
        helo_name: String::new(),
        sasl_username: String::new(),
        sender: String::new(),
        recipient: String::new(),
        original_recipient: String::new(),
        transport: String::new(),
        relay: String::new(),
        status: String::new(),
        text: String::new(),
        size: 0,
        recipient_count: 1,
        attempts: 0,
        delay: Duration::ZERO,
        notes: Vec::new(),
        details: Vec::new(),
    }
}

/// Waits for the next generation, five seconds at most.
async fn next(changed: &mut tokio::sync::watch::Receiver<u64>) -> u64 {
    let next = tokio::time::timeout(Duration::from_secs(5), changed.changed()).await;
    next.expect("no new generation within 5 s").expect("the host lives");
    *changed.borrow_and_update()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_files_are_swapped_in_and_bad_ones_are_not() {
    let server = Server::new("mine mine.wasm\n", &[("mine.wasm", refuses("mine", "mine", 550).module())]);
    let host: PluginHost = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    let mut changed = host.subscribe();
    let code = async |registry: &Registry| match verdict(registry, "mine").await {
        Verdict::Reject(reply) => reply.code,
        other => panic!("{other:?}"),
    };
    let first = host.current();

    server.write_component("mine.wasm", &refuses("mine", "mine", 551).module());
    assert_eq!(next(&mut changed).await, 2, "renamed over the old file");
    assert_eq!(code(&host.current()).await, Some(551));
    assert_eq!(code(&first).await, Some(550), "a session under way keeps its generation");

    std::fs::write(server.home.path().join("plugins/mine.wasm"), refuses("mine", "mine", 552).module())
        .expect("in place");
    assert_eq!(next(&mut changed).await, 3, "rewritten in place");
    assert_eq!(code(&host.current()).await, Some(552));

    server.write_component("mine.wasm", b"\0asm\x01\0\0\0");
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(host.current().generation(), 3, "a bad component is refused");
    assert_eq!(code(&host.current()).await, Some(552));

    server.write_component("mine.wasm", &refuses("mine", "mine", 553).module());
    assert_eq!(next(&mut changed).await, 4);

    server.write_component("other.wasm", &permits("other", "other").module());
    server.write_plugins_cf("mine mine.wasm\nother other.wasm\n");
    assert_eq!(next(&mut changed).await, 5, "plugins.cf changed");
    assert_eq!(verdict(&host.current(), "other").await, Verdict::Permit);

    server.write_plugins_cf("mine mine.wasm\nother other.wasm\n  -o nonsense\n");
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(host.current().generation(), 5, "a bad plugins.cf is refused");

    server.write_plugins_cf("mine mine.wasm\n");
    assert_eq!(next(&mut changed).await, 6);
    assert!(host.current().find("other").is_none());
    host.reload(server.config()).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(host.current().generation(), 7);
}

#[tokio::test]
async fn compiled_components_are_kept_for_the_next_start() {
    let server = Server::new("mine mine.wasm\n", &[("mine.wasm", permits("mine", "mine").module())]);
    drop(server.start().await.unwrap_or_else(|error| panic!("{error}")));
    let kept = support::files(&server.home.path().join("data/cwasm"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(verdict(&host.current(), "mine").await, Verdict::Permit);
}

#[tokio::test]
async fn a_warm_instance_serves_many_calls_at_once_from_a_pool() {
    let guest = permits("pooled", "pooled");
    let server = Server::new("pooled pooled.wasm\n  -o instance=shared\n", &[("pooled.wasm", guest.module())]);
    let host = Arc::new(server.start().await.unwrap_or_else(|error| panic!("{error}")));
    let seen = Arc::new(Mutex::new(0));
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let (host, seen) = (host.clone(), seen.clone());
            tokio::spawn(async move {
                assert_eq!(verdict(&host.current(), "pooled").await, Verdict::Permit);
                *seen.lock().expect("no panic holds it") += 1;
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(*seen.lock().expect("no panic holds it"), 200);
}

#[tokio::test]
async fn pauses_add_up_and_end_with_the_call() {
    let mut guest =
        Guest::new("tarpit", "(if (local.get 2) (then (call $pause (i32.const 1500)) (call $pause (i32.const 500))))");
    guest.definitions = r#"(import "waxwing:plugin/session@0.1.0" "pause" (func $pause (param i32)))"#.into();
    let server = Server::new("tarpit tarpit.wasm\n  -o time_limit=20ms\n", &[("tarpit.wasm", guest.module())]);
    let host = server.start().await.unwrap_or_else(|error| panic!("{error}"));
    let restriction = host.current().find("tarpit").expect("loaded");
    let call = call();
    for (argument, pause) in [(Some("x"), Duration::from_secs(2)), (None, Duration::ZERO)] {
        let answer = restriction.check(argument, &call).await.unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(answer.pause, pause, "with {argument:?}");
    }
}
