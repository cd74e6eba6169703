//! What an ordinary smtpd_recipient_restrictions of ten items costs: the default plugins in Wasm, real tables and rewriting,
//! an SMTP session in memory. The figure is the CPU time of a message with the list less that of one without it; the goal
//! is 15 us.
//!
//! Two lists: one that asks tables, and one that asks DNS, which answers from memory. Each is measured with all messages in
//! one session, where answers about the client and its HELO name are taken again, and with one message a session.

#[path = "recipient_list/server.rs"]
mod server;

use std::{ops::Range, sync::Mutex, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use server::Server;
use smtpd::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

const TABLES: &str = "\
    reject_non_fqdn_sender, reject_non_fqdn_recipient, permit_mynetworks, permit_sasl_authenticated, \
    reject_unauth_destination, reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname, \
    check_client_access cidr:$config_directory/clients, check_sender_access texthash:$config_directory/senders, \
    check_recipient_access texthash:$config_directory/recipients";
const DNS: &str = "\
    reject_non_fqdn_sender, reject_non_fqdn_recipient, reject_unknown_sender_domain, permit_mynetworks, \
    reject_unauth_destination, reject_unknown_recipient_domain, reject_unknown_helo_hostname, \
    reject_non_fqdn_helo_hostname, check_sender_access texthash:$config_directory/senders, \
    reject_rbl_client blocked.test";

/// What this thread has used of a processor so far (proc(5), schedstat): other work on the machine does not count.
fn processor_time() -> Duration {
    // The kernel brings the number up to date when the thread gives way.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with CONFIG_SCHEDSTATS");
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok()).expect("three numbers");
    Duration::from_nanos(nanoseconds)
}

/// One client that offers messages, each up to its only RCPT TO.
async fn client(mut line: DuplexStream, messages: Range<u64>) {
    let mut input = vec![0; 4096];
    let count = line.read(&mut input).await.expect("a greeting");
    assert!(input[..count].starts_with(b"220 "));
    line.write_all(b"HELO mail.client.test\r\n").await.expect("sent");
    let count = line.read(&mut input).await.expect("a reply");
    assert!(input[..count].starts_with(b"250 "));
    for number in messages {
        let sender = number % 100;
        let commands = format!("MAIL FROM:<user{sender}@sender.test>\r\nRCPT TO:<user@mx.test>\r\nRSET\r\n");
        line.write_all(commands.as_bytes()).await.expect("sent");
        let mut replies = 0;
        while replies < 3 {
            let count = line.read(&mut input).await.expect("replies");
            let text = String::from_utf8_lossy(&input[..count]);
            assert!(text.lines().all(|reply| reply.starts_with("250 2.")), "{text}");
            replies += text.matches("\r\n").count();
        }
    }
}

/// What so many messages take, `in_session` of them in each session.
async fn sessions(service: &Service, messages: u64, in_session: u64) -> Duration {
    let begun = processor_time();
    for first in (0..messages).step_by(in_session as usize) {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let serve = service.serve(theirs, server::peer(), server::local());
        tokio::select! {
            () = client(ours, first..messages.min(first + in_session)) => {}
            () = serve => panic!("the server ended the session"),
        }
    }
    processor_time() - begun
}

/// The tenth and the half of the samples at most this: on a busy machine the lower one is nearer to the truth, because what
/// else runs on a core takes from its caches and its twin.
fn tenth_and_half(figures: &Mutex<Vec<f64>>) -> (f64, f64) {
    let mut figures = figures.lock().expect("no panic").clone();
    figures.sort_by(f64::total_cmp);
    // None where a filter leaves the benchmark out.
    let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
    (at(figures.len() / 10), at(figures.len() / 2))
}

fn lists(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = runtime.block_on(Server::start());
    for (kind, in_session) in [("one session", 1 << 32), ("a session each", 1)] {
        let mut costs = Vec::new();
        for (name, list) in [("no list", ""), ("ten restrictions, tables", TABLES), ("ten restrictions, DNS", DNS)] {
            let service = runtime.block_on(server.service(list));
            let figures = Mutex::new(Vec::new());
            let name = format!("{name}, {kind}");
            criterion.bench_function(&name, |bencher| {
                bencher.iter_custom(|messages| {
                    let took = runtime.block_on(sessions(&service, messages, in_session));
                    if messages >= 100 {
                        figures.lock().expect("no panic").push(took.as_secs_f64() * 1e6 / messages as f64);
                    }
                    took
                });
            });
            costs.push((name, tenth_and_half(&figures)));
        }
        let (_, without) = costs[0];
        for (name, with) in &costs[1..] {
            let (tenth, half) = (with.0 - without.0, with.1 - without.1);
            println!("{name}: {half:.1} us of CPU a message (tenth of the samples: {tenth:.1})");
        }
    }
}

criterion_group!(benches, lists);
criterion_main!(benches);
