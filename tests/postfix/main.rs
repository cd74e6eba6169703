//! Every reply as Debian's Postfix gives it: the cases of postfix/cases played to both servers.

mod rows;
mod transcripts;
mod verification;

use waxwing_tests::{
    comparison::{self, Difference},
    dialogue_file,
    dns::Dns,
    dovecot::Dovecot,
    namespace,
    needs::{Need, asked_for, say},
    policy_server::PolicyServer,
    rows::Count,
    server::{Kind, Server},
};

/// Where Waxwing answers differently and means it.
const DIFFERENCES: &[Difference] = &[
    Difference {
        case: "check_ccert_access",
        reason: "the name in a certificate that no authority vouches for is anybody's: it is not repeated; 3.7 does",
    },
    Difference {
        case: "a dot between bare line feeds",
        reason: "smtpd_forbid_bare_newline is normalize, as newer Postfix has it: only CR LF . CR LF ends the content, for \
                 everybody. 3.7 has no by default, and takes the rest for commands",
    },
    Difference {
        case: "end of data stage",
        reason: "a message refused at its end ends the transaction (RFC 5321 section 4.1.1.4); 3.7 keeps sender and recipients",
    },
    Difference {
        case: "mail syntax",
        reason: "a path with one bracket, or with nothing but white space in it, is refused; 3.7 mends both in silence",
    },
    Difference {
        case: "ehlo without smtputf8",
        reason: "a SIZE larger than the free space is refused at once; 3.7 compares only queue_minfree",
    },
    Difference {
        case: "policy server that is back",
        reason: "a connection that the policy server closed is not tried again; 3.7 counts it as a try, and may have none left",
    },
    Difference {
        case: "own addresses behind XCLIENT",
        reason: "permit_inet_interfaces looks at the client that XCLIENT names, like every other restriction; 3.7 looks at \
                 the one that is connected, and permits whatever a proxy on this host forwards",
    },
];

fn compare(place: &namespace::Place, file: &str) {
    let _dns = Dns::serve(include_str!("zone"));
    comparison::compare(place, file, DIFFERENCES);
}

macro_rules! files {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            let _count = Count;
            namespace::inside(&[Need::Postfix, Need::Waxwing], |place| compare(place, concat!(stringify!($name), ".cases")));
        })*
    };
}

#[test]
fn tls() {
    let _count = Count;
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::Dovecot], |place| {
        let _dovecot = Dovecot::serve(place, &["joe:secret", "alice:secret", "joe@example.test:secret"], None);
        compare(place, "tls.cases");
    });
}

files!(access dns limits lists name_lists old_names protocol relaying servers stages verbs);

#[test]
fn policy() {
    let _count = Count;
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let mut server = PolicyServer::listen();
        for kind in [Kind::Postfix, Kind::Waxwing] {
            let directory = place.directory(&format!("{}/spool/policy", kind.name()));
            server = server.and_at(&directory.join("recorder"));
        }
        compare(place, "policy.cases");
        drop(server);
    });
}

fn dialogues(place: &namespace::Place, kind: Kind) {
    if !asked_for(kind.name()) {
        return;
    }
    let _dns = Dns::serve(include_str!("zone"));
    let mut server = Server::new(place, kind);
    server.start();
    let (mut good, mut wrong) = (0, Vec::new());
    for (number, file) in dialogue_file::all().iter().enumerate() {
        let mut played = dialogue_file::play(file, &mut server, number + 1);
        if played.is_err() && matches!(kind, Kind::Postfix) {
            // The referee's log lines pass through postlogd and may come late: it is asked once more.
            played = dialogue_file::play(file, &mut server, number + 1);
        }
        match played {
            Ok(()) => good += 1,
            Err(why) => wrong.push(why),
        }
    }
    server.stop();
    let all = good + wrong.len();
    say(&format!("RESULT dialogues with {}: {good} of {all}", kind.name()));
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
