//! What is printed.

use crate::{Programs, configurations::CONFIGURATIONS, difference, write};
use waxwing_tests::needs::say;

/// What each configuration is asked for.
const CALLS: &[&[&str]] = &[
    &["-n"],
    &["-nf"],
    &["-nx"],
    &["-nxf"],
    &["-nh"],
    &["-nH"],
    &["-nC", "user,service"],
    &["-C", "user"],
    &["-M"],
    &["-Mf"],
    &["-Mx"],
    &["-Mfx"],
    &["-M", "smtp/unix", "*/inet", "nosuch"],
    &["-P"],
    &["-Pfx"],
    &["-Ph"],
    &["-PH", "*/inet"],
    &["-P", "smtp/inet/syslog_name", "*/*/x"],
    &["-F"],
    &["-Ffx"],
    &["-Fh", "*/*/type"],
    &["-FH", "smtp"],
    &["-o", "stress=yes", "-x", "smtpd_timeout", "myhostname", "smtpd_hard_error_limit"],
    &["myhostname", "mydestination", "relayhost", "foo", "process_name", "mynetworks_style"],
    &["-d", "myorigin", "smtpd_recipient_limit", "foo"],
    &["-dx", "mydestination", "smtputf8_enable", "smtpd_banner"],
];

/// What few configurations are asked for, since it is long.
const LONG_CALLS: &[&[&str]] = &[&[], &["-f"], &["-x"], &["-d"], &["-df"], &["-dx"], &["-H"], &["-dC", "service"]];

/// How many of [`CONFIGURATIONS`] are asked for all.
const LONG: usize = 4;

#[test]
fn the_same_is_shown() {
    let Some(programs) = Programs::find("the_same_is_shown") else { return };
    let filter = std::env::var("WAXWING_CASE").unwrap_or_default();
    let wanted: Vec<_> = CONFIGURATIONS.iter().enumerate().filter(|(_, (name, ..))| name.contains(&filter)).collect();
    let (mut calls, mut failures) = (0, Vec::new());
    std::thread::scope(|scope| {
        let parts = wanted.chunks(wanted.len().div_ceil(4).max(1));
        let threads: Vec<_> = parts.map(|part| scope.spawn(|| compared(&programs, part))).collect();
        for thread in threads {
            let (more, differ) = thread.join().expect("a comparison ends");
            calls += more;
            failures.extend(differ);
        }
    });
    say(&format!(
        "postconf: {} configurations, {calls} calls, {} differ; {} parameters of Postfix are missing",
        wanted.len(),
        failures.len(),
        programs.different.missing().len()
    ));
    assert!(failures.is_empty(), "- Postfix, + Waxwing\n{}", failures.join("\n"));
}

/// How many calls were made, and what differed.
fn compared(programs: &Programs, configurations: &[(usize, &(&str, &str, &str))]) -> (usize, Vec<String>) {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut calls, mut failures) = (0, Vec::new());
    for (number, (name, main_cf, master_cf)) in configurations {
        write(&directory.path().join("main.cf"), with_data_directory(main_cf));
        write(&directory.path().join("master.cf"), master_cf);
        let long = if *number < LONG { LONG_CALLS } else { &[] };
        for words in CALLS.iter().chain(long) {
            calls += 1;
            let (mut theirs, mut ours) = programs.run(directory.path(), words);
            if words == &["-nh"] && !programs.different.missing().is_empty() {
                // Without its name no line says whether it is about a missing parameter.
                (theirs.settings, ours.settings) = (Vec::new(), Vec::new());
            }
            if theirs != ours {
                failures.push(format!(
                    "{name}: postconf {}: status {:?} {:?}\n{}{}",
                    words.join(" "),
                    theirs.status,
                    ours.status,
                    difference(&theirs.settings, &ours.settings),
                    difference(&theirs.messages, &ours.messages)
                ));
            }
        }
    }
    (calls, failures)
}

/// Compiled plugins are kept in one place for all runs, or each would compile them. A broken main.cf stays as it is.
fn with_data_directory(main_cf: &str) -> String {
    let kept = std::env::temp_dir().join("waxwing-postconf-test");
    std::fs::create_dir_all(&kept).expect("a directory for compiled plugins");
    format!("data_directory = {}\nmail_owner = root\n{main_cf}", kept.display())
}

