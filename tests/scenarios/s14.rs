//! S14: spam control with amavis. Item 8: header_checks come before the filter.

use waxwing_tests::{client::send_mail, sink::Sink};

use crate::scenario;

#[test]
fn s14_8_header_checks_refuse_before_the_filter_is_asked() {
    scenario("", |server, _| {
        let filter = Sink::listen("127.0.0.1:10024");
        server.table("header_checks", "/^Subject: buy now/ REJECT\n");
        server.main_cf(
            "content_filter = smtp:[127.0.0.1]:10024\nheader_checks = regexp:$config_directory/header_checks\n",
        );
        server.start();
        let send = |subject: &str| {
            let content = format!("Subject: {subject}\n\nbody\n");
            send_mail("127.0.0.1", server.port, "a@b.test", "c@d.test", &content)
        };
        assert_eq!(send("Buy now or never"), "550 5.7.1 message content rejected");
        server.logged(&[
            "cleanup[",
            "reject: header Subject: Buy now or never from unknown[127.0.0.1]; from=<a@b.test> to=<c@d.test> proto=ESMTP",
            ": 5.7.1 message content rejected",
        ]);
        assert!(send("hello").starts_with("250 2.0.0 Ok: queued as"));
        assert!(filter.wait_for(1)[0].text().contains("Subject: hello\n"));
        assert_eq!(filter.messages().len(), 1, "the refused one went to the filter");
    });
}

pub const AFTER: &str =
    "127.0.0.1:10025 inet n - n - - smtpd -o content_filter= -o smtpd_client_restrictions= -o smtpd_helo_restrictions=
  -o smtpd_sender_restrictions= -o smtpd_relay_restrictions= -o smtpd_recipient_restrictions=permit_mynetworks,reject
  -o mynetworks=127.0.0.0/8 -o smtpd_authorized_xforward_hosts=127.0.0.0/8
  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks,no_milters
smtp-amavis unix - - n - 2 smtp -o smtp_data_done_timeout=1200 -o smtp_send_xforward_command=yes
  -o disable_mime_output_conversion=yes
";
pub const BEFORE: &str = "content_filter = smtp-amavis:[127.0.0.1]:10024\nmydestination =\nrelay_domains = d.test\n\
                      relay_transport = smtp:[127.0.0.1]:2525\nrelay_recipient_maps = inline:{ { c@d.test = x } }\n";

/// Takes mail like amavis, and hands it back to port 10025.
fn amavis() -> (Sink, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    let filter = Sink::listen("127.0.0.1:10024");
    filter.offer(&["PIPELINING", "8BITMIME", "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"]);
    let told: std::sync::Arc<std::sync::Mutex<Vec<String>>> = Default::default();
    let heard = told.clone();
    filter.script(move |stage, line| {
        if stage == "XFORWARD" {
            heard.lock().expect("no panics").push(line.to_string());
        }
        None
    });
    (filter, told)
}

#[test]
fn s14_1_and_2_the_filter_knows_the_client_and_hands_the_mail_back() {
    scenario("", |server, _| {
        let (filter, told) = amavis();
        let next = Sink::listen("127.0.0.1:2525");
        server.master = AFTER.to_string();
        server.main_cf(BEFORE);
        server.start();
        let content = "Subject: clean\n\nbody\n";
        let sent = send_mail("10.3.3.3", server.port, "a@b.test", "c@d.test", content);
        assert!(sent.starts_with("250 2.0.0 Ok: queued as"), "{sent}");
        let mail = filter.wait_for(1).remove(0);
        server.logged(&["relay=127.0.0.1[127.0.0.1]:10024", "status=sent (250 2.0.0 Ok"]);
        let told = told.lock().expect("no panics").join("\n");
        let id = sent.rsplit(' ').next().expect("an id").trim();
        for words in ["ADDR=10.3.3.3", "PROTO=ESMTP", &format!("IDENT={id}"), "SOURCE=REMOTE"] {
            assert!(told.contains(words), "{words} is not in {told}");
        }
        let mut back = waxwing_tests::client::Client::ready("127.0.0.1", 10025);
        for line in told.lines() {
            assert_eq!(back.command(line), "250 2.0.0 Ok");
        }
        assert!(back.mail("a@b.test", "c@d.test", &mail.text()).starts_with("250 2.0.0 Ok: queued as"));
        server.logged(&["client=", &format!("orig_queue_id={id}, orig_client=unknown[10.3.3.3]")]);
        assert!(next.wait_for(1)[0].text().contains("Subject: clean\n"));
        assert_eq!(filter.messages().len(), 1, "it went to the filter twice");
    });
}

