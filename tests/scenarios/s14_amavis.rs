//! S14 with Debian's amavisd-new itself behind the server.

use waxwing_tests::{
    amavis::Amavis,
    client::send_mail,
    dns::Dns,
    namespace,
    needs::Need,
    server::{Server, both},
    sink::Sink,
    waiting,
};

use crate::s14::{AFTER, BEFORE};

const ZONE: &str = "b.test A 10.14.0.1\n";
/// The seed's levels: the first for first.d.test, those it came to for second.d.test.
const LEVELS: &str = "$sa_tag_level_deflt = 2.0; $final_spam_destiny = D_BOUNCE;
$sa_tag2_level_deflt = { '.second.d.test' => 5.8, '.' => 6.2 };
$sa_kill_level_deflt = { '.second.d.test' => 6.0, '.' => 6.8 };";

#[test]
fn s14_amavisd_new() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::Amavis], |place| {
        let _dns = Dns::serve(ZONE);
        both(place, |server| {
            // One for each server: it keeps connections to port 10025.
            let amavis = Amavis::serve(place, LEVELS);
            let next = Sink::listen("127.0.0.1:2525");
            server.master = AFTER.to_string();
            let domains =
                "relay_domains = first.d.test, second.d.test\nrelay_recipient_maps =\ndefault_transport = smtp\n";
            server.main_cf(&format!("{BEFORE}{domains}"));
            server.start();
            let before = amavis.log().len();
            let said = |words: &[&str]| {
                let find =
                    || amavis.log()[before..].lines().find(|l| words.iter().all(|w| l.contains(w))).map(String::from);
                waiting::until(20, find).unwrap_or_else(|| panic!("amavis did not say {words:?}\n{}", amavis.log()))
            };
            s14_1_and_2_clean_mail_goes_through(server, &next, &said);
            s14_3_the_levels_decide(server, &next, &said);
            s14_4_the_notice_waits_in_the_queue(server);
        });
    });
}

fn s14_1_and_2_clean_mail_goes_through(server: &Server, next: &Sink, said: &dyn Fn(&[&str]) -> String) {
    let sent = send_mail("10.3.3.3", server.port, "a@b.test", "c@first.d.test", "Subject: clean\n\nhello\n");
    let id = sent.strip_prefix("250 2.0.0 Ok: queued as ").unwrap_or_else(|| panic!("{sent}")).to_string();
    let line = server.logged(&[&id, "relay=127.0.0.1[127.0.0.1]:10024", "status=sent (250 2.0.0 from MTA("]);
    let second = line.split("Ok: queued as ").nth(1).expect("an id").trim_end_matches(')').to_string();
    assert_ne!(id, second);
    server.logged(&[&second, "orig_queue_id=", &id, "orig_client=unknown[10.3.3.3]"]);
    server.logged(&[&second, "to=<c@first.d.test>", "relay=127.0.0.1[127.0.0.1]:2525", "status=sent"]);
    let line = said(&["Passed CLEAN", &second]);
    for words in
        ["[10.3.3.3]", "<a@b.test> -> <c@first.d.test>", &format!("Queue-ID: {id}"), &format!("queued_as: {second}")]
    {
        assert!(line.contains(words), "{words}: {line}");
    }
    assert!(next.wait_for(1)[0].text().contains("Subject: clean\n"));
    assert_eq!(server.log().matches(&format!("{second}: from=<a@b.test>")).count(), 1, "once more to the filter?");
}

fn s14_3_the_levels_decide(server: &Server, next: &Sink, said: &dyn Fn(&[&str]) -> String) {
    for recipient in ["c@first.d.test", "c@second.d.test"] {
        let reply = send_mail("10.3.3.3", server.port, "a@b.test", recipient, "Subject: offer\n\nbuy now\n");
        assert!(reply.starts_with("250 2.0.0 Ok"), "{reply}");
    }
    let passed = said(&["Passed SPAMMY", "<c@first.d.test>"]);
    let blocked = said(&["Blocked SPAM", "<c@second.d.test>"]);
    assert!(passed.contains("Hits: 6.353") && blocked.contains("Hits: 6.353"), "{passed}\n{blocked}");
    let tagged = next.wait_for(2)[1].text();
    assert!(tagged.contains("X-Spam-Score: 6.353\n") && tagged.contains("X-Spam-Flag: YES\n"), "{tagged}");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(next.messages().len(), 2, "what is blocked came through");
}

fn s14_4_the_notice_waits_in_the_queue(server: &Server) {
    let waiting = waiting::until(20, || server.queue().into_iter().find(|message| message["queue_name"] == "deferred"));
    let notice = waiting.unwrap_or_else(|| panic!("{:?}\n{}", server.queue(), server.log_end()));
    assert_eq!((&notice["sender"], &notice["recipients"][0]["address"]), (&"MAILER-DAEMON".into(), &"a@b.test".into()));
    let id = notice["queue_id"].as_str().expect("an id");
    let reason = notice["recipients"][0]["delay_reason"].as_str().unwrap_or_default();
    assert_eq!(reason, "connect to b.test[10.14.0.1]:25: Connection refused");
    let text = String::from_utf8_lossy(&server.command("postcat", &["-q", id]).stdout).into_owned();
    for part in [
        "multipart/report",
        "Final-Recipient: rfc822;c@second.d.test",
        "Diagnostic-Code: smtp; 554 5.7.0 Bounce, id=",
        " - spam",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}
