//! Complete systems as their administrators describe them, one test an outcome, named after it (`s05_1_...`). Each test
//! is played to Debian's Postfix first, which proves the test, and then to Waxwing.

mod instance;
mod listeners;
mod next_servers;
mod policy_services;
mod s01;
mod s02;
mod s03;
mod s04;
mod s05;
mod s07;
mod s07_relaying;
mod s08;
mod s09;
mod s09_aliases;
mod s09_relayhost;
mod s09_tls;
mod s10;
mod s10_auth;
mod s10_limits;
mod s10_restrictions;
mod s11;
mod s11_host;
mod s11_senders;
mod s12;
mod s12_tls;
mod s14;
mod s14_amavis;
mod s15;
mod s16;
mod s17;
mod s18;
mod s19;
mod s20;
mod s21;
mod s22;
mod s23;
mod s25;
mod s27;
mod s28;
mod s30;
mod services;
mod upstream_proxy;
mod verification;
mod wakeup;

use waxwing_tests::{
    dns::Dns,
    namespace,
    needs::Need,
    server::{self, Server},
    users::Users,
};

const BOTH: &[Need] = &[Need::Postfix, Need::Waxwing];

/// What a test gets beside the server.
struct Outside<'a> {
    dns: &'a Dns,
}

/// Runs the test with both servers and a DNS of `zone`. To be called with a closure written in the test function.
fn scenario<F: Fn(&mut Server, &Outside)>(zone: &str, test: F) {
    scenario_with(BOTH, zone, test);
}

/// The same for a test that needs more.
fn scenario_with<F: Fn(&mut Server, &Outside)>(needs: &[Need], zone: &str, test: F) {
    namespace::inside_named(namespace::test_name::<F>(), needs, |place| {
        let dns = Dns::serve(zone);
        server::both(place, |server| test(server, &Outside { dns: &dns }));
    });
}

/// Queue times of seconds, so that retries and expiry can be seen.
const SHORT_TIMES: &str = "\
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
";

/// The same with users who have homes.
fn scenario_with_users<F: Fn(&mut Server, &Users)>(zone: &str, test: F) {
    namespace::inside_named(namespace::test_name::<F>(), BOTH, |place| {
        let _dns = Dns::serve(zone);
        server::both(place, |server| {
            let users = Users::of(server);
            test(server, &users);
        });
    });
}

/// A message in a session of its own, from outside or inside; it must be accepted.
fn deliver(server: &Server, from_address: &str, sender: &str, recipient: &str) {
    let reply =
        waxwing_tests::client::send_mail(from_address, server.port, sender, recipient, "Subject: mail\n\nbody\n");
    assert!(reply.starts_with("250 2.0.0 Ok: queued as "), "{recipient}: {reply}");
}

/// A message by sendmail(1), which must take it.
fn sendmail(server: &Server, words: &[&str], message: &str) {
    let mut command = match server.is_postfix() {
        true => std::process::Command::new("/usr/sbin/sendmail"),
        false => {
            let mut command = std::process::Command::new(server::binary());
            command.arg("sendmail");
            command
        }
    };
    let file = server.directory.join("message");
    std::fs::write(&file, message).expect("written");
    command.arg("-C").arg(server.conf()).args(words).env("MAIL_CONFIG", server.conf());
    let status = command.stdin(std::fs::File::open(&file).expect("just written")).status().expect("sendmail runs");
    assert!(status.success(), "sendmail {words:?}: {status}");
}
