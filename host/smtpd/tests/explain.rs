//! `Service::explain` beside `Service::serve`: the same replies, and a record of how they came about.

#[allow(dead_code)]
mod world;

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use smtpd::explain::{Explanation, Imagined, Item, Recorder, Until};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use world::World;

fn settings(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    lines.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn imagined() -> Imagined {
    Imagined {
        address: IpAddr::from([127, 0, 0, 1]),
        name: None,
        server: SocketAddr::from(([127, 0, 0, 1], 25)),
        helo: Some("h.test".to_string()),
        sasl_username: None,
        sender: Some("s@x.test".to_string()),
        recipients: vec!["a@mx.test".to_string(), "b@mx.test".to_string()],
        etrn: None,
        content: b"Subject: x\n\n.dot\n".to_vec(),
        until: Until::EndOfData,
    }
}

/// A reply, all its lines.
async fn reply(line: &mut DuplexStream) -> Vec<String> {
    let (mut text, mut piece) = (String::new(), [0; 1024]);
    loop {
        let last = text.lines().last().is_some_and(|last| last.as_bytes().get(3) == Some(&b' '));
        if text.ends_with("\r\n") && last {
            return text.lines().map(str::to_string).collect();
        }
        let count = line.read(&mut piece).await.expect("the line is open");
        if count == 0 {
            return Vec::new();
        }
        text.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
}

/// What a client hears that says what explain plays.
async fn served(world: &World, explained: &Explanation) -> Vec<Vec<String>> {
    let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
    let service = world.service.clone();
    let session = tokio::spawn(async move { service.serve(theirs, World::peer(), imagined().server).await });
    let mut replies = vec![reply(&mut ours).await];
    for step in &explained.steps[1..] {
        let text = match step.command.as_str() {
            "END-OF-MESSAGE" => "Subject: x\r\n\r\n..dot\r\n.",
            command => command,
        };
        ours.write_all(format!("{text}\r\n").as_bytes()).await.expect("the line is open");
        replies.push(reply(&mut ours).await);
    }
    drop(ours);
    session.await.expect("the session ends");
    replies
}

/// Queue ids differ.
fn without_id(replies: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let cut = |line: String| line.split(" as ").next().unwrap_or_default().to_string();
    replies.into_iter().map(|lines| lines.into_iter().map(cut).collect()).collect()
}

fn items<'e>(explained: &'e Explanation, command: &str) -> &'e [Item] {
    let step = explained.steps.iter().find(|step| step.command.starts_with(command));
    &step.unwrap_or_else(|| panic!("no {command} in {explained:#?}")).items
}

#[tokio::test]
async fn the_same_replies() {
    for lines in [
        &[][..],
        &[("smtpd_client_restrictions", "reject")],
        &[("smtpd_delay_reject", "no"), ("smtpd_client_restrictions", "reject")],
        &[("smtpd_delay_reject", "no"), ("smtpd_helo_restrictions", "reject")],
        &[
            ("smtpd_delay_reject", "no"),
            ("smtpd_sender_restrictions", "check_sender_access inline:{s@x.test=HOLD}, defer"),
        ],
        &[("smtpd_recipient_restrictions", "check_recipient_access inline:{a@mx.test=REJECT}, permit")],
        &[("smtpd_recipient_restrictions", "check_sender_access inline:{s@x.test=HANGUP}")],
        &[("smtpd_recipient_restrictions", "check_sender_access inline:{s@x.test=DEFER_IF_PERMIT}, permit")],
        &[("smtpd_recipient_restrictions", "no_such_thing")],
        &[("smtpd_data_restrictions", "reject")],
        &[("smtpd_end_of_data_restrictions", "warn_if_reject reject, check_client_access inline:{127.0.0.1=REJECT}")],
        &[("smtpd_reject_footer", "\\\\c. Call us")],
    ] {
        let world = World::new(&settings(lines)).await.unwrap_or_else(|error| panic!("{lines:?}: {error}"));
        let explained = world.service.explain(&imagined(), &Recorder::default()).await;
        let said: Vec<_> = explained.steps.iter().map(|step| step.reply.clone()).collect();
        let heard = served(&world, &explained).await;
        assert_eq!(without_id(said), without_id(heard), "{lines:?}: explained, then served");
    }
}

#[tokio::test]
async fn what_is_asked_is_told_once_and_taken_again() {
    let lines = [
        ("smtpd_restriction_classes", "known"),
        ("known", "check_sender_access inline:{s@x.test=HOLD}, warn_if_reject reject"),
        ("smtpd_sender_restrictions", "known, no_such_thing"),
        ("smtpd_recipient_restrictions", "permit"),
    ];
    let world = World::new(&settings(&lines)).await.expect("a good configuration");
    let explained = world.service.explain(&imagined(), &Recorder::default()).await;
    assert!(!explained.accepted);
    let first = items(&explained, "RCPT TO:<a@mx.test>");
    let shown: Vec<_> = first.iter().map(|item| (item.depth, item.item.as_str(), item.effect)).collect();
    assert_eq!(
        shown,
        [
            (1, "known", None),
            (2, "check_sender_access inline:{s@x.test=HOLD}", None),
            (2, "warn_if_reject", None),
            (2, "reject", Some("warns")),
            (1, "no_such_thing", Some("refuses")),
        ]
    );
    let answer = first[1].answered.as_ref().expect("it was asked");
    assert_eq!((answer.verdict, answer.edits.as_slice(), answer.reused), ("dunno", &["HOLD".to_string()][..], false));
    assert_eq!(first[4].note, "unknown smtpd restriction: \"no_such_thing\"");
    assert_eq!(first[4].reply.as_deref(), Some("451 4.3.5 Server configuration error"));
    let again = &items(&explained, "RCPT TO:<b@mx.test>")[1];
    assert!(again.answered.as_ref().is_some_and(|answer| answer.reused), "{again:?}");
}

#[tokio::test]
async fn it_ends_where_it_is_told_to_and_does_not_wait() {
    let lines = [("smtpd_recipient_restrictions", "nap, reject_unauth_destination")];
    let world = World::new(&settings(&lines)).await.expect("a good configuration");
    let commands = async |until| {
        let explained = world.service.explain(&Imagined { until, ..imagined() }, &Recorder::default()).await;
        explained
            .steps
            .iter()
            .map(|step| step.command.split(' ').next().unwrap_or_default().to_string())
            .collect::<Vec<_>>()
    };
    let begun = Instant::now();
    let all = ["connect", "EHLO", "MAIL", "RCPT", "RCPT", "DATA", "END-OF-MESSAGE"];
    for (until, count) in [
        (Until::Connect, 1),
        (Until::Helo, 2),
        (Until::Mail, 3),
        (Until::Rcpt, 5),
        (Until::Data, 6),
        (Until::EndOfData, 7),
    ] {
        assert_eq!(commands(until).await, all[..count], "{until:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(25), "it slept");
    let explained = world.service.explain(&imagined(), &Recorder::default()).await;
    let nap = items(&explained, "RCPT").iter().find(|item| item.item == "nap").expect("it is in the list");
    let asked = nap.answered.as_ref().expect("it was asked");
    assert_eq!(asked.pause_milliseconds, 30_000);
    let etrn = Imagined { etrn: Some("x.test".to_string()), ..imagined() };
    let etrn = world.service.explain(&etrn, &Recorder::default()).await;
    assert_eq!(etrn.steps.last().map(|step| step.command.as_str()), Some("ETRN x.test"));
}
