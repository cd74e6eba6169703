//! S03: a null client: everything goes to the relay, nothing comes in.

use std::time::Duration;

use waxwing_tests::{server::Server, sink::Sink, waiting};

use crate::{SHORT_TIMES, instance::Instance, scenario};

const ZONE: &str = "
my.test            MX  10 relay.my.test
relay.my.test      A   10.3.0.1
elsewhere.test     MX  10 mail.elsewhere.test
mail.elsewhere.test A  10.3.0.2
";

/// No smtpd service and no local transport in master.cf.
fn null_client(server: &Server) -> Instance {
    let main = format!(
        "myhostname = client.my.test\nmydomain = my.test\nmyorigin = $mydomain\nrelayhost = $mydomain\n{SHORT_TIMES}"
    );
    let instance = Instance::beside(server, "null", &main, "");
    instance.start();
    instance
}

#[test]
fn s03_1_nothing_listens() {
    scenario(ZONE, |server, _| {
        let _client = null_client(server);
        std::thread::sleep(Duration::from_secs(1));
        for port in [25, 587, 2501, 2502] {
            assert_eq!(Instance::greeting(&format!("127.0.0.1:{port}")), None, "port {port}");
        }
    });
}

#[test]
fn s03_2_mail_goes_to_the_mail_host_of_the_domain() {
    scenario(ZONE, |server, _| {
        let relay = Sink::listen("10.3.0.1:25");
        let client = null_client(server);
        client.sendmail(None, "friend@elsewhere.test");
        let received = &relay.wait_for(1)[0];
        assert!(received.mail.starts_with("MAIL FROM:<root@my.test>"), "{}", received.mail);
        assert!(received.recipients[0].starts_with("RCPT TO:<friend@elsewhere.test>"), "{:?}", received.recipients);
    });
}

#[test]
fn s03_3_a_name_without_domain_is_one_of_the_domain() {
    scenario(ZONE, |server, _| {
        let relay = Sink::listen("10.3.0.1:25");
        let client = null_client(server);
        client.sendmail(None, "friend");
        let received = &relay.wait_for(1)[0];
        assert!(received.recipients[0].starts_with("RCPT TO:<friend@my.test>"), "{:?}", received.recipients);
    });
}

#[test]
fn s03_4_while_the_relay_is_down_the_queue_says_why() {
    scenario(ZONE, |server, _| {
        let client = null_client(server);
        client.sendmail(None, "friend@elsewhere.test");
        client.mailq_with(&["friend@elsewhere.test", "(connect to relay.my.test[10.3.0.1]:25: Connection refused)"]);
        let relay = Sink::listen("10.3.0.1:25");
        client.says("postqueue", &["-f"]);
        relay.wait_for(1);
        assert!(waiting::until_true(20, || client.says("postqueue", &["-p"]).contains("Mail queue is empty")));
    });
}

#[test]
fn s03_5_local_mail_waits_for_want_of_a_transport() {
    scenario(ZONE, |server, _| {
        let client = null_client(server);
        client.sendmail(None, "somebody@client.my.test");
        client.mailq_with(&["somebody@client.my.test", "mail transport unavailable"]);
    });
}
