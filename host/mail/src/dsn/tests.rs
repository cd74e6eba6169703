use super::*;

fn report() -> RecipientReport {
    RecipientReport {
        address: "b b@x.example".into(),
        original: "alias@x.example".into(),
        dsn_original: String::new(),
        action: Action::Failed,
        status: Status::permanent(1, 1),
        reason: "host mx.example[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command)".into(),
        remote_mta: Some("dns; mx.example".into()),
        diagnostic: Some("smtp; 550 5.1.1 User unknown".into()),
    }
}

fn notice(recipients: &[RecipientReport]) -> Notice<'_> {
    Notice {
        kind: Kind::Failed,
        from: "MAILER-DAEMON (Mail Delivery System)",
        subject: "Undelivered Mail Returned to Sender",
        charset: "us-ascii",
        text: "Line one.\nLine two.\n",
        postmaster_copy: false,
        to: "s@y.example",
        hostname: "mx.y.example",
        queue_id: "4ABC",
        sender: "s@y.example",
        arrival: SystemTime::UNIX_EPOCH,
        time: SystemTime::UNIX_EPOCH,
        envelope_id: "",
        retry_until: None,
        eight_bit: false,
        smtputf8: false,
        recipients,
        full_original: true,
    }
}

#[test]
fn a_failure_notice() {
    let epoch = date::rfc5322(SystemTime::UNIX_EPOCH);
    let recipients = [report()];
    let parts = build(&notice(&recipients));
    let expected = format!(
        "Date: {epoch}
From: Mail Delivery System <MAILER-DAEMON>
Subject: Undelivered Mail Returned to Sender
To: s@y.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary=\"4ABC.0/mx.y.example\"

This is a MIME-encapsulated message.

--4ABC.0/mx.y.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

Line one.
Line two.

<\"b b\"@x.example> (expanded from <alias@x.example>): host mx.example[192.0.2.1]
    said: 550 5.1.1 User unknown (in reply to RCPT TO command)

--4ABC.0/mx.y.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.y.example
X-Postfix-Queue-ID: 4ABC
X-Postfix-Sender: rfc822; s@y.example
Arrival-Date: {epoch}

Final-Recipient: rfc822; \"b b\"@x.example
Original-Recipient: rfc822;alias@x.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--4ABC.0/mx.y.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <s@y.example>
"
    );
    assert_eq!(parts.before.replace("\r\n", "\n"), expected);
    assert_eq!(parts.after, "\r\n--4ABC.0/mx.y.example--\r\n");
}

#[test]
fn delays_successes_and_copies() {
    let mut delayed = report();
    delayed.action = Action::Delayed;
    delayed.diagnostic = None;
    delayed.dsn_original = "rfc822;other@x.example".into();
    let recipients = [delayed];
    let mut delay = notice(&recipients);
    delay.kind = Kind::Delayed;
    delay.retry_until = Some(SystemTime::UNIX_EPOCH);
    delay.full_original = false;
    delay.postmaster_copy = true;
    delay.smtputf8 = true;
    delay.envelope_id = "E1";
    let text = build(&delay).before;
    for line in [
        "Auto-Submitted: auto-generated",
        "Content-Type: multipart/report; report-type=global-delivery-status;",
        "Content-Transfer-Encoding: 8bit",
        "Original-Envelope-Id: E1",
        "Final-Recipient: rfc822; \"b b\"@x.example",
        "Original-Recipient: rfc822;other@x.example",
        "Action: delayed",
        "Diagnostic-Code: X-Postfix; host mx.example[192.0.2.1] said: 550 5.1.1 User",
        "Content-Description: Undelivered Message Headers",
        "Content-Type: message/global-headers",
    ] {
        assert!(text.split("\r\n").any(|l| l == line), "no line {line:?} in\n{text}");
    }
    assert!(text.contains("\r\nWill-Retry-Until: "), "{text}");
    assert!(!text.contains("Line one."), "{text}");
}

#[test]
fn a_reason_cannot_forge_lines() {
    let mut forged = report();
    forged.reason = "no\r\nX: y\r\n\r\n--4ABC".into();
    forged.diagnostic = Some("smtp; a\nAction: delivered".into());
    let recipients = [forged];
    let text = build(&notice(&recipients)).before;
    assert!(!text.contains("\nX: y") && !text.contains("\nAction: delivered"), "{text}");
}
