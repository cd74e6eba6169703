//! Damage on disk: what cannot be read goes to corrupt/ and the log; the rest is delivered.

use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use waxwing_tests::{
    client::send_mail,
    dns::Dns,
    load::{self, Arrivals},
    namespace,
    server::Server,
    sink::{Answer, Sink},
    waiting,
};

use crate::{NEEDS, ZONE, files_in, mail_server};

fn message(name: &str) -> String {
    format!("Subject: {name}\nX-Load: {name}\n\nthe body of {name}\nx\n")
}

fn send(server: &Server, name: &str) {
    let reply = send_mail("127.0.0.1", server.port, "a@sender.test", "a@sink.test", &message(name));
    assert!(reply.starts_with("250"), "{reply}");
}

fn find(text: &[u8], word: &str) -> Option<usize> {
    text.windows(word.len()).position(|w| w == word.as_bytes())
}

/// The file below a queue directory that holds the word, and where.
fn holding(server: &Server, directory: &str, word: &str) -> (PathBuf, u64) {
    let hit = |path: &PathBuf| find(&fs::read(path).ok()?, word).map(|at| (path.clone(), at as u64));
    let files = files_in(server, directory);
    files.iter().find_map(hit).unwrap_or_else(|| panic!("no file below {directory} holds {word}: {files:?}"))
}

fn flip(path: &Path, at: u64) {
    let file = fs::File::options().read(true).write(true).open(path).expect("open");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("read");
    file.write_all_at(&[byte[0] ^ 0x10], at).expect("write");
}

fn arrived(sink: &Sink) -> Vec<String> {
    let mut arrivals = Arrivals::new();
    load::arrived_in_sink(sink, &mut arrivals);
    arrivals.into_keys().collect()
}

/// Messages whose first attempt hangs while the server is killed: they lie in the journal only.
fn journal_of(server: &mut Server, names: &[&str]) {
    let hanging = Sink::listen("10.30.0.1:2599");
    hanging.script(|_, _| Some(Answer::Hang));
    server.start();
    for name in names {
        send(server, name);
    }
    server.kill();
}

fn wait_for(sink: &Sink, server: &Server, names: &[&str]) {
    let all = waiting::until_true(30, || names.iter().all(|n| arrived(sink).iter().any(|a| a == n)));
    assert!(all, "arrived: {:?}, expected {names:?}\n{}", arrived(sink), server.log());
}

#[test]
fn a_flipped_bit_in_the_journal_costs_one_message() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        let (mut server, _) = mail_server(place, "");
        journal_of(&mut server, &["one", "two", "three"]);
        let (segment, at) = holding(&server, "journal", "the body of two");
        flip(&segment, at + 4);
        let sink = Sink::listen("10.30.0.1:2599");
        server.start();
        wait_for(&sink, &server, &["one", "three"]);
        assert!(
            waiting::until_true(10, || !files_in(&server, "corrupt").is_empty()),
            "corrupt/ is empty\n{}",
            server.log()
        );
        assert!(!arrived(&sink).contains(&"two".to_string()), "a damaged message was delivered");
        server.logged(&["corrupt"]);
        send(&server, "four");
        wait_for(&sink, &server, &["four"]);
        server.stop();
    });
}

#[test]
fn a_truncated_journal_loses_only_what_was_cut() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        let (mut server, _) = mail_server(place, "");
        journal_of(&mut server, &["one", "two", "three"]);
        let (segment, at) = holding(&server, "journal", "the body of three");
        fs::File::options().write(true).open(&segment).and_then(|f| f.set_len(at + 5)).expect("truncate");
        let sink = Sink::listen("10.30.0.1:2599");
        server.start();
        wait_for(&sink, &server, &["one", "two"]);
        send(&server, "four");
        wait_for(&sink, &server, &["four"]);
        assert!(!arrived(&sink).contains(&"three".to_string()), "half a message was delivered");
        server.stop();
    });
}

#[test]
fn garbage_behind_the_journal_does_not_block_it() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        let (mut server, _) = mail_server(place, "");
        journal_of(&mut server, &["one", "two"]);
        let (segment, _) = holding(&server, "journal", "the body of two");
        let mut bytes = fs::read(&segment).expect("read");
        bytes.extend((0..999u32).map(|n| (n * 37 % 251) as u8));
        fs::write(&segment, bytes).expect("write");
        let sink = Sink::listen("10.30.0.1:2599");
        server.start();
        wait_for(&sink, &server, &["one", "two"]);
        send(&server, "three");
        wait_for(&sink, &server, &["three"]);
        server.stop();
    });
}

#[test]
fn a_damaged_deferred_file_goes_to_corrupt() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        let (mut server, _) = mail_server(place, "");
        server.start();
        for name in ["one", "two", "three", "four"] {
            send(&server, name);
        }
        let deferred = waiting::until_true(20, || files_in(&server, "deferred").len() >= 4);
        assert!(
            deferred,
            "nothing listens there, but the files are {:?}\n{}",
            files_in(&server, "deferred"),
            server.log()
        );
        // Until the journal knows that they moved, recovery may take the copy there, which is whole.
        std::thread::sleep(std::time::Duration::from_secs(2));
        server.kill();
        let (path, at) = holding(&server, "deferred", "the body of one");
        flip(&path, at + 4);
        let (path, at) = holding(&server, "deferred", "the body of two");
        fs::File::options().write(true).open(&path).and_then(|f| f.set_len(at)).expect("truncate");
        let (path, _) = holding(&server, "deferred", "the body of three");
        fs::write(&path, "").expect("truncate");
        let sink = Sink::listen("10.30.0.1:2599");
        server.start();
        wait_for(&sink, &server, &["four"]);
        let moved = waiting::until_true(20, || files_in(&server, "corrupt").len() >= 3);
        assert!(moved, "corrupt/ holds {:?}\n{}", files_in(&server, "corrupt"), server.log());
        assert_eq!(arrived(&sink), ["four"]);
        server.logged(&["corrupt"]);
        server.stop();
    });
}
