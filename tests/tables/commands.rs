//! postmap, postalias, newaliases and postlock beside Debian's: what they print, how they end, what they leave.

use std::{fs, os::unix::fs::MetadataExt};

use waxwing_tests::{namespace, needs::Need};

use crate::{Both, write};

const TABLE: &str = "a 1\nB 2\nc 3\na dup\nbad\n x y\n\"q q\" 5\nd: 6\n";

const CHANGES: &[&str] = &[
    "lmdb:m",
    "-q a lmdb:m",
    "-q A lmdb:m",
    "-f -q A lmdb:m",
    "-q nobody lmdb:m",
    "-s lmdb:m",
    "-q a lmdb:m",
    "-w -r lmdb:m",
    "-r lmdb:m",
    "-q a lmdb:m",
    "-w lmdb:m",
    "-q a lmdb:m",
    "-N lmdb:m",
    "-s lmdb:m",
    "-n lmdb:m",
    "-s lmdb:m",
    "-f lmdb:m",
    "-q b lmdb:m",
    "-fq B lmdb:m",
    "m",
    "-q a m",
    "-q c m texthash:m",
    "-u m",
    "-q a -u m",
    "cdb:m",
    "-q a cdb:m",
    "-d a cdb:m",
    "-i cdb:m",
    "-N cdb:m",
    "-q \"q lmdb:m",
];

const CALLS: &[&str] = &[
    "-d c texthash:m",
    "-s texthash:m.none",
    "-s static:x",
    "-d x static:x",
    "texthash:m",
    "regexp:m",
    "static:foo",
    "-q a lmdb:nosuch",
    "-s lmdb:nosuch",
    "lmdb:nosuch",
    "-q a -d b lmdb:m",
    "-s -q a lmdb:m",
    "",
    "-q a",
    "-x",
    "-b lmdb:m",
    "-q - -b",
    "foo:bar",
    "-q a foo:bar",
    "-d a lmdb:nosuch3",
    "-s inline:{a=b}",
    "hash:nosuch",
    "-m -q a lmdb:m",
    "-q a -b lmdb:m",
    "-s",
    "-d a",
    "-q a fail:x",
    "-s fail:x",
    "-d a fail:x",
    "-q a cdb:nosuch",
    "-s cdb:m",
    "-q a socketmap:foo",
    "-q a mysql:foo",
    "-q a sqlite:foo",
    "-q a pgsql:foo",
    "-s sqlite:/nonexistent.cf",
    "-q a texthash:nosuch",
];

/// Faulty files of a mysql table.
const PARAMETERS: &[&str] = &[
    "",
    "dbname = x\nquery = SELECT\nexpansion_limit = abc\n",
    "dbname = x\nquery = SELECT\nrequire_result_set = maybe\n",
    "dbname = x\nquery = SELECT %x\n",
    "dbname = x\n",
    "dbname = x\ntable = a\n",
    "dbname = x\ntable = a\nselect_field = b\n",
    "dbname\n",
];

/// Runs what mostly waits.
fn all_at_once(calls: &[&str], run: impl Fn(&str) + Sync) {
    std::thread::scope(|scope| {
        for part in calls.chunks(calls.len().div_ceil(8)) {
            scope.spawn(|| part.iter().for_each(|call| run(call)));
        }
    });
}

#[test]
fn postmap() {
    namespace::inside(
        &[
            Need::Postfix,
            Need::Waxwing,
            Need::TableType("lmdb"),
            Need::TableType("cdb"),
            Need::TableType("mysql"),
            Need::TableType("sqlite"),
            Need::TableType("pgsql"),
        ],
        |place| {
            let both = Both::new(place.path(), "default_database_type = lmdb\n");
            write(&place.path().join("m"), TABLE);
            // One after the other: each looks at what the one before has made.
            for words in CHANGES {
                both.same("postmap", &words.split_whitespace().collect::<Vec<_>>(), "");
            }
            // Postfix's commands take a second over a fatal error.
            all_at_once(CALLS, |words| drop(both.same("postmap", &words.split_whitespace().collect::<Vec<_>>(), "")));
            // What is wrong in a table's own file.
            for (number, text) in PARAMETERS.iter().enumerate() {
                write(&place.path().join(format!("x{number}.cf")), text);
            }
            let numbers: Vec<String> = (0..PARAMETERS.len()).map(|number| number.to_string()).collect();
            let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
            all_at_once(&numbers, |number| {
                drop(both.same("postmap", &["-q", "a", &format!("mysql:./x{number}.cf")], ""))
            });
            // Many keys, keys to delete, entries to add.
            both.same("postmap", &["lmdb:m"], "");
            both.same("postmap", &["-q", "-", "lmdb:m"], "a\nx\n\"q q\"\nC\n");
            both.same("postmap", &["-d", "-", "lmdb:nosuch2"], "a\n");
            for (words, input) in [
                (vec!["-i", "lmdb:m"], "c other\nnew 1\n x y\nbroken\n"),
                (vec!["-i", "-r", "lmdb:m"], "c replaced\n"),
                (vec!["-i", "-w", "lmdb:m"], "c ignored\nmore 2\n"),
                (vec!["-d", "-", "lmdb:m"], "new\nnone\nB\n"),
                (vec!["-d", "A", "lmdb:m"], ""),
                (vec!["-d", "A", "lmdb:m"], ""),
                (vec!["-f", "-d", "C", "lmdb:m"], ""),
            ] {
                fs::copy(place.path().join("m.lmdb"), place.path().join("before")).expect("copied");
                let mut theirs = both.theirs("postmap", &words, input);
                let list = both.theirs("postmap", &["-s", "lmdb:m"], "").out;
                fs::copy(place.path().join("before"), place.path().join("m.lmdb")).expect("copied");
                let mut ours = both.ours("postmap", &words, input);
                // Repeated keys are found when the text has been read.
                theirs.errors.sort();
                ours.errors.sort();
                assert_eq!(ours, theirs, "{words:?}");
                assert_eq!(
                    both.theirs("postmap", &["-s", "lmdb:m"], "").out,
                    list,
                    "{words:?}: what is in the table then"
                );
            }
        },
    );
}

