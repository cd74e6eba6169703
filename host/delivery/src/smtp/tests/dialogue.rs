//! What is said, and what each refusal means: one test for each point where a server may say no, hang or leave.

use hook::Notify;
use mail::Status;

use super::*;

#[tokio::test]
async fn a_whole_session_with_pipelining() {
    let mut script = accepted(EHLO);
    script.push(say("250-2.0.0 first\r\n250 2.0.0 Ok: queued as 77\r\n"));
    let (statuses, address, lines) = run(script, &["r@dst.test"]).await;
    let sent = "250-2.0.0 first 250 2.0.0 Ok: queued as 77".to_string();
    assert_eq!(brief(&statuses, address), [(Outcome::Delivered, "2.0.0".into(), sent)]);
    assert_eq!(statuses[0].relay, format!("127.0.0.1[127.0.0.1]:{}", address.port()));
    assert!(statuses[0].dsn_relayed);
    let expected = [
        "EHLO me.test",
        "MAIL FROM:<s@src.test> SIZE=27",
        "RCPT TO:<r@dst.test> ORCPT=rfc822;r@dst.test",
        "DATA",
        "Subject: hi\r\n\r\n..dot\r\nlast\r\n.\r\n",
        "QUIT",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn every_parameter_goes_out_when_offered_and_none_when_not() {
    for (ehlo, mail, rcpt) in [
        (
            EHLO,
            "MAIL FROM:<\"o d\"@src.test> SIZE=27 BODY=8BITMIME ENVID=id+2B1 RET=HDRS SMTPUTF8",
            "RCPT TO:<r@dst.test> ORCPT=rfc822;o+2Bx@dst.test NOTIFY=SUCCESS,FAILURE",
        ),
        (PLAIN_EHLO, "MAIL FROM:<\"o d\"@src.test>", "RCPT TO:<r@dst.test>"),
    ] {
        let mut script = accepted(ehlo);
        script.push(say("250 Ok\r\n"));
        let (address, server) = server(script).await;
        let mut request = testing::request(&at(address), &["r@dst.test"], MESSAGE);
        request.sender = "o d@src.test".into();
        (request.envelope_id, request.return_full) = ("id+1".into(), Some(false));
        (request.eight_bit, request.smtputf8) = (true, true);
        request.recipients[0].dsn_original = "rfc822;o+x@dst.test".into();
        request.recipients[0].notify = Notify::SUCCESS | Notify::FAILURE;
        let statuses = plain_agent().deliver(request).await;
        assert_eq!(statuses[0].outcome, Outcome::Delivered, "{}", statuses[0].text);
        let lines = server.await.expect("the script fits");
        assert_eq!((lines[1].as_str(), lines[2].as_str()), (mail, rcpt));
    }
}

#[tokio::test]
async fn recipients_each_have_their_answer() {
    let mut script = hello(EHLO);
    script.extend([Expect("MAIL"), Expect("RCPT"), Expect("RCPT"), Expect("RCPT"), Expect("DATA")]);
    script.push(say("250 ok\r\n250 2.1.5 Ok\r\n550 5.1.1 no such user\r\n450 4.2.1 busy\r\n354 go\r\n"));
    script.extend([Content, say("250 done\r\n")]);
    let (statuses, address, lines) = run(script, &["a@d.test", "b@d.test", "c@d.test"]).await;
    let said = |text: &str| format!("host 127.0.0.1[127.0.0.1] said: {text} (in reply to RCPT TO command)");
    let expected = [
        (Outcome::Delivered, "2.0.0".to_string(), "250 done".to_string()),
        (Outcome::Bounced, "5.1.1".to_string(), said("550 5.1.1 no such user")),
        (Outcome::Deferred, "4.2.1".to_string(), said("450 4.2.1 busy")),
    ];
    assert_eq!(brief(&statuses, address), expected);
    assert_eq!(statuses[1].remote_mta.as_deref(), Some("dns; 127.0.0.1"));
    assert_eq!(statuses[1].diagnostic.as_deref(), Some("smtp; 550 5.1.1 no such user"));
    assert!(!statuses[2].destination_failed, "one busy mailbox says nothing of the server");
    assert_eq!(lines.last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn refusals_at_each_point() {
    let said =
        |text: &str, command: &str| format!("host 127.0.0.1[127.0.0.1] said: {text} (in reply to {command} command)");
    let refused = |text: &str| format!("host 127.0.0.1[127.0.0.1] refused to talk to me: {text}");
    let after_hello = |acts: Vec<Act>| [hello(PLAIN_EHLO), acts].concat();
    let ok = || say("250 ok\r\n");
    let cases = [
        (vec![say("421 4.3.2 closing\r\n")], "4.3.2", refused("421 4.3.2 closing")),
        (vec![say("554 go away\r\n")], "4.0.0", refused("554 go away")),
        (vec![say("220 x\r\n"), Expect("EHLO"), say("421 busy\r\n")], "4.0.0", refused("421 busy")),
        (
            vec![
                say("220 x\r\n"),
                Expect("EHLO"),
                say("502 what\r\n"),
                Expect("HELO me.test"),
                say("550 5.7.1 no\r\n"),
            ],
            "5.7.1",
            refused("550 5.7.1 no"),
        ),
        (after_hello(vec![Expect("MAIL"), say("550 5.1.8 you\r\n")]), "5.1.8", said("550 5.1.8 you", "MAIL FROM")),
        (after_hello(vec![Expect("MAIL"), say("421 x\r\n")]), "4.0.0", said("421 x", "MAIL FROM")),
        (
            after_hello(vec![Expect("MAIL"), ok(), Expect("RCPT"), say("550-5.1.1 a\r\n550 5.1.1 b\r\n")]),
            "5.1.1",
            said("550-5.1.1 a 550 5.1.1 b", "RCPT TO"),
        ),
        (
            after_hello(vec![Expect("MAIL"), ok(), Expect("RCPT"), ok(), Expect("DATA"), say("451 later\r\n")]),
            "4.0.0",
            said("451 later", "DATA"),
        ),
        (
            [accepted(PLAIN_EHLO), vec![say("554 5.6.0 spam\r\n")]].concat(),
            "5.6.0",
            said("554 5.6.0 spam", "end of DATA"),
        ),
        (
            [accepted(PLAIN_EHLO), vec![say("452 4.3.1 full\r\n")]].concat(),
            "4.3.1",
            said("452 4.3.1 full", "end of DATA"),
        ),
    ];
    for (script, status, text) in cases {
        let (statuses, address, lines) = run(script, &["r@d.test"]).await;
        assert!(["RSET", "QUIT"].contains(&lines.last().map_or("", String::as_str)), "{text}: {lines:?}");
        let outcome = if status.starts_with('4') { Outcome::Deferred } else { Outcome::Bounced };
        assert_eq!(brief(&statuses, address), [(outcome, status.to_string(), text.clone())], "{text}");
    }
}

#[tokio::test]
async fn drops_and_silence_at_each_point() {
    let ok = || say("250 ok\r\n");
    let until_mail = [hello(PLAIN_EHLO), vec![Expect("MAIL")]].concat();
    let until_rcpt = [until_mail.clone(), vec![ok(), Expect("RCPT")]].concat();
    let until_data = [until_rcpt.clone(), vec![ok(), Expect("DATA")]].concat();
    let points = [
        (Vec::new(), "receiving the initial server greeting"),
        (vec![say("220 mx")], "receiving the initial server greeting"),
        (vec![say("220-mx\r\n")], "receiving the initial server greeting"),
        (vec![say("220 x\r\n"), Expect("EHLO")], "performing the EHLO handshake"),
        (until_mail, "sending MAIL FROM"),
        (until_rcpt, "sending RCPT TO"),
        (until_data, "sending DATA command"),
        (accepted(PLAIN_EHLO), "sending end of data -- message may be sent more than once"),
        (accepted(EHLO), "sending end of data -- message may be sent more than once"),
    ];
    for (script, doing) in points {
        for (last, what) in [
            (None, format!("lost connection with 127.0.0.1[127.0.0.1] while {doing}")),
            (Some(Reset), format!("lost connection with 127.0.0.1[127.0.0.1] while {doing}")),
            (Some(Hang), format!("conversation with 127.0.0.1[127.0.0.1] timed out while {doing}")),
        ] {
            let mut script = script.clone();
            script.extend(last);
            let (statuses, address, _) = run(script, &["r@d.test"]).await;
            assert_eq!(brief(&statuses, address), [(Outcome::Deferred, "4.4.2".to_string(), what)], "{doing}");
            assert!(statuses[0].destination_failed, "{doing}");
        }
    }
}

#[tokio::test]
async fn helo_after_a_refused_ehlo_and_no_features() {
    let mut script =
        vec![say("220 old\r\n"), Expect("EHLO"), say("500 what?\r\n"), Expect("HELO me.test"), say("250 old\r\n")];
    script.extend([
        Expect("MAIL"),
        say("250 ok\r\n"),
        Expect("RCPT"),
        say("250 ok\r\n"),
        Expect("DATA"),
        say("354 go\r\n"),
    ]);
    script.extend([Content, say("250 ok\r\n"), Expect("QUIT"), say("221 bye\r\n")]);
    let (statuses, _, lines) = run(script, &["r@d.test"]).await;
    assert_eq!(statuses[0].outcome, Outcome::Delivered, "{}", statuses[0].text);
    assert_eq!(lines[2], "MAIL FROM:<s@src.test>");
}

#[tokio::test]
async fn never_sends_ehlo_when_told_so() {
    let script = vec![say("220 old ESMTP\r\n"), Expect("HELO me.test"), say("550 no\r\n")];
    let (address, server) = server(script).await;
    let agent = agent("smtp_never_send_ehlo = yes", Zone::default(), FakeTables::default());
    agent.deliver(testing::request(&at(address), &["r@d.test"], MESSAGE)).await;
    server.await.expect("the script fits");
}

#[tokio::test]
async fn too_large_and_too_foreign_messages_are_not_tried() {
    let ehlo = "250-mx\r\n250 SIZE 20\r\n";
    let (statuses, address, lines) = run(hello(ehlo), &["r@d.test"]).await;
    let text = "message size 27 exceeds size limit 20 of server 127.0.0.1[127.0.0.1]".to_string();
    assert_eq!(brief(&statuses, address), [(Outcome::Bounced, "5.3.4".to_string(), text)]);
    assert_eq!(lines, ["EHLO me.test", "QUIT"]);

    let (address, server) = server(hello(PLAIN_EHLO)).await;
    let mut request = testing::request(&at(address), &["ü@d.test"], MESSAGE);
    request.smtputf8 = true;
    let statuses = plain_agent().deliver(request).await;
    let text = "SMTPUTF8 is required, but was not offered by host 127.0.0.1[127.0.0.1]".to_string();
    assert_eq!(brief(&statuses, address), [(Outcome::Bounced, "5.6.7".to_string(), text)]);
    server.await.expect("the script fits");
}

#[tokio::test]
async fn data_accepted_without_recipients_sends_nothing() {
    let mut script = hello(EHLO);
    script.extend([Expect("MAIL"), Expect("RCPT"), Expect("DATA"), say("250 ok\r\n550 5.1.1 no\r\n354 go\r\n")]);
    script.extend([Expect("."), say("554 no valid recipients\r\n")]);
    let (statuses, _, lines) = run(script, &["r@d.test"]).await;
    assert_eq!((statuses[0].outcome, statuses[0].status), (Outcome::Bounced, Status::permanent(1, 1)));
    assert_eq!(lines.last().map(String::as_str), Some("QUIT"), "{lines:?}");
}

#[tokio::test]
async fn a_mail_refusal_outlives_later_yes() {
    let mut script = hello(EHLO);
    script.extend([
        Expect("MAIL"),
        Expect("RCPT"),
        Expect("DATA"),
        say("550 5.7.1 bad sender\r\n250 ok\r\n354 go\r\n"),
    ]);
    script.extend([Expect("."), say("250 queued nothing\r\n")]);
    let (statuses, _, _) = run(script, &["r@d.test"]).await;
    assert_eq!((statuses[0].outcome, statuses[0].status), (Outcome::Bounced, Status::permanent(7, 1)));
}

#[tokio::test]
async fn a_probe_stops_before_data() {
    let mut script = hello(EHLO);
    script.extend([Expect("MAIL"), Expect("RCPT"), say("250 ok\r\n250 2.1.5 fine\r\n")]);
    let (address, server) = server(script).await;
    let mut request = testing::request(&at(address), &["r@d.test"], MESSAGE);
    request.probe = true;
    let statuses = plain_agent().deliver(request).await;
    assert_eq!(brief(&statuses, address), [(Outcome::Delivered, "2.1.5".to_string(), "250 2.1.5 fine".to_string())]);
    let lines = server.await.expect("the script fits");
    assert_eq!(lines.last().map(String::as_str), Some("RSET"), "{lines:?}");
}

#[tokio::test]
async fn a_probe_until_data_breaks_off_there() {
    for (replies, outcome, status, text) in [
        ("250 ok\r\n250 2.1.5 fine\r\n354 go on\r\n", Outcome::Delivered, "2.0.0", "354 go on"),
        (
            "250 ok\r\n550 5.1.1 no\r\n354 go on\r\n",
            Outcome::Bounced,
            "5.1.1",
            "host 127.0.0.1[127.0.0.1] said: 550 5.1.1 no (in reply to RCPT TO command)",
        ),
    ] {
        let mut script = hello(EHLO);
        script.extend([Expect("MAIL"), Expect("RCPT"), Expect("DATA"), say(replies)]);
        let (address, server) = server(script).await;
        let mut request = testing::request(&at(address), &["r@d.test"], MESSAGE);
        request.probe = true;
        let statuses =
            agent("smtp_address_verify_target = data", Zone::default(), FakeTables::default()).deliver(request).await;
        assert_eq!(brief(&statuses, address), [(outcome, status.to_string(), text.to_string())]);
        let lines = server.await.expect("the script fits");
        assert_eq!(lines.last().map(String::as_str), Some("DATA"), "{lines:?}");
    }
}

#[tokio::test]
async fn unreadable_content_is_never_ended() {
    let mut script = accepted(PLAIN_EHLO);
    script.pop();
    let (address, server) = server(script).await;
    let mut request = testing::request(&at(address), &["r@d.test"], MESSAGE);
    let file = std::sync::Arc::new(tempfile::tempfile().expect("a file"));
    request.content = hook::Content::File { file, offset: 0, len: 100 };
    let statuses = plain_agent().deliver(request).await;
    let text = "local data error while talking to 127.0.0.1[127.0.0.1]".to_string();
    assert_eq!(brief(&statuses, address), [(Outcome::Deferred, "4.3.0".to_string(), text)]);
    let lines = server.await.expect("the script fits");
    assert_eq!(lines.last().map(String::as_str), Some("DATA"), "{lines:?}");
}

#[tokio::test]
async fn a_large_message_with_many_recipients() {
    let recipients: Vec<String> = (0..400).map(|n| format!("recipient-number-{n}@dst.test")).collect();
    let names: Vec<&str> = recipients.iter().map(String::as_str).collect();
    let mut script = hello("250-mx\r\n250 PIPELINING\r\n");
    script.extend([Expect("MAIL"), say("250 ok\r\n")]);
    for n in 0..400 {
        script.extend([Expect("RCPT"), say(if n % 2 == 0 { "250 ok\r\n" } else { "550 5.1.1 odd\r\n" })]);
    }
    script.extend([Expect("DATA"), say("354 go\r\n"), Content, say("250 ok\r\n")]);
    let (address, server) = server(script).await;
    let content = format!("Subject: x\r\n\r\n{}", ".line of text\r\n".repeat(200_000));
    let statuses = plain_agent().deliver(testing::request(&at(address), &names, content.as_bytes())).await;
    let sent = statuses.iter().filter(|one| one.outcome == Outcome::Delivered).count();
    assert_eq!((sent, statuses.len()), (200, 400));
    let lines = server.await.expect("the script fits");
    assert!(lines[403] == content.replace("\r\n.", "\r\n..") + ".\r\n", "content differs");
}
