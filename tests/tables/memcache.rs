//! memcache: alone and before another table.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

use waxwing_tests::{namespace, needs::Need};

use crate::{Both, databases, parameters, write};

/// One command, and the lines of the answer up to its last.
fn memcached(command: &str) -> Vec<String> {
    let mut stream = TcpStream::connect("127.0.0.1:11211").expect("memcached");
    stream.write_all(command.as_bytes()).expect("written");
    let mut lines = Vec::new();
    for line in BufReader::new(stream).lines() {
        lines.push(line.expect("a line"));
        if ["END", "STORED"].contains(&lines[lines.len() - 1].as_str()) {
            break;
        }
    }
    lines
}

#[test]
fn memcache() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::Memcached], |place| {
        let mut server = databases::memcached(place);
        let both = Both::new(place.path(), "");
        for (key, value) in [
            ("joe@virtual.test", "joe@mx.test"),
            ("p:joe@virtual.test", "prefixed"),
            ("joe", "user"),
            ("big", &"x".repeat(20_000)),
        ] {
            assert_eq!(memcached(&format!("set {key} 0 0 {}\r\n{value}\r\n", value.len())), ["STORED"]);
        }
        let keys = [
            "joe@virtual.test",
            "JOE@virtual.test",
            "joe",
            "nobody",
            "joe@other.test",
            "a b",
            "@virtual.test",
            "x\rget joe",
        ];
        let mut found = 0;
        for (number, text) in [
            "memcache = inet:127.0.0.1:11211\n",
            "memcache = inet:127.0.0.1:11211\nkey_format = p:%s\n",
            "memcache = inet:127.0.0.1:11211\nkey_format = %u\n",
            "memcache = inet:127.0.0.1:11211\ndomain = virtual.test\n",
            "memcache = inet:127.0.0.1:11211\nkey_format = %u@%2.%1\n",
        ]
        .into_iter()
        .enumerate()
        {
            let path = parameters(place, &format!("memcache{number}.cf"), text);
            found += both.same_answers(&format!("memcache:{path}"), &keys);
        }
        assert!(found > 8, "{found} answers");
        // A value over data_size_limit is an error.
        let path = parameters(place, "size.cf", "memcache = inet:127.0.0.1:11211\nretry_pause = 1\n");
        let title = format!("memcache:{path}");
        assert_eq!(both.theirs("postmap", &["-q", "big", &title], "").status, Some(1));
        let ours = both.ours("postmap", &["-q", "big", &title], "");
        assert!(
            ours.status == Some(1) && ours.errors.last().is_some_and(|line| line.contains("query error")),
            "{ours:?}"
        );

        // What the table behind knows is told to memcached, for so long and with these flags.
        write(&place.path().join("backup"), "known behind\n");
        let text = format!(
            "memcache = inet:127.0.0.1:11211\nkey_format = b:%s\nflags = 7\nttl = 60\nbackup = texthash:{}/backup\n",
            place.path().display()
        );
        let path = parameters(place, "backup.cf", &text);
        let title = format!("memcache:{path}");
        let words = ["-q", "known", title.as_str()];
        assert_eq!(both.ours("postmap", &words, "").out, "behind\n");
        assert_eq!(memcached("get b:known\r\n"), ["VALUE b:known 7 6", "behind", "END"]);
        assert_eq!(memcached("set b:known 0 0 6\r\ncached\r\n"), ["STORED"]);
        assert_eq!(both.same("postmap", &words, "").out, "cached\n");
        assert_eq!(both.same("postmap", &["-s", &title], "").out, "known\tbehind\n");

        server.kill();
        // Behind it there is still an answer; without anything behind it there is none, which is an error.
        assert_eq!(both.ours("postmap", &words, "").out, "behind\n");
        let path = parameters(place, "alone.cf", "memcache = inet:127.0.0.1:11211\n");
        both.same("postmap", &["-q", "joe", &format!("memcache:{path}")], "");
    });
}
