//! pgsql:, mysql: and sqlite: with the same rows and the same questions.

use std::process::Command;

use waxwing_tests::{
    namespace::{self, Place},
    needs::Need,
};

use crate::{Both, databases, parameters, session, session_with};

const SCHEMA: &str = "\
CREATE TABLE aliases (address VARCHAR(200), goto VARCHAR(200), active INTEGER);
CREATE TABLE access (address VARCHAR(200), verdict VARCHAR(200));
INSERT INTO aliases VALUES ('joe@virtual.test', 'joe@mx.test', 1);
INSERT INTO aliases VALUES ('list@virtual.test', 'one@x.test', 1);
INSERT INTO aliases VALUES ('list@virtual.test', 'two@y.test', 1);
INSERT INTO aliases VALUES ('list@virtual.test', 'unqualified', 1);
INSERT INTO aliases VALUES ('gone@virtual.test', 'gone@mx.test', 0);
INSERT INTO aliases VALUES ('void@virtual.test', '', 1);
INSERT INTO aliases VALUES ('null@virtual.test', NULL, 1);
INSERT INTO aliases VALUES ('o''brien@virtual.test', 'apostrophe', 1);
INSERT INTO aliases VALUES ('bare', 'bare@mx.test', 1);
INSERT INTO aliases VALUES ('@virtual.test', 'catchall', 1);
INSERT INTO aliases VALUES ('j\u{f6}rg@virtual.test', 'umlaut', 1);
INSERT INTO access VALUES ('blocked@virtual.test', 'REJECT go away');
";

/// Keys of every kind; the last ones try to become SQL.
const KEYS: &[&str] = &[
    "joe@virtual.test",
    "JOE@Virtual.Test",
    "list@virtual.test",
    "gone@virtual.test",
    "void@virtual.test",
    "null@virtual.test",
    "o'brien@virtual.test",
    "bare",
    "@virtual.test",
    "virtual.test",
    "j\u{f6}rg@virtual.test",
    "joe@other.test",
    "joe@test",
    "x' OR '1'='1",
    "x'' OR ''1''=''1",
    "x\\' OR 1=1 -- ",
    "x\\\\' OR 1=1 #",
    "\" OR \"\"=\"",
    "\\",
    "'; DROP TABLE aliases; --",
    "%",
    "joe@virtual.test' --",
];

/// What follows the lines that name the server.
fn tables(concat: &str) -> Vec<String> {
    [
        "query = SELECT goto FROM aliases WHERE address = '%s' AND active = 1",
        "query = SELECT goto FROM aliases WHERE address = '%u@%d'\nresult_format = <%s>",
        "query = SELECT goto, address FROM aliases WHERE address = '%s'\nresult_format = %u at %d for %U",
        "query = SELECT goto FROM aliases WHERE address = '%u@%2.%1'\nresult_format = %s%%%1",
        "query = SELECT goto FROM aliases WHERE address = '%S'\nexpansion_limit = 5\ndomain = virtual.test, example.org",
        "query = SELECT goto FROM aliases WHERE address = '%u@virtual.test'\nresult_format = %D",
        "select_field = goto\ntable = aliases\nwhere_field = address",
        "select_field = goto\ntable = aliases\nwhere_field = address\nadditional_conditions = AND active = 1",
        "query = SELECT 1, 2.5, NULL, 'x' FROM aliases WHERE address = '%s'",
    ]
    .into_iter()
    .map(str::to_string)
    .chain([format!("query = SELECT {concat} FROM aliases WHERE address = '%s' ORDER BY goto")])
    .collect()
}

