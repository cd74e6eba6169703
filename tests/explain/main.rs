//! `waxwing explain`: what it says is what the server does, it names who answered and what was looked up, and it changes
//! nothing. A user's plugin that replaces or wraps a default restriction is the example. And docs/restrictions.md is what
//! the plugins say.

mod page;

use std::{
    fs,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use waxwing_tests::{
    client::{Client, ask},
    dns::Dns,
    namespace::{self, Place},
    needs::{Need, root},
    server::{Kind, Server, binary},
    waiting,
};

const NEEDS: &[Need] = &[Need::Waxwing];
const WITH_GUEST: &[Need] = &[Need::Waxwing, Need::WasmTarget];
const ZONE: &str = "good.test A 10.1.1.1\n192.0.2.7 PTR client.test\nclient.test A 192.0.2.7\n";

/// Builds the user's plugin with this feature.
fn guest(feature: &str) -> PathBuf {
    let target = root().join("target/explain-guest").join(feature);
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--release", "--target", "wasm32-unknown-unknown", "--manifest-path"])
        .arg(root().join("tests/explain/guest/Cargo.toml"))
        .args(["--features", feature, "--target-dir"])
        .arg(&target)
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "the guest does not build: {}", String::from_utf8_lossy(&output.stderr));
    target.join("wasm32-unknown-unknown/release/explained.wasm")
}

/// A server with the plugin, named `mine` in plugins.cf.
fn server_with(place: &Place, wasm: &PathBuf, options: &str, main_cf: &str) -> Server {
    let mut server = Server::new(place, Kind::Waxwing);
    let plugins = server.conf().join("plugins");
    fs::create_dir(&plugins).expect("a directory");
    fs::copy(wasm, plugins.join("mine.wasm")).expect("copy");
    server.table("plugins.cf", &format!("mine  mine.wasm\n{options}"));
    server.main_cf(main_cf);
    server
}

/// The command as the server's user, whose compiled plugins it may then use.
fn run(server: &Server, arguments: &[&str]) -> Output {
    let user = nix::unistd::User::from_name("postfix").ok().flatten().expect("user postfix, made by Debian's package");
    let mut command = Command::new(binary());
    command.args(["explain", "-c"]).arg(server.conf()).args(arguments).uid(user.uid.as_raw()).gid(user.gid.as_raw());
    command.current_dir("/").stdin(Stdio::null()).output().expect("waxwing runs")
}

fn printed(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "explain failed: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `explain --json`.
fn explain(server: &Server, arguments: &[&str]) -> Value {
    let arguments: Vec<_> = ["--json"].iter().chain(arguments).copied().collect();
    let text = printed(&run(server, &arguments));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn step<'v>(explanation: &'v Value, command: &str) -> &'v Value {
    let steps = explanation["steps"].as_array().expect("steps");
    let found = steps.iter().find(|step| step["command"].as_str().is_some_and(|said| said.starts_with(command)));
    found.unwrap_or_else(|| panic!("no step {command} in {explanation:#}"))
}

/// The items of a step that name this restriction and plugin.
fn item<'v>(step: &'v Value, restriction: &str, plugin: &str) -> &'v Value {
    let items = step["items"].as_array().expect("items");
    let found = items.iter().find(|item| item["restriction"] == restriction && item["plugin"] == plugin);
    found.unwrap_or_else(|| panic!("no answer of {restriction} by {plugin} in {step:#}"))
}

fn looked_up(item: &Value, kind: &str, target: &str, answer: &str) {
    let lookups = item["lookups"].as_array().expect("lookups");
    let fits = |looked: &Value| {
        looked["kind"] == kind
            && looked["target"].as_str().is_some_and(|text| text.contains(target))
            && looked["answer"].as_str().is_some_and(|text| text.contains(answer))
    };
    assert!(lookups.iter().any(fits), "no {kind} lookup of {target} that answers {answer} in {item:#}");
}

/// The reply lines of a step, as a client reads them.
fn reply(step: &Value) -> String {
    let lines: Vec<_> = step["reply"].as_array().expect("reply").iter().filter_map(Value::as_str).collect();
    lines.join("\n")
}

const SENDERS: [&str; 4] = ["a@good.test", "a@nowhere.test", "a@pest.test", "a@partner.test"];

/// What explain says of these senders, which must be what the running server says.
fn as_the_server_answers(server: &Server) -> Vec<String> {
    let replies = SENDERS.map(|sender| {
        let explained =
            explain(server, &["--client", "10.1.1.1,unknown", "--from", sender, "--to", "u@mx.test", "--at", "rcpt"]);
        let said = reply(step(&explained, "RCPT TO"));
        assert_eq!(said, ask("10.1.1.1", server.port, sender, "u@mx.test"), "{sender}: explain, then the server");
        said
    });
    replies.to_vec()
}

