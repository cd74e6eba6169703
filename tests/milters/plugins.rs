//! Plugins of the world filter: the session of examples/subject-tagger, with the plugin built as its README says.

use std::{fs, process::Command};

use waxwing_tests::{
    client::Client,
    namespace,
    needs::{Need, root},
    server::{Kind, Server, alone},
    sink::Sink,
};

fn build() -> std::path::PathBuf {
    let target = root().join("target/examples");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--lib", "--profile", "wasm", "--target", "wasm32-unknown-unknown"])
        .args(["-p", "subject-tagger", "--target-dir"])
        .arg(&target)
        .current_dir(root())
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("wasm32-unknown-unknown/wasm/subject_tagger.wasm")
}

fn install(server: &mut Server, component: &std::path::Path, plugins_cf: &str, main_cf: &str) {
    let conf = server.conf();
    fs::create_dir_all(conf.join("plugins")).expect("create");
    fs::copy(component, conf.join("plugins/subject_tagger.wasm")).expect("copy");
    fs::write(conf.join("plugins.cf"), plugins_cf).expect("write");
    let delivery = "mydestination =\nrelay_domains = example.com\nrelay_transport = smtp:[127.0.0.1]:2525\n";
    server.main_cf(&format!("{delivery}{main_cf}"));
    server.start();
}

#[test]
fn the_session_of_the_subject_tagger_example() {
    namespace::inside(&[Need::Waxwing, Need::WasmTarget], |place| {
        let component = build();
        let example = root().join("examples/subject-tagger");
        let read = |name: &str| fs::read_to_string(example.join(name)).expect("the example's file");
        let played = alone(place, Kind::Waxwing, &|server: &mut Server| {
            let sink = Sink::listen("127.0.0.1:2525");
            install(server, &component, &read("plugins.cf"), &read("main.cf"));
            play(server, &read("session.txt"));
            let mut subjects: Vec<String> = sink.wait_for(2).iter().map(|message| subject(&message.text())).collect();
            subjects.sort();
            assert_eq!(subjects, ["Subject: Re: [outside] an offer", "Subject: [OUTSIDE] an offer"]);
        });
        if let Err(why) = played {
            panic!("{why}");
        }
    });
}

#[test]
fn a_filter_without_its_grant_is_not_loaded_and_mode_warn_changes_nothing() {
    namespace::inside(&[Need::Waxwing, Need::WasmTarget], |place| {
        let component = build();
        let played = alone(place, Kind::Waxwing, &|server: &mut Server| {
            let sink = Sink::listen("127.0.0.1:2525");
            let entry = "subject-tagger subject_tagger.wasm\n -o grant=edit-headers\n -o mode=warn\n";
            let main_cf = "smtpd_milters = wasm:subject-tagger\nmynetworks = 192.0.2.0/24\n";
            install(server, &component, entry, main_cf);
            let mut client = Client::ready("127.0.0.1", server.port);
            assert!(client.mail("a@b.test", "c@example.com", "Subject: x\n\nbody\n").starts_with("250 "));
            assert_eq!(subject(&sink.wait_for(1)[0].text()), "Subject: x");
            server.logged(&["mode=warn, would:", "1 edits"]);
            fs::write(server.conf().join("plugins.cf"), "subject-tagger subject_tagger.wasm\n").expect("write");
            server.reload();
            server.logged(&["subject-tagger", "grant=edit-headers"]);
        });
        if let Err(why) = played {
            panic!("{why}");
        }
    });
}

fn subject(text: &str) -> String {
    text.lines().find(|line| line.starts_with("Subject:")).unwrap_or_default().to_string()
}

fn play(server: &Server, session: &str) {
    let mut client = Client::connect(server.port).expect("connected");
    let mut heard = client.reply();
    for (number, line) in session.lines().enumerate() {
        match line.split_at_checked(2) {
            Some(("S:", sent)) => heard = client.command(sent.trim()),
            Some(("D:", content)) => {
                client.send(format!("{}\r\n", content.strip_prefix(' ').unwrap_or(content)).as_bytes())
            }
            Some(("R:", wanted)) => {
                let wanted = wanted.trim();
                let same = match wanted.strip_prefix('~') {
                    Some(pattern) => regex::Regex::new(pattern).expect("a pattern").is_match(&heard),
                    None => heard.trim_end() == wanted,
                };
                assert!(same, "session.txt:{}: wanted {wanted:?}, heard {heard:?}", number + 1);
            }
            _ => assert!(line.is_empty() || line.starts_with('#'), "session.txt:{}: {line:?}", number + 1),
        }
    }
}