/// Every table of `server` lines answers Debian's postmap and ours alike.
fn compare(place: &Place, kind: &str, server: &str, concat: &str) {
    let both = Both::new(place.path(), "");
    // Postfix 3.7 talks Latin-1 to PostgreSQL.
    let keys: Vec<&str> = KEYS.iter().copied().filter(|key| kind != "pgsql" || key.is_ascii()).collect();
    let mut found = 0;
    for (number, table) in tables(concat).into_iter().enumerate() {
        let path = parameters(place, &format!("{kind}{number}.cf"), &format!("{server}{table}\n"));
        found += both.same_answers(&format!("{kind}:{path}"), &keys);
    }
    assert!(found > 40, "{found} answers");
    let limited = parameters(
        place,
        "limited.cf",
        &format!("{server}query = SELECT goto FROM aliases WHERE address = '%s'\nexpansion_limit = 1\n"),
    );
    let title = format!("{kind}:{limited}");
    for key in ["joe@virtual.test", "list@virtual.test"] {
        let (theirs, ours) =
            (both.theirs("postmap", &["-q", key, &title], ""), both.ours("postmap", &["-q", key, &title], ""));
        assert_eq!((&ours.out, ours.status), (&theirs.out, theirs.status), "{key}: {ours:?} {theirs:?}");
    }
    // An error of the database is no absence.
    let wrong = parameters(place, "wrong.cf", &format!("{server}query = SELECT nothing FROM nowhere WHERE a = '%s'\n"));
    let ours = both.ours("postmap", &["-q", "joe", &format!("{kind}:{wrong}")], "");
    assert_eq!(ours.status, Some(1));
    assert!(ours.errors.last().is_some_and(|line| line.contains("query error: ")), "{ours:?}");
    // Where there are no quotes, only a word is asked for.
    let bare = parameters(place, "bare.cf", &format!("{server}query = SELECT goto FROM aliases WHERE active = %s\n"));
    let title = format!("{kind}:{bare}");
    assert_eq!(both.ours("postmap", &["-q", "0", &title], "").out, "gone@mx.test\n");
    let ours = both.ours("postmap", &["-q", "0 OR 1=1", &title], "");
    assert!(ours.status == Some(1) && ours.errors.last().is_some_and(|line| line.contains("needs quotes")), "{ours:?}");
    // The parameters in main.cf, with the table's name before each.
    let prefixed: String = server
        .lines()
        .chain(["query = SELECT goto FROM aliases WHERE address = '%s'"])
        .map(|line| format!("old_{line}\n"))
        .collect();
    let both = Both::new(place.path(), &prefixed);
    assert_eq!(both.same_answers(&format!("{kind}:old"), &KEYS[..3]), 3);
    let sequence = both.same("postmap", &["-s", &format!("{kind}:old")], "");
    assert!(sequence.errors[0].contains("sequence operation is not supported"), "{sequence:?}");
}

/// The two tables of [`session`].
fn accounts_and_access(place: &Place, kind: &str, server: &str) -> (String, String) {
    let accounts = format!(
        "{server}query = SELECT goto FROM aliases WHERE address = '%s' AND goto LIKE '%%@%%'\ndomain = virtual.test\n"
    );
    let access = format!("{server}query = SELECT verdict FROM access WHERE address = '%s'\n");
    (
        format!("{kind}:{}", parameters(place, "accounts.cf", &accounts)),
        format!("proxy:{kind}:{}", parameters(place, "access.cf", &access)),
    )
}

#[test]
fn postgresql() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::PostgreSql, Need::TableType("pgsql")], |place| {
        let (mut database, sockets) = databases::postgresql(place, SCHEMA);
        let login = "user = mail\npassword = secret\ndbname = mail\n";
        compare(place, "pgsql", &format!("hosts = 127.0.0.1\n{login}"), "goto || '|' || address");
        // Over the socket; and a server that is not there beside it; and a URI.
        let both = Both::new(place.path(), "");
        let query = "query = SELECT goto FROM aliases WHERE address = E'%s'\n";
        let uri = "hosts = postgresql://mail:secret@127.0.0.1:5432/mail\ndbname = x\n".to_string();
        for (number, hosts) in [
            format!("hosts = unix:{}\n{login}", sockets.display()),
            format!("hosts = 127.0.0.1:1 unix:{} inet:127.0.0.1:2\n{login}", sockets.display()),
            uri,
        ]
        .into_iter()
        .enumerate()
        {
            let path = parameters(place, &format!("hosts{number}.cf"), &format!("{hosts}{query}"));
            let asked = ["joe@virtual.test", "o'brien@virtual.test", "nobody"];
            assert_eq!(both.same_answers(&format!("pgsql:{path}"), &asked), 2, "{hosts}");
            // Postfix's client would let this key out of an E'' text.
            let ours = both.ours("postmap", &["-q", "\\' OR 1=1 --", &format!("pgsql:{path}")], "");
            assert_eq!((ours.status, ours.out.as_str()), (Some(1), ""), "{ours:?}");
        }
        let wrong = parameters(
            place,
            "password.cf",
            &format!("hosts = 127.0.0.1\nuser = mail\npassword = no\ndbname = mail\n{query}"),
        );
        let ours = both.ours("postmap", &["-q", "joe", &format!("pgsql:{wrong}")], "");
        assert!(ours.status == Some(1) && ours.errors[0].contains("password authentication failed"), "{ours:?}");
        let (accounts, access) = accounts_and_access(place, "pgsql", &format!("hosts = 127.0.0.1\n{login}"));
        let database = std::cell::RefCell::new(&mut database);
        session(place, &accounts, &access, &mut || database.borrow_mut().start(), &mut || database.borrow_mut().kill());
    });
}

