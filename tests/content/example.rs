//! The session of examples/attachment-names, with the plugin built as its README says.

use std::{fs, process::Command};

use waxwing_tests::{
    client::Client,
    namespace,
    needs::{Need, root},
    server::{Kind, Server, alone},
};

fn build() -> std::path::PathBuf {
    let target = root().join("target/examples");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--lib", "--profile", "wasm", "--target", "wasm32-unknown-unknown"])
        .args(["-p", "attachment-names", "--target-dir"])
        .arg(&target)
        .current_dir(root())
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("wasm32-unknown-unknown/wasm/attachment_names.wasm")
}

#[test]
fn the_session_of_the_attachment_names_example() {
    namespace::inside(&[Need::Waxwing, Need::WasmTarget], |place| {
        let component = build();
        let example = root().join("examples/attachment-names");
        let played = alone(place, Kind::Waxwing, &|server: &mut Server| {
            let conf = server.conf();
            fs::create_dir_all(conf.join("plugins")).expect("create");
            fs::copy(&component, conf.join("plugins/attachment_names.wasm")).expect("copy");
            fs::copy(example.join("plugins.cf"), conf.join("plugins.cf")).expect("copy");
            let lines = fs::read_to_string(example.join("main.cf")).expect("main.cf");
            server.main_cf(&format!("{lines}\nmydestination = example.com\n"));
            server.start();
            play(server, &fs::read_to_string(example.join("session.txt")).expect("the session"));
            server.logged(&[
                "reject: header Content-Disposition: attachment;? filename=\"holiday.jpg.exe\"",
                "from=<me@",
            ]);
        });
        if let Err(why) = played {
            panic!("{why}");
        }
    });
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
