//! The rows of rows.txt: that each has a case, and the tests for those that no case can show.

use waxwing_tests::{
    client::send_mail,
    namespace::{self, Place},
    needs::{Need, asked_for},
    normal,
    rows::{self, Count, Found},
    server::{Kind, Server, both},
    sink::Sink,
    waiting,
};

#[test]
fn every_row_has_a_case() {
    let without = rows::without_case();
    assert!(without.is_empty(), "no case in postfix/cases: {without:#?}");
}

/// Asks both servers the same, and keeps for the count of rows whether the answers are.
fn answers(place: &Place, row: &str, test: &str, ask: impl Fn(&mut Server) -> Vec<String>) {
    let answers = std::sync::Mutex::new(Vec::new());
    both(place, |server| answers.lock().expect("no panic under the lock").push(ask(server)));
    if !asked_for(Kind::Postfix.name()) || !asked_for(Kind::Waxwing.name()) {
        println!("{answers:#?}");
        return;
    }
    let answers = answers.into_inner().expect("no panic under the lock");
    let mut found = Found::default();
    found.add(row, answers[0] == answers[1]);
    found.keep(test);
    assert_eq!(answers[0], answers[1], "postfix on the left, waxwing on the right");
}

/// Nobody is served then, and the log says why. Postfix notices at the first session, Waxwing may before.
#[test]
fn no_relay_protection() {
    let _count = Count;
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        answers(place, "no relay protection", "no_relay_protection", |server| {
            server.main_cf("smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = permit_mynetworks\n");
            let mut said = Vec::new();
            if server.try_start().is_ok() {
                let greeted = waxwing_tests::client::Client::connect(server.port).map(|mut client| {
                    client.set_patience(std::time::Duration::from_secs(3));
                    client.reply()
                });
                said.extend(greeted.ok().filter(|greeting| greeting.starts_with('2')));
            }
            let printed = std::fs::read_to_string(server.directory.join("output")).unwrap_or_default() + &server.log();
            let line = printed.lines().find_map(|line| line.find("in parameter smtpd_relay").map(|at| &line[at..]));
            said.push(line.unwrap_or("<not said>").to_string());
            said
        });
    });
}

/// The header of a client in the table is completed with $myorigin, that of others is left alone.
#[test]
fn check_address_map() {
    let _count = Count;
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        answers(place, "check_address_map", "check_address_map", |server| {
            let sink = Sink::listen("127.0.0.1:2525");
            server.main_cf(
                "local_header_rewrite_clients = check_address_map inline:{198.51.100.60=x}, inline:{198.51.100.61=y}, \
                 check_address_map regexp:{{/100[.]63/ z}}, check_address_map fail:1\n\
                 default_transport = smtp:[127.0.0.1]:2525\nmynetworks = 0.0.0.0/0\n",
            );
            server.start();
            let mut said = Vec::new();
            for last in 60..64 {
                let from = format!("198.51.100.{last}");
                let content = format!("From: joe\r\nSubject: {last}\r\n\r\nhello\r\n");
                said.push(normal::reply(&send_mail(&from, server.port, "a@good.test", "b@elsewhere.test", &content)));
            }
            let subject = |last: u8| format!("Subject: {last}\n");
            let come = || sink.messages().iter().filter(|m| m.text().contains("Subject: 6")).count();
            let accepted = said.iter().filter(|reply| reply.starts_with('2')).count();
            assert!(waiting::until_true(20, || come() == accepted), "{said:?}, {} come", come());
            for message in
                (60..64).flat_map(|last| sink.messages().into_iter().filter(move |m| m.text().contains(&subject(last))))
            {
                said.extend(message.text().lines().filter(|l| l.starts_with("From:")).map(str::to_string));
            }
            server.stop();
            said
        });
    });
}