#[test]
fn mariadb() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::MariaDb, Need::TableType("mysql")], |place| {
        let procedure = "CREATE PROCEDURE lookup(IN param VARCHAR(255)) READS SQL DATA SELECT goto FROM aliases WHERE address = param";
        let (mut database, socket) = databases::mariadb(place, &format!("{SCHEMA}{procedure}"));
        let login = "user = mail\npassword = secret\ndbname = mail\noption_group =\n";
        compare(place, "mysql", &format!("hosts = 127.0.0.1\n{login}"), "CONCAT(goto, '|', address)");
        let both = Both::new(place.path(), "");
        for (number, text) in [
            format!("hosts = unix:{}\n{login}query = CALL lookup('%s')\n", socket.display()),
            format!(
                "hosts = inet:127.0.0.1:1 unix:{}\n{login}query = SELECT goto FROM aliases WHERE address = \"%s\"\n",
                socket.display()
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let path = parameters(place, &format!("hosts{number}.cf"), &text);
            let asked = [KEYS, &["nobody"]].concat();
            assert!(both.same_answers(&format!("mysql:{path}"), &asked) > 4, "{text}");
        }
        let path = parameters(place, "set.cf", &format!("hosts = 127.0.0.1\n{login}query = SET @a = '%s'\n"));
        assert_eq!(both.ours("postmap", &["-q", "joe", &format!("mysql:{path}")], "").status, Some(1));
        let path = parameters(
            place,
            "set2.cf",
            &format!("hosts = 127.0.0.1\n{login}query = SET @a = '%s'\nrequire_result_set = no\n"),
        );
        let said = both.same("postmap", &["-q", "joe", &format!("mysql:{path}")], "");
        assert_eq!((said.status, said.errors.len()), (Some(1), 0), "{said:?}");
        let (accounts, access) = accounts_and_access(place, "mysql", &format!("hosts = 127.0.0.1\n{login}"));
        let database = std::cell::RefCell::new(&mut database);
        session(place, &accounts, &access, &mut || database.borrow_mut().start(), &mut || database.borrow_mut().kill());
    });
}

#[test]
fn sqlite() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::Sqlite, Need::TableType("sqlite")], |place| {
        let (path, away) = (place.path().join("mail.db"), place.path().join("away.db"));
        let made = Command::new("/usr/bin/sqlite3").arg(&path).arg(SCHEMA).status().expect("sqlite3 runs");
        assert!(made.success());
        let server = format!("dbpath = {}\n", path.display());
        compare(place, "sqlite", &server, "goto || '|' || address");
        let both = Both::new(place.path(), "");
        let quoted = parameters(
            place,
            "quoted.cf",
            &format!("{server}query = SELECT goto FROM aliases WHERE address = \"%s\"\n"),
        );
        // Postfix's client would let this key out of its double quotes.
        let ours = both.ours("postmap", &["-q", "x\" OR \"1\"=\"1", &format!("sqlite:{quoted}")], "");
        assert_eq!((ours.status, ours.out.as_str()), (Some(1), ""), "{ours:?}");
        let missing = parameters(place, "missing.cf", "dbpath = /nonexistent.db\nquery = SELECT 1 WHERE '%s' = ''\n");
        assert_eq!(both.ours("postmap", &["-q", "a", &format!("sqlite:{missing}")], "").status, Some(1));
        assert!(!std::path::Path::new("/nonexistent.db").exists(), "a lookup made a database");
        // A file that is no database any more is what a killed server is elsewhere; Postfix's smtpd ends over it.
        let (accounts, access) = accounts_and_access(place, "sqlite", &server);
        session_with(
            place,
            &accounts,
            &access,
            &mut || {
                if away.exists() {
                    std::fs::copy(&away, &path).map(drop).expect("back again");
                }
            },
            &mut || {
                std::fs::copy(&path, &away).expect("copied");
                std::fs::write(&path, "this is no database ".repeat(1000)).expect("spoilt");
            },
            false,
        );
    });
}