#[test]
fn a_user_s_plugin_replaces_a_default_restriction() {
    let wasm = guest("replace");
    namespace::inside(WITH_GUEST, |place| {
        let _dns = Dns::serve(ZONE);
        let mut server = server_with(place, &wasm, "", "smtpd_recipient_restrictions = reject_unknown_sender_domain\n");
        server.start();
        let unknown = "450 4.1.8 <a@nowhere.test>: Sender address rejected: Domain not found";
        let replies = as_the_server_answers(&server);
        assert_eq!(replies, ["250 2.1.5 Ok", unknown, "550 5.7.1 <a@pest.test>: not from there", "250 2.1.5 Ok"]);

        let arguments =
            ["--client", "192.0.2.7", "--helo", "client.test", "--from", "a@nowhere.test", "--to", "u@mx.test"];
        let explained = explain(&server, &arguments);
        assert_eq!(explained["client"]["name"], "unknown", "smtpd_peername_lookup = no");
        let rcpt = step(&explained, "RCPT TO:<u@mx.test>");
        let outer = item(rcpt, "reject_unknown_sender_domain", "mine");
        assert_eq!((&outer["version"], &outer["verdict"]), (&"0.7.0".into(), &"restrictions".into()), "{outer:#}");
        assert!(outer["origin"].as_str().is_some_and(|origin| origin.ends_with("plugins/mine.wasm")), "{outer:#}");
        assert_eq!((&outer["list"], &outer["depth"]), (&"smtpd_recipient_restrictions".into(), &1.into()));
        // The default one, which it wraps.
        let inner = item(rcpt, "reject_unknown_sender_domain", "address");
        assert_eq!((&inner["origin"], &inner["depth"]), (&"default".into(), &2.into()), "{inner:#}");
        looked_up(inner, "dns", "MX", "no such domain");
        looked_up(inner, "dns", "A", "no such domain");
        assert_eq!((&inner["effect"], &inner["reply"]), (&"refuses".into(), &unknown.into()), "{inner:#}");
        assert_eq!(explained["accepted"], false);
        let text = printed(&run(&server, &arguments));
        for words in
            ["[mine 0.7.0, ", "mine.wasm; ", "dns MX \"nowhere.test\": no such domain", &format!("< {unknown}")]
        {
            assert!(text.contains(words), "no {words:?} in\n{text}");
        }

        // From plugins.cf alone: without its line the default one answers.
        server.table("plugins.cf", "");
        let explained = explain(&server, &arguments);
        let rcpt = step(&explained, "RCPT TO");
        assert_eq!(item(rcpt, "reject_unknown_sender_domain", "address")["depth"], 1);
        assert!(!rcpt.to_string().contains("mine"), "{rcpt:#}");
        server.stop();
    });
}

#[test]
fn a_user_s_plugin_wraps_a_default_restriction() {
    let wasm = guest("wrap");
    namespace::inside(WITH_GUEST, |place| {
        let _dns = Dns::serve(ZONE);
        let main_cf = "smtpd_recipient_restrictions = reject_pests_and_unknown\n";
        let mut server = server_with(place, &wasm, "", main_cf);
        server.start();
        let unknown = "450 4.1.8 <a@nowhere.test>: Sender address rejected: Domain not found";
        let replies = as_the_server_answers(&server);
        assert_eq!(replies, ["250 2.1.5 Ok", unknown, "550 5.7.1 <a@pest.test>: not from there", "250 2.1.5 Ok"]);
        let arguments = ["--client", "192.0.2.7,client.test", "--from", "a@nowhere.test", "--to", "u@mx.test"];
        let explained = explain(&server, &arguments);
        let rcpt = step(&explained, "RCPT TO");
        assert_eq!(item(rcpt, "reject_pests_and_unknown", "mine")["detail"], "reject_unknown_sender_domain");
        assert_eq!(item(rcpt, "reject_unknown_sender_domain", "address")["effect"], "refuses");
        // mode=warn: told, and without effect.
        server.table("plugins.cf", "mine  mine.wasm\n  -o mode=warn\n");
        let explained = explain(&server, &["--client", "192.0.2.7", "--from", "a@pest.test", "--to", "u@mx.test"]);
        let warned = item(step(&explained, "RCPT TO"), "reject_pests_and_unknown", "mine");
        assert_eq!((&warned["mode"], &warned["effect"]), (&"warn".into(), &"warns".into()), "{warned:#}");
        assert_eq!(warned["reply"], "550 5.7.1 <a@pest.test>: not from there");
        server.stop();
    });
}

