//! S04: a host of an intranet behind a mail gateway.

use std::fs;

use waxwing_tests::{server::Server, sink::Sink, users::Users, waiting};

use crate::{Outside, deliver, scenario, scenario_with_users};

const ZONE: &str = "
my.test            MX  10 gateway.my.test
gateway.my.test    A   10.4.0.1
x.my.test          A   10.4.0.2
thishost.my.test   A   10.7.0.99
elsewhere.test     A   10.4.0.4
";
const TRANSPORT: &str = "my.test   smtp:\n.my.test  smtp:\nthishost.my.test  local:\nlocalhost.my.test  local:\n";
const MAIN: &str = "\
myhostname = thishost.my.test
mydomain = my.test
myorigin = $mydomain
mydestination = $myhostname, localhost.$mydomain, localhost
relayhost = $mydomain
transport_maps = hash:$config_directory/transport
default_transport = smtp
relay_transport = smtp
local_recipient_maps =
inet_interfaces = 127.0.0.1, 10.7.0.99
";

fn host(server: &mut Server, transport: &str, more: &str) {
    server.table("transport", transport);
    server.main_cf(&format!("{MAIN}{more}"));
    server.start();
}

#[test]
fn s04_1_other_organisations_by_the_gateway_the_intranet_directly() {
    scenario(ZONE, |server, _| {
        let (gateway, direct) = (Sink::listen("10.4.0.1:25"), Sink::listen("10.4.0.2:25"));
        host(server, TRANSPORT, "");
        deliver(server, "127.0.0.1", "joe@my.test", "friend@elsewhere.test");
        gateway.wait_for(1);
        deliver(server, "127.0.0.1", "joe@my.test", "user@my.test");
        gateway.wait_for(2);
        deliver(server, "127.0.0.1", "joe@my.test", "user@x.my.test");
        direct.wait_for(1);
        let recipients = |sink: &Sink| -> Vec<String> {
            let commands = sink.messages().into_iter().flat_map(|message| message.recipients);
            commands.map(|line| line.split(" ORCPT").next().unwrap_or_default().to_string()).collect()
        };
        // What its own transport entry sends to my.test goes to the mail host of that domain, which the gateway is.
        assert_eq!(recipients(&gateway), ["RCPT TO:<friend@elsewhere.test>", "RCPT TO:<user@my.test>"]);
        assert_eq!(recipients(&direct), ["RCPT TO:<user@x.my.test>"]);
    });
}

#[test]
fn s04_2_mail_for_this_host_is_delivered_here() {
    scenario_with_users(ZONE, |server, users| {
        server.table("aliases", "postmaster: joe\n");
        let local = users.main_cf();
        host(server, TRANSPORT, &local);
        deliver(server, "127.0.0.1", "joe@my.test", "joe@thishost.my.test");
        deliver(server, "127.0.0.1", "joe@my.test", "joe@localhost.my.test");
        let count = || users.mailbox("joe").matches("\nSubject: mail").count();
        assert!(waiting::until_true(20, || count() == 2), "{} {}", count(), server.log_end());
    });
}

#[test]
fn s04_3_without_the_local_lines_it_loops() {
    scenario(ZONE, |server, _| {
        let gateway = Sink::listen("10.4.0.1:25");
        host(server, "my.test  smtp:\n.my.test  smtp:\n", "");
        deliver(server, "127.0.0.1", "joe@my.test", "joe@thishost.my.test");
        let line = server.logged(&["to=<joe@thishost.my.test>", "status=bounced"]);
        assert!(line.contains("dsn=5.4.6"), "{line}");
        assert!(line.ends_with("(mail for thishost.my.test loops back to myself)"), "{line}");
        // The notice goes to the sender, in the domain of the gateway.
        assert!(gateway.wait_for(1)[0].text().contains("loops back to myself"));
    });
}

#[test]
fn s04_4_without_dns_the_gateway_is_in_the_hosts_file() {
    scenario(ZONE, |server: &mut Server, outside: &Outside| {
        let gateway = Sink::listen("10.4.0.5:25");
        let before = fs::read_to_string("/etc/hosts").expect("/etc/hosts of the namespace");
        fs::write("/etc/hosts", format!("{before}10.4.0.5 host.my.test\n")).expect("written");
        let asked_before = outside.dns.asked().len();
        host(server, TRANSPORT, "relayhost = host.my.test\ndisable_dns_lookups = yes\n");
        deliver(server, "127.0.0.1", "joe@my.test", "friend@elsewhere.test");
        gateway.wait_for(1);
        fs::write("/etc/hosts", before).expect("written");
        let asked = outside.dns.asked().split_off(asked_before);
        assert!(!asked.iter().any(|question| question.ends_with(" MX")), "{asked:?}");
        assert!(!asked.iter().any(|question| question.starts_with("host.my.test ")), "{asked:?}");
    });
}

#[test]
fn s04_5_a_changed_line_takes_effect() {
    scenario_with_users(ZONE, |server: &mut Server, users: &Users| {
        let (gateway, direct) = (Sink::listen("10.4.0.1:25"), Sink::listen("10.4.0.2:25"));
        server.table("aliases", "postmaster: joe\n");
        let local = users.main_cf();
        host(server, TRANSPORT, &local);
        deliver(server, "127.0.0.1", "joe@my.test", "user@x.my.test");
        direct.wait_for(1);
        let changed = format!("{TRANSPORT}x.my.test  smtp:[gateway.my.test]\n");
        if server.is_postfix() {
            server.table("transport", &changed);
        } else {
            fs::write(server.conf().join("transport"), &changed).expect("written");
            let output = server.command("postmap", &[&format!("hash:{}/transport", server.conf().display())]);
            assert!(output.status.success(), "{output:?}");
        }
        let output = server.reload();
        assert!(output.status.success(), "{output:?}");
        std::thread::sleep(std::time::Duration::from_secs(1));
        deliver(server, "127.0.0.1", "joe@my.test", "user@x.my.test");
        assert!(gateway.wait_for(1)[0].recipients[0].starts_with("RCPT TO:<user@x.my.test>"));
        assert_eq!(direct.messages().len(), 1);
    });
}