#[test]
fn s14_5_without_amavis_mail_waits() {
    scenario("", |server, _| {
        server.master = AFTER.to_string();
        server.main_cf(&format!("{BEFORE}{}", crate::SHORT_TIMES));
        server.start();
        send_mail("10.3.3.3", server.port, "a@b.test", "c@d.test", "Subject: later\n\nbody\n");
        server.logged(&["status=deferred", "(connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)"]);
        let (filter, _) = amavis();
        server.flush();
        assert!(filter.wait_for(1)[0].text().contains("Subject: later\n"));
    });
}

#[test]
fn s14_6_the_way_back_is_for_this_host_and_checks_no_recipients_again() {
    scenario("", |server, _| {
        let _next = Sink::listen("127.0.0.1:2525");
        server.master = AFTER.replace("127.0.0.1:10025", "0.0.0.0:10025");
        server.main_cf(BEFORE);
        server.start();
        let ask = |from: &str| waxwing_tests::client::ask(from, 10025, "a@b.test", "unknown@d.test");
        assert!(ask("10.3.3.3").starts_with("554 5.7.1 <unknown@d.test>: Recipient address rejected: Access denied"));
        assert_eq!(ask("127.0.0.1"), "250 2.1.5 Ok");
    });
}

#[test]
fn s14_local_mail_has_the_options_of_pickup_and_cleanup() {
    scenario("", |server, _| {
        let next = Sink::listen("127.0.0.1:2525");
        server.master = AFTER.to_string();
        server.main_cf(&format!("{BEFORE}mydestination =\n"));
        server.start();
        let edit =
            server.command("postconf", &["-P", "pickup/unix/content_filter=", "cleanup/unix/always_bcc=copy@d.test"]);
        assert!(edit.status.success(), "{}", String::from_utf8_lossy(&edit.stderr));
        server.reload();
        std::thread::sleep(std::time::Duration::from_secs(2));
        let file = server.directory.join("message");
        std::fs::write(&file, "From: a@b.test\nTo: c@d.test\nSubject: from here\n\nbody\n").expect("write");
        let program = if server.is_postfix() { "/usr/sbin/sendmail".into() } else { waxwing_tests::server::binary() };
        let mut command = std::process::Command::new(program);
        if !server.is_postfix() {
            command.arg("sendmail");
        }
        command.arg("-C").arg(server.conf()).args(["-i", "-f", "a@b.test", "c@d.test"]);
        let status = command.stdin(std::fs::File::open(&file).expect("open")).status().expect("sendmail runs");
        assert!(status.success());
        // Not to the filter, which is not there; and once more to the address of cleanup's own always_bcc.
        let recipients = || next.messages().iter().map(|m| m.recipients.len()).sum::<usize>();
        assert!(waxwing_tests::waiting::until_true(15, || recipients() == 2), "{} recipients", recipients());
        assert!(next.messages()[0].text().contains("Subject: from here\n"));
    });
}

#[test]
fn s14_7_sessions_of_a_client_are_logged_line_by_line() {
    scenario("", |server, _| {
        server.main_cf("debug_peer_list = 10.3.3.3\nrelay_domains = d.test\n");
        server.start();
        for from in ["10.3.3.3", "10.3.3.4"] {
            let mut client = waxwing_tests::client::Client::connect_from(from, server.port).expect("connected");
            client.reply();
            client.command("EHLO hyperbiz1.com");
            assert!(client.mail("a@b.test", "c@d.test", "Subject: x\n\nbody\n").starts_with("250"));
            client.quit();
        }
        server.logged(&["disconnect from unknown[10.3.3.4]"]);
        for line in [
            "> unknown[10.3.3.3]: 220 mx.test ESMTP",
            "< unknown[10.3.3.3]: EHLO hyperbiz1.com",
            "> unknown[10.3.3.3]: 250-PIPELINING",
            "< unknown[10.3.3.3]: MAIL FROM:<a@b.test>",
            "> unknown[10.3.3.3]: 250 2.1.0 Ok",
            "> unknown[10.3.3.3]: 354 End data with <CR><LF>.<CR><LF>",
            "> unknown[10.3.3.3]: 250 2.0.0 Ok: queued as ",
            "< unknown[10.3.3.3]: QUIT",
            "> unknown[10.3.3.3]: 221 2.0.0 Bye",
        ] {
            server.logged(&["smtpd[", line]);
        }
        assert!(!server.log().contains(" unknown[10.3.3.4]: "), "{}", server.log_end());
    });
}
