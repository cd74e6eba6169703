//! S11: a mail host whose recipient list ends with a policy server.

use waxwing_tests::{client::ask, policy_server::PolicyServer};

use crate::scenario;

const OUTSIDE: &str = "198.51.100.9";

/// Its lists. The policy server's port is the host's; SASL is not in this release, so nobody is logged in.
const MAIN_CF: &str = "\
myhostname = mail.domain.com
mydomain = domain.com
myorigin = $mydomain
mydestination = $myhostname, localhost.$myhostname, $mydomain
recipient_delimiter = +
message_size_limit = 20480000
smtpd_relay_restrictions =
";

#[test]
fn s11_5_the_policy_server_is_asked_last() {
    scenario("", |server, _| {
        for list in [
            "permit_mynetworks permit_sasl_authenticated, reject_unauth_destination,\n    check_policy_service inet:127.0.0.1:10030",
            "permit_mynetworks,permit_sasl_authenticated,reject_unauth_destination,check_policy_service,inet:127.0.0.1:10030",
        ] {
            let policy = PolicyServer::at("127.0.0.1:10030");
            server.main_cf(&format!("{MAIN_CF}smtpd_recipient_restrictions = {list}\n"));
            server.start();
            let reply = ask(OUTSIDE, server.port, "a@good.test", "x@elsewhere.test");
            assert_eq!(reply, "554 5.7.1 <x@elsewhere.test>: Relay access denied", "{list}");
            assert_eq!(ask("127.0.0.1", server.port, "a@good.test", "support@domain.com"), "250 2.1.5 Ok", "{list}");
            assert_eq!(policy.asked().len(), 0, "not asked about either: {list}");
            policy.say("DEFER_IF_PERMIT come back");
            let reply = ask(OUTSIDE, server.port, "a@good.test", "support@domain.com");
            assert_eq!(reply, "450 4.7.1 <support@domain.com>: Recipient address rejected: come back", "{list}");
            assert_eq!(policy.asked().len(), 1, "{list}");
            drop(policy);
            let reply = ask(OUTSIDE, server.port, "a@good.test", "support@domain.com");
            let problem = "<support@domain.com>: Recipient address rejected: Server configuration problem";
            assert_eq!(reply, format!("451 4.3.5 {problem}"), "{list}");
            server.stop();
        }
    });
}
