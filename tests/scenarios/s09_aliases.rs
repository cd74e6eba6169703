//! S09: the few addresses that the gateway keeps for itself.

use waxwing_tests::sink::Sink;

use crate::{deliver, scenario_with_users};

#[test]
fn s09_12_postmaster_goes_on_through_the_aliases() {
    scenario_with_users(
        "yourdomain.test MX 10 mail.yourdomain.test\nmail.yourdomain.test A 10.9.1.1\n",
        |server, users| {
            let outside = Sink::listen("10.9.1.1:25");
            server.table("aliases", "root: postmaster\npostmaster: you@yourdomain.test\n");
            let local = users.main_cf().replace("hash:$config_directory", "proxy:hash:$config_directory");
            server.main_cf(&format!(
                "{local}myhostname = my-reverse-dns.domain.test
mydestination = $myhostname
myorigin = $mydomain
mydomain = $myhostname
local_recipient_maps = proxy:unix:passwd.byname $alias_maps
default_transport = smtp
"
            ));
            server.start();
            for name in ["postmaster", "root"] {
                deliver(
                    server,
                    "127.0.0.1",
                    "a@my-reverse-dns.domain.test",
                    &format!("{name}@my-reverse-dns.domain.test"),
                );
            }
            for received in outside.wait_for(2) {
                assert!(received.recipients[0].starts_with("RCPT TO:<you@yourdomain.test>"), "{received:?}");
            }
        },
    );
}