#[test]
fn nothing_is_learned_sent_or_waited_for() {
    let wasm = guest("remember");
    namespace::inside(WITH_GUEST, |place| {
        let grants = "  -o grant=store:newcomers,edit-headers\n  -o time_limit=2s\n";
        let mut server = server_with(place, &wasm, grants, "smtpd_recipient_restrictions = defer_newcomers\n");
        server.start();
        let arguments = ["--client", "10.1.1.1", "--from", "a@good.test", "--to", "u@mx.test"];
        for round in ["first", "second"] {
            let begin = Instant::now();
            let explained = explain(&server, &arguments);
            assert!(begin.elapsed() < Duration::from_secs(50), "the pause was made");
            let asked = item(step(&explained, "RCPT TO"), "defer_newcomers", "mine");
            assert_eq!((&asked["verdict"], &asked["pause_milliseconds"]), (&"defer-if-permit".into(), &60_000.into()));
            assert_eq!(asked["effect"], "defers_if_permit", "{round} time: {asked:#}");
            looked_up(asked, "store", "put-if-absent newcomers", "would be put: 4 bytes");
            assert_eq!(reply(step(&explained, "RCPT TO")), "450 4.7.1 You are new here", "{round} time");
        }
        // What the server learns by itself, explain sees: the session goes away, its pause behind it.
        let mut session = Client::ready("10.1.1.1", server.port);
        session.command("MAIL FROM:<a@good.test>");
        session.send(b"RCPT TO:<u@mx.test>\r\n");
        let known = waiting::until(30, || {
            let explained = explain(&server, &arguments);
            let known = item(step(&explained, "RCPT TO"), "defer_newcomers", "mine")["verdict"] == "dunno";
            known.then_some(explained)
        });
        let known = known.expect("explain sees what the server wrote");
        let asked = item(step(&known, "RCPT TO"), "defer_newcomers", "mine");
        assert_eq!(asked["edits"], serde_json::json!(["PREPEND X-Known: yes"]));
        let end = reply(step(&known, "END-OF-MESSAGE"));
        assert!(end.starts_with("250 2.0.0 Ok: queued as "), "{end}");
        assert!(known["accepted"] == true && server.queue().is_empty(), "{:?}", server.queue());
        assert!(!server.log().contains("X-Known") && !server.log().contains("queued as"), "{}", server.log());
        drop(session);
        server.kill();
    });
}

#[test]
fn every_stage_as_the_server_plays_it() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        let mut server = Server::new(place, Kind::Waxwing);
        server.table("senders", "held@good.test HOLD look at it\nmaybe@good.test DEFER_IF_PERMIT later\n");
        server.main_cf(
            "smtpd_peername_lookup = yes\n\
             smtpd_client_restrictions = check_client_access inline:{ client.test=DUNNO }\n\
             smtpd_helo_restrictions = reject_invalid_helo_hostname\n\
             smtpd_sender_restrictions = check_sender_access texthash:$config_directory/senders\n\
             smtpd_data_restrictions = reject_unauth_pipelining\n\
             smtpd_end_of_data_restrictions = check_client_access inline:{ 192.0.2.7=REJECT }\n\
             fast_flush_domains = good.test\n",
        );
        server.start();
        let whole = [
            "--client",
            "192.0.2.7",
            "--helo",
            "h.test",
            "--from",
            "held@good.test",
            "--to",
            "a@mx.test",
            "--to",
            "b@mx.test",
            "--to",
            "c@far.test",
        ];
        let explained = explain(&server, &whole);
        assert_eq!(
            (&explained["client"]["name"], &explained["client"]["name_status"]),
            (&"client.test".into(), &"verified".into())
        );
        looked_up(&explained["client"], "dns", "PTR", "client.test");
        let mut session = Client::ready("192.0.2.7", server.port);
        for command in [
            "EHLO h.test",
            "MAIL FROM:<held@good.test>",
            "RCPT TO:<a@mx.test>",
            "RCPT TO:<b@mx.test>",
            "RCPT TO:<c@far.test>",
            "DATA",
        ] {
            assert_eq!(
                reply(step(&explained, command)),
                session.command(command),
                "{command}: explain, then the server"
            );
        }
        let end = session.command("Subject: x\r\n\r\n.");
        assert_eq!(reply(step(&explained, "END-OF-MESSAGE")), end, "explain, then the server");
        assert!(end.starts_with("554 5.7.1 <client.test[192.0.2.7]>: Client host rejected: Access denied"), "{end}");
        let first = item(step(&explained, "RCPT TO:<a@mx.test>"), "check_sender_access", "access");
        assert_eq!(
            (&first["reused"], &first["edits"][0]),
            (&false.into(), &"HOLD <held@good.test>: Sender address look at it".into()),
            "{first:#}"
        );
        looked_up(first, "table", "senders (mail address)", "held@good.test: HOLD look at it");
        assert_eq!(item(step(&explained, "RCPT TO:<b@mx.test>"), "check_sender_access", "access")["reused"], true);
        let log = step(&explained, "RCPT TO:<c@far.test>")["log"].to_string();
        assert!(
            log.contains("reject: RCPT from client.test[192.0.2.7]: 454 4.7.1 <c@far.test>: Relay access denied"),
            "{log}"
        );

        // defer_if_permit takes effect where the lists end.
        let put_off = explain(&server, &["--client", "192.0.2.7", "--from", "maybe@good.test", "--to", "a@mx.test"]);
        assert_eq!(item(step(&put_off, "RCPT TO"), "check_sender_access", "access")["effect"], "defers_if_permit");
        assert_eq!(reply(step(&put_off, "RCPT TO")), ask("192.0.2.7", server.port, "maybe@good.test", "a@mx.test"));

        let etrn = explain(&server, &["--client", "192.0.2.7", "--etrn", "good.test"]);
        assert_eq!(reply(step(&etrn, "ETRN good.test")), "250 Queuing started");
        server.stop();
    });
}

