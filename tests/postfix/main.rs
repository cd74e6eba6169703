//! Every reply as Debian's Postfix gives it: the cases of postfix/cases played to both servers.

use waxwing_tests::{
    comparison::{self, Difference},
    dialogue_file,
    dns::Dns,
    namespace,
    needs::{Need, asked_for, say},
    server::{Kind, Server},
};

/// Where Waxwing answers differently and means it.
const DIFFERENCES: &[Difference] = &[];

fn compare(place: &namespace::Place, file: &str) {
    let _dns = Dns::serve(include_str!("zone"));
    comparison::compare(place, file, DIFFERENCES);
}

macro_rules! files {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            namespace::inside(&[Need::Postfix, Need::Waxwing], |place| compare(place, concat!(stringify!($name), ".cases")));
        })*
    };
}

files!(access dns limits lists protocol stages verbs);

/// Dialogues that say themselves that Postfix 3.7 answers otherwise.
const NOT_POSTFIX: &[Difference] = &[Difference {
    case: "bare-newline-smuggling",
    reason: "smtpd_forbid_bare_newline defaults to normalize, as in newer Postfix; 3.7 takes a bare newline for a line end",
}];

fn dialogues(place: &namespace::Place, kind: Kind) {
    if !asked_for(kind.name()) {
        return;
    }
    let _dns = Dns::serve(include_str!("zone"));
    let mut server = Server::new(place, kind);
    server.start();
    let (mut good, mut wrong, mut meant) = (0, Vec::new(), 0);
    for (number, file) in dialogue_file::all().iter().enumerate() {
        let different = kind == Kind::Postfix && NOT_POSTFIX.iter().any(|d| d.case == file.name);
        match dialogue_file::play(file, &mut server, number + 1) {
            Err(_) if different => meant += 1,
            Ok(()) if different => wrong.push(format!("{} is listed as different and is not", file.name)),
            Ok(()) => good += 1,
            Err(why) => wrong.push(why),
        }
    }
    server.stop();
    let all = good + wrong.len();
    say(&format!("RESULT dialogues with {}: {good} of {all}, {meant} different on purpose", kind.name()));
    assert!(wrong.is_empty(), "{good} of {all} with {}\n{}", kind.name(), wrong.join("\n"));
}

#[test]
fn dialogues_are_postfixs() {
    namespace::inside(&[Need::Postfix], |place| dialogues(place, Kind::Postfix));
}

#[test]
fn dialogues_are_waxwings() {
    namespace::inside(&[Need::Waxwing], |place| dialogues(place, Kind::Waxwing));
}
