//! Servers that mean no good: bounded memory, bounded time, no forged outcome.

use super::*;

#[tokio::test]
async fn an_endless_reply_ends() {
    for flood in ["220-more\r\n", "220-more and more and more", "\r\n"] {
        let (statuses, address, _) = run(vec![Flood(flood)], &["r@d.test"]).await;
        let text = "lost connection with 127.0.0.1[127.0.0.1] while receiving the initial server greeting";
        let expected = (Outcome::Deferred, "4.4.2".to_string(), text.to_string());
        assert_eq!(brief(&statuses, address), [expected], "{flood:?}");
    }
}

#[tokio::test]
async fn a_huge_reply_is_cut() {
    let line = "x".repeat(100_000);
    let script = vec![say(&format!("550-5.7.1 {line}\r\n550-{line}\r\n550 5.7.1 end\r\n"))];
    let (statuses, _, _) = run(script, &["r@d.test"]).await;
    assert_eq!(statuses[0].status.to_string(), "4.7.1");
    assert!(statuses[0].text.len() < 5000, "{} bytes", statuses[0].text.len());
}

#[tokio::test]
async fn codes_out_of_place() {
    let refused = "host 127.0.0.1[127.0.0.1] refused to talk to me: ";
    for greeting in ["100 wait", "354 go on", "199-x\r\n100 y"] {
        let (statuses, address, _) = run(vec![say(&format!("{greeting}\r\n"))], &["r@d.test"]).await;
        let text = format!("{refused}{}", greeting.replace("\r\n", " "));
        assert_eq!(brief(&statuses, address), [(Outcome::Bounced, "5.5.0".to_string(), text)], "{greeting}");
    }
    // 2xx to DATA is no permission to send the content as commands.
    let mut script = hello(PLAIN_EHLO);
    script.extend([
        Expect("MAIL"),
        say("250 ok\r\n"),
        Expect("RCPT"),
        say("250 ok\r\n"),
        Expect("DATA"),
        say("250 ok\r\n"),
    ]);
    let (statuses, address, lines) = run(script, &["r@d.test"]).await;
    let text = "Protocol error: host 127.0.0.1[127.0.0.1] said: 250 ok (in reply to DATA command)";
    assert_eq!(brief(&statuses, address), [(Outcome::Bounced, "5.5.0".to_string(), text.to_string())]);
    assert_eq!(lines.last().map(String::as_str), Some("RSET"));
    // 354 to the end of the content is no delivery.
    let (statuses, _, _) = run([accepted(PLAIN_EHLO), vec![say("354 again\r\n")]].concat(), &["r@d.test"]).await;
    assert_ne!(statuses[0].outcome, Outcome::Delivered, "{}", statuses[0].text);
}

#[tokio::test]
async fn garbage_lines() {
    // Without pipelining the reply that follows can only be to the command under way.
    let mut script = vec![say("hello\r\n220 mx\r\n"), Expect("EHLO"), say("250 mx\r\n")];
    script.extend([Expect("MAIL"), say("550 no\r\n")]);
    let (statuses, _, _) = run(script, &["r@d.test"]).await;
    assert_eq!(statuses[0].status.to_string(), "5.0.0", "{}", statuses[0].text);
    // With pipelining too, as in Postfix, which only warns.
    let mut script = hello(EHLO);
    script.extend([Expect("MAIL"), Expect("RCPT"), Expect("DATA"), say("nonsense\r\n250 ok\r\n250 ok\r\n354 go\r\n")]);
    script.extend([Content, say("250 ok\r\n")]);
    let (statuses, _, _) = run(script, &["r@d.test"]).await;
    assert_eq!(statuses[0].outcome, Outcome::Delivered, "{}", statuses[0].text);
}

#[tokio::test]
async fn control_characters_stay_out_of_the_log() {
    let script = vec![say("554 5.7.1 a\x1b[2Jb\x00c\rd\r\n")];
    let (statuses, _, _) = run(script, &["r@d.test"]).await;
    assert!(statuses[0].text.ends_with("554 5.7.1 a?[2Jb?c?d"), "{:?}", statuses[0].text);
    assert!(!statuses[0].diagnostic.as_deref().unwrap_or_default().contains('\r'));
}

#[tokio::test]
async fn a_server_that_takes_no_content_times_out() {
    let mut script = accepted(PLAIN_EHLO);
    script.pop();
    script.push(Hang);
    let (address, server) = server(script).await;
    let content = "a line of text\r\n".repeat(1_000_000);
    let statuses = plain_agent().deliver(testing::request(&at(address), &["r@d.test"], content.as_bytes())).await;
    server.abort();
    let text = "conversation with 127.0.0.1[127.0.0.1] timed out while sending message body".to_string();
    assert_eq!(brief(&statuses, address), [(Outcome::Deferred, "4.4.2".to_string(), text)]);
}

#[tokio::test]
async fn a_server_that_resets_within_the_content() {
    let mut script = accepted(PLAIN_EHLO);
    script.pop();
    script.push(Reset);
    let (address, server) = server(script).await;
    let content = "a line of text\r\n".repeat(1_000_000);
    let statuses = plain_agent().deliver(testing::request(&at(address), &["r@d.test"], content.as_bytes())).await;
    let text = "lost connection with 127.0.0.1[127.0.0.1] while sending message body".to_string();
    assert_eq!(brief(&statuses, address), [(Outcome::Deferred, "4.4.2".to_string(), text)]);
    server.await.expect("the script fits");
}

#[tokio::test]
async fn content_cannot_smuggle() {
    let mut script = accepted(EHLO);
    script.push(say("250 ok\r\n"));
    let (address, server) = server(script).await;
    let content = b"a\n.\nMAIL FROM:<evil@x>\r\n\r.\r\r\n.\r\nend";
    plain_agent().deliver(testing::request(&at(address), &["r@d.test"], content)).await;
    let lines = server.await.expect("the script fits");
    assert_eq!(lines[4], "a\r\n..\r\nMAIL FROM:<evil@x>\r\n . \r\n..\r\nend\r\n.\r\n");
    assert_eq!(lines[5..], ["QUIT"]);
}
