//! Complete systems as their administrators describe them, one test an outcome, named after it (`s05_1_...`). Each test
//! is played to Debian's Postfix first, which proves the test, and then to Waxwing.

mod s05;
mod s07;
mod s08;
mod s09;
mod s14;
mod s21;
mod s22;
mod s23;
mod s28;

use waxwing_tests::{
    dns::Dns,
    namespace,
    needs::Need,
    server::{self, Server},
};

const BOTH: &[Need] = &[Need::Postfix, Need::Waxwing];

/// What a test gets beside the server.
struct Outside<'a> {
    dns: &'a Dns,
}

/// Runs the test with both servers and a DNS of `zone`. To be called with a closure written in the test function.
fn scenario<F: Fn(&mut Server, &Outside)>(zone: &str, test: F) {
    namespace::inside_named(namespace::test_name::<F>(), BOTH, |place| {
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