#[test]
fn our_own_parameters_are_few() {
    let Some(programs) = Programs::find("our_own_parameters_are_few") else { return };
    let own = programs.different.own();
    let ours = |name: &&String| name.starts_with("plugin_") || name.ends_with("_plugins");
    say(&format!("postconf: parameters that Postfix has not: {own:?}"));
    assert!(own.iter().filter(|name| !ours(name)).count() <= 12, "{own:?}");
}

#[test]
fn options_that_do_not_go_together() {
    let Some(programs) = Programs::find("options_that_do_not_go_together") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    write(&directory.path().join("main.cf"), "myhostname = a.example.com\n");
    write(&directory.path().join("master.cf"), crate::configurations::DEBIAN_MASTER);
    let letters: Vec<Vec<&str>> =
        ["a", "A", "b", "C all", "d", "e", "f", "F", "h", "H", "l", "M", "n", "o x=y", "p", "P", "t", "x", "X", "#"]
            .iter()
            .map(|letter| letter.split(' ').collect())
            .collect();
    let mut failures = Vec::new();
    for (at, first) in letters.iter().enumerate() {
        for second in &letters[at + 1..] {
            let options = [format!("-{}", first[0]), format!("-{}", second[0])];
            let mut words = vec![options[0].as_str()];
            words.extend(&first[1..]);
            words.push(&options[1]);
            words.extend(&second[1..]);
            if !["b", "t", "X", "#"].iter().any(|letter| first[0] == *letter || second[0] == *letter) {
                // Makes the answer short.
                words.push("myhostname");
            }
            let (theirs, ours) = programs.run(directory.path(), &words);
            if theirs.status != Some(0) && (theirs.status, &theirs.messages) != (ours.status, &ours.messages) {
                failures.push(format!("{words:?}\n{}", difference(&theirs.messages, &ours.messages)));
            }
            if theirs.status == Some(0) && ours.status != Some(0) {
                failures.push(format!("{words:?}: Postfix does it, we say {:?}", ours.messages));
            }
        }
    }
    for words in [
        &["-z"][..],
        &["-E"],
        &["-o"],
        &["-o", "foo"],
        &["-o", "=x"],
        &["-C", "builtin,bar"],
        &["-e", "foo"],
        &["-e", "=x"],
        &["-n", "a=b"],
        &["-M", "a/b/c"],
        &["-F", "a/b/c/d"],
        &["-F", "smtp/inet/foo"],
        &["-P", "a/b/c/d"],
        &["-MX", "smtp"],
        &["-Me", "smtp/inet"],
        &["-Fe", "smtp/inet=x"],
        &["-Pe", "smtp/inet=x"],
        &["-b", "x", "y"],
        &["-T", "foo"],
        &["-"],
        &["-l"],
        &["-a"],
        &["-A"],
        &["--", "myhostname"],
        &["myhostname", "a=b"],
        &["-X", "a=b"],
        &["-X", ""],
        &["-#", "#x"],
        &["a=b\nc"],
    ] {
        let (theirs, ours) = programs.run(directory.path(), words);
        if theirs != ours {
            failures.push(format!(
                "{words:?}: status {:?} {:?}\n{}{}",
                theirs.status,
                ours.status,
                difference(&theirs.settings, &ours.settings),
                difference(&theirs.messages, &ours.messages)
            ));
        }
    }
    assert!(failures.is_empty(), "- Postfix, + Waxwing\n{}", failures.join("\n"));
}

#[test]
fn files_that_are_not_there() {
    let Some(programs) = Programs::find("files_that_are_not_there") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let mut failures = Vec::new();
    for step in 0..3 {
        match step {
            1 => write(&directory.path().join("main.cf"), "relayhost = a\n"),
            2 => {
                std::fs::remove_file(directory.path().join("main.cf")).expect("written before");
                write(&directory.path().join("master.cf"), "a unix - - n - - smtp\n");
            }
            _ => {}
        }
        for words in [&["-n"][..], &["-M"], &["-d", "relayhost"], &["-F", "a/unix/type"], &["-P"]] {
            let (theirs, ours) = programs.run(directory.path(), words);
            if theirs != ours {
                failures.push(format!("step {step} {words:?}\n- {theirs:?}\n+ {ours:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "- Postfix, + Waxwing\n{}", failures.join("\n"));
}
