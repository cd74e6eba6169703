//! Address verification: the replies of both servers, and what their probes say to the next server.

use std::{
    sync::{Arc, Mutex},
    thread::{self, ThreadId},
    time::Duration,
};

use waxwing_tests::{
    namespace,
    needs::{self, Need, asked_for},
    rows::Count,
    sink::{Answer, Sink},
    waiting,
};

use crate::compare;

/// The lines of each session, in the order in which the sessions began. The sink has a thread for each.
type Sessions = Arc<Mutex<Vec<(ThreadId, Vec<String>)>>>;

/// Answers by the local part, and writes down what it hears.
fn next_server(sessions: &Sessions) -> Sink {
    let sink = Sink::listen("127.0.0.1:2525");
    let heard = sessions.clone();
    sink.script(move |stage, line| {
        let reply = |text: &str| Some(Answer::Reply(text.into()));
        {
            let mut heard = heard.lock().expect("no panic under the lock");
            let me = thread::current().id();
            match heard.iter_mut().find(|(thread, _)| *thread == me) {
                Some((_, lines)) => lines.push(line.to_string()),
                None => heard.push((me, Vec::new())),
            }
        }
        let local = line.split_once(":<").map_or("", |(_, rest)| rest.split('@').next().unwrap_or_default());
        match (stage, local.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase().as_str()) {
            ("RCPT", "bad") => reply("550 5.1.1 no such user"),
            ("RCPT", "busy") => reply("450 4.2.0 come back later"),
            ("RCPT", "gone") => Some(Answer::Die),
            ("RCPT", "slow") => {
                thread::sleep(Duration::from_secs(4));
                None
            }
            _ => None,
        }
    });
    sink
}

#[test]
fn verification() {
    let _count = Count;
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let sessions = Sessions::default();
        let _sink = next_server(&sessions);
        compare(place, "verification.cases");
        let heard = || -> Vec<Vec<String>> {
            let sessions = sessions.lock().expect("no panic under the lock");
            sessions.iter().map(|(_, lines)| lines.clone()).collect()
        };
        if !asked_for("postfix") || !asked_for("waxwing") {
            heard().iter().for_each(|session| println!("{session:?}"));
            return;
        }
        // Waxwing's begin where the first one comes again.
        let halves = || {
            let all = heard();
            let again = all.iter().skip(1).position(|session| session.get(2) == all[0].get(2));
            let (postfix, waxwing) = all.split_at(again.map_or(all.len(), |at| at + 1));
            (postfix.to_vec(), waxwing.to_vec())
        };
        // The last sessions may still say QUIT when the last case is over.
        let same = || {
            let (postfix, waxwing) = halves();
            postfix == waxwing
        };
        if !waiting::until_true(3, same) {
            let (postfix, waxwing) = halves();
            let show = |n: usize| format!("{n}:\n  postfix: {:?}\n  waxwing: {:?}", postfix.get(n), waxwing.get(n));
            let differs = (0..postfix.len().max(waxwing.len())).filter(|n| postfix.get(*n) != waxwing.get(*n));
            let differs: Vec<String> = differs.take(5).map(show).collect();
            let (theirs, ours) = (postfix.len(), waxwing.len());
            panic!("the next server hears other things in sessions ({theirs} and {ours}):\n{}", differs.join("\n"));
        }
        needs::say(&format!("RESULT verification: {} probes say the same", halves().0.len()));
    });
}
