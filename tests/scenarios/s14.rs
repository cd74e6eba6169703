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
