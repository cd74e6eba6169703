//! Milters: MILTER_README. Each case is played to Debian's Postfix and to Waxwing with the same milter behind both. What the client
//! hears, what the milter is told (commands, macros, headers, body), what is logged of it, and what comes to the queue and to
//! the next server has to be the same, but for queue ids and times.

mod cases;
mod cleanup_services;
mod compare;
mod notices;
mod plugins;
mod programs;
mod proxy;
mod spamassassin;

use waxwing_tests::{
    namespace,
    needs::{Need, asked_for},
    server::{Kind, Server, alone},
};

use cases::Case;
use compare::{Outcome, differences, play};

fn outcomes(place: &namespace::Place, kind: Kind, cases: &[Case]) -> Vec<Outcome> {
    let out = std::sync::Mutex::new(Vec::new());
    let run = |server: &mut Server| *out.lock().expect("one thread") = play(server, cases);
    if let Err(why) = alone(place, kind, &run) {
        panic!("{why}");
    }
    out.into_inner().expect("one thread")
}

fn compare(name: &str, cases: &[Case]) {
    namespace::inside_named(name.to_string(), &[Need::Postfix, Need::Waxwing], |place| {
        let only = std::env::var("WAXWING_CASE").unwrap_or_default();
        let cases: Vec<Case> = cases.iter().filter(|case| case.name.contains(&only)).cloned().collect();
        if !(asked_for("postfix") && asked_for("waxwing")) {
            return;
        }
        let theirs = outcomes(place, Kind::Postfix, &cases);
        let ours = outcomes(place, Kind::Waxwing, &cases);
        let wrong: Vec<String> = theirs.iter().zip(&ours).filter_map(|(their, our)| differences(their, our)).collect();
        assert!(wrong.is_empty(), "{} of {} cases differ\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
    });
}

#[test]
fn answers_are_heeded_as_by_postfix() {
    compare("answers_are_heeded_as_by_postfix", &cases::answers());
}

#[test]
fn changes_are_made_as_by_postfix() {
    compare("changes_are_made_as_by_postfix", &cases::changes());
}

#[test]
fn options_and_macros_are_postfixs() {
    compare("options_and_macros_are_postfixs", &cases::options());
}

#[test]
fn tls_is_told_as_by_postfix() {
    compare("tls_is_told_as_by_postfix", &cases::tls());
}

#[test]
fn local_mail_is_told_as_by_postfix() {
    compare("local_mail_is_told_as_by_postfix", &cases::local());
}