#[test]
fn postmap_takes_messages_apart() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let both = Both::new(place.path(), "");
        let message = "From: a@b\nSubject: multi\n line\nContent-Type: multipart/mixed; boundary=xx\n\n--xx\n\
            Content-Type: text/plain\n\nbody one\n--xx\nContent-Type: message/rfc822\n\nSubject: nested\nTo: z\n\n\
            nested body\n--xx--\nend\n";
        write(&place.path().join("r"), "/^(.*)/ got\n");
        for options in ["-h", "-b", "-hm", "-bm", "-hbm", "-hb", "-m"] {
            for text in [message, "From: a\nnot a header\nx: y\n\nbody\n", "", "\n", "just text\n"] {
                both.same("postmap", &[options, "-q", "-", "regexp:r"], text);
            }
        }
    });
}

#[test]
fn new_tables_take_the_rights_of_their_text() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::TableType("lmdb")], |place| {
        let mail = nix::unistd::User::from_name("mail").expect("passwd").expect("user mail");
        let both = Both::new(place.path(), "");
        for (kind, mode, options, owner) in [
            ("lmdb", 0o600, "", false),
            ("lmdb", 0o600, "-p", false),
            ("lmdb", 0o664, "", false),
            ("cdb", 0o640, "", false),
            ("cdb", 0o644, "", true),
            ("lmdb", 0o644, "", true),
            ("lmdb", 0o644, "-o", true),
        ] {
            let directory = place.directory(&format!("{kind}{mode}{options}{owner}"));
            let source = directory.join("m");
            write(&source, "a 1\n");
            fs::set_permissions(&source, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("chmod");
            if owner {
                nix::unistd::chown(&source, Some(mail.uid), None).expect("chown");
                nix::unistd::chown(&directory, Some(mail.uid), None).expect("chown");
            }
            let (title, made) = (format!("{kind}:{}", source.display()), source.with_extension(kind));
            let words: Vec<&str> = options.split_whitespace().chain([title.as_str()]).collect();
            let facts = |said: crate::Said| {
                assert_eq!(said.status, Some(0), "{said:?}");
                let facts = fs::metadata(&made).expect("made");
                fs::remove_file(&made).expect("removed");
                (facts.uid(), facts.mode())
            };
            assert_eq!(
                facts(both.ours("postmap", &words, "")),
                facts(both.theirs("postmap", &words, "")),
                "{words:?} {mode:o}"
            );
        }
    });
}