#[test]
fn a_service_s_own_lines_hold() {
    namespace::inside(NEEDS, |place| {
        let mut server = Server::new(place, Kind::Waxwing);
        server.master =
            "127.0.0.1:2587 inet n - n - - smtpd\n  -o smtpd_delay_reject=no\n  -o smtpd_sasl_auth_enable=yes\n  \
                         -o smtpd_sasl_type=dovecot\n  -o smtpd_sasl_path=private/auth\n  \
                         -o { smtpd_client_restrictions = permit_sasl_authenticated, reject }\n"
                .into();
        server.main_cf("smtpd_client_restrictions =\n");
        let client = ["--client", "10.1.1.1,a.test", "--at", "client"];
        let first = explain(&server, &client);
        assert_eq!(
            (reply(step(&first, "connect")), &first["accepted"]),
            ("220 mx.test ESMTP".to_string(), &true.into())
        );
        let submission = explain(&server, &[&client[..], &["--service", "127.0.0.1:2587"]].concat());
        let connect = step(&submission, "connect");
        assert_eq!(reply(connect), "554 5.7.1 <a.test[10.1.1.1]>: Client host rejected: Access denied");
        assert_eq!((&submission["accepted"], &submission["smtpd_delay_reject"]), (&false.into(), &false.into()));
        let known = explain(&server, &[&client[..], &["--service", "127.0.0.1:2587", "--sasl", "me"]].concat());
        assert_eq!(item(step(&known, "connect"), "permit_sasl_authenticated", "client")["verdict"], "permit");
        assert_eq!(reply(step(&known, "connect")), "220 mx.test ESMTP");
    });
}

#[test]
fn what_cannot_be_explained_is_said() {
    namespace::inside(NEEDS, |place| {
        let mut server = Server::new(place, Kind::Waxwing);
        server.main_cf("");
        let fails = |arguments: &[&str], wanted: &[&str]| {
            let output = run(&server, arguments);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
            assert!(output.stdout.is_empty(), "{arguments:?} printed an explanation");
            assert!(wanted.iter().all(|words| said.contains(words)), "{arguments:?}: want {wanted:?} in {said}");
        };
        let nowhere = place.path().join("nowhere").display().to_string();
        fails(&["--client", "10.1.1"], &["explain: fatal: ", "\"10.1.1\" is no IP address"]);
        fails(&["--client", "10.1.1.1", "--at", "moon"], &["unknown stage", "end-of-data"]);
        fails(&["--client", "10.1.1.1", "--to", "a@b.test"], &["--to needs --from"]);
        fails(&["--client", "10.1.1.1", "--service", "x"], &["no smtpd service x in master.cf, only: "]);
        fails(&["--client", "10.1.1.1", "-c", &nowhere], &[&nowhere, "main.cf"]);
        fails(&["--helo", "x"], &["--client"]);
        // A bad mail address is the server's to refuse.
        let bad = explain(&server, &["--client", "10.1.1.1", "--from", "a@b..c", "--at", "mail"]);
        assert_eq!(reply(step(&bad, "MAIL FROM")), "501 5.1.7 Bad sender address syntax");
    });
}