#[test]
fn postalias_and_newaliases() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::TableType("lmdb"), Need::TableType("cdb")], |place| {
        let dir = place.path().display();
        let both =
            Both::new(place.path(), &format!("alias_database = lmdb:{dir}/aliases cdb:{dir}/more, hash:{dir}/text\n"));
        let write = |name: &str, text: &str| write(&place.path().join(name), text);
        write("aliases", "Root: me,   you\nroot: x\nfoo\nbar: \"|/x y\"\nbad@x: y\n");
        write("more", "one: two\n");
        write("text", "three: four\n");
        // The time is that of the run.
        let timeless = |text: &str| -> Vec<String> {
            text.lines().map(|l| l.split("YP_LAST_MODIFIED").next().unwrap_or_default().to_string()).collect()
        };
        for words in [
            "",
            "-x",
            "-b x",
            "-q a -d b lmdb:aliases",
            "lmdb:nosuch",
            "texthash:aliases",
            "foo:bar",
            "-s static:x",
            "lmdb:aliases",
            "-q root lmdb:aliases",
            "-q Root lmdb:aliases",
            "cdb:aliases",
            "-q bar cdb:aliases",
            "-N cdb:aliases",
        ] {
            let words: Vec<&str> = words.split_whitespace().collect();
            both.same("postalias", &words, "");
        }
        let lists = |made_by: &dyn Fn() -> crate::Said| {
            assert_eq!(made_by().status, Some(0));
            let listed = both.theirs("postalias", &["-s", "lmdb:aliases"], "").out;
            (timeless(&listed), both.theirs("postalias", &["-q", "one", "cdb:more"], "").out)
        };
        let ours = lists(&|| both.ours("newaliases", &[], ""));
        // Debian's newaliases takes its directory as sendmail does.
        let theirs = lists(&|| {
            let mut command = std::process::Command::new("/usr/bin/newaliases");
            command.arg("-C").arg(place.path());
            let output = command.output().expect("newaliases runs");
            crate::Said {
                status: output.status.code(),
                out: String::new(),
                errors: vec![String::from_utf8_lossy(&output.stderr).into_owned()],
            }
        });
        assert_eq!(ours, theirs);
        assert!(ours.0.contains(&"root:\tme, you".to_string()) && ours.0.contains(&"@:\t@".to_string()), "{ours:?}");
        assert_eq!(ours.1, "two\n");
        assert_eq!(
            both.theirs("postalias", &["-s", "lmdb:aliases"], ""),
            both.ours("postalias", &["-s", "lmdb:aliases"], "")
        );
        let said = both.ours("postalias", &["-i", "lmdb:aliases"], "zz: top\nbar: again\n");
        assert_eq!(said.errors, ["postalias: warning: lmdb:aliases: duplicate entry: \"bar\""]);
        assert_eq!(both.theirs("postalias", &["-i", "lmdb:aliases"], "bar: again\n").errors, said.errors);
        assert_eq!(both.ours("postalias", &["-q", "zz", "lmdb:aliases"], "").out, "top\n");
        // -oA names another one.
        write("other", "five: six\n");
        assert_eq!(both.ours("newaliases", &[&format!("-oAlmdb:{dir}/other")], "").status, Some(0));
        assert_eq!(both.theirs("postalias", &["-q", "five", "lmdb:other"], "").out, "six\n");
    });
}

#[test]
fn postlock() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let both = Both::new(place.path(), "deliver_lock_attempts = 1\ndeliver_lock_delay = 1s\n");
        let mailbox = place.path().join("mbox");
        fs::write(&mailbox, "").expect("a mailbox");
        let calls: &[&[&str]] = &[
            &[],
            &["-x"],
            &["mbox"],
            &["mbox", "true"],
            &["mbox", "false"],
            &["mbox", "sh", "-c", "exit 3"],
            &["mbox", "sh", "-c", "kill -9 $$"],
            &["mbox", "echo", "-l", "x y"],
            &["mbox", "cat"],
            &["mbox", "nosuchcommand"],
            &["mbox", "./mbox"],
            &["-l", "x", "mbox", "true"],
            &["-l", "dotlock,x", "mbox", "true"],
            &["-l", "", "mbox", "true"],
            &["-l", "flock, dotlock", "mbox", "ls", "mbox.lock"],
            &["-l", "fcntl", "mbox", "ls", "mbox.lock"],
            &["/nonexistent/x", "true"],
            &["/tmp", "true"],
            &["/dev/null", "true"],
        ];
        for words in calls {
            both.same("postlock", words, "some input\n");
        }
        // What one holds the other does not get.
        fs::write(place.path().join("mbox.lock"), "").expect("a lock");
        assert_eq!(both.same("postlock", &["mbox", "true"], "").status, Some(75));
        fs::remove_file(place.path().join("mbox.lock")).expect("removed");
        let waxwing = format!("{} -c {} postlock", waxwing_tests::server::binary().display(), place.path().display());
        let debian = format!("/usr/sbin/postlock -c {}", place.path().display());
        for style in ["fcntl", "flock", "dotlock"] {
            for (outer, inner) in [(&waxwing, &debian), (&debian, &waxwing), (&waxwing, &waxwing)] {
                let script = format!("{inner} -l {style} mbox echo inner");
                let words: Vec<&str> = outer.split(' ').chain(["-l", style, "mbox", "sh", "-c", &script]).collect();
                let mut command = std::process::Command::new(words[0]);
                let output = command.args(&words[1..]).current_dir(place.path()).output().expect("postlock runs");
                let said = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(75), "{outer} and then {inner}: {said}");
            }
        }
    });
}
