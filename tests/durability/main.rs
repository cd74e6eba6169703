//! A 250 is a promise: through SIGKILL at any moment, a full disk, a disk that fails to sync and a damaged journal.

mod damaged;
mod disk_full;
mod kill;
mod sync_error;

use std::path::PathBuf;

use waxwing_tests::{
    namespace::Place,
    needs::Need,
    server::{Kind, Server},
};

const NEEDS: &[Need] = &[Need::Waxwing];
const ZONE: &str = "sender.test A 10.30.0.9\n";

/// A server that delivers box.test to a Maildir and sink.test to 10.30.0.1:2599, and retries at once.
fn mail_server(place: &Place, more: &str) -> (Server, PathBuf) {
    let mut server = Server::new(place, Kind::Waxwing);
    let mailboxes = server.directory.join("boxes");
    std::fs::create_dir(&mailboxes).expect("a directory");
    std::os::unix::fs::chown(&mailboxes, Some(65534), Some(65534)).expect("chown");
    server.main_cf(&format!(
        "relay_domains = sink.test
relay_transport = relay
transport_maps = inline:{{sink.test=smtp:[10.30.0.1]:2599}}
virtual_mailbox_domains = box.test
virtual_mailbox_maps = static:Maildir/
virtual_mailbox_base = {}
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_transport = virtual
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
smtp_connect_timeout = 3s
smtp_helo_timeout = 3s
smtp_mail_timeout = 3s
{more}",
        mailboxes.display()
    ));
    (server, mailboxes.join("Maildir"))
}

/// Files below a directory of the queue.
fn files_in(server: &Server, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![server.queue_directory().join(name)];
    while let Some(directory) = todo.pop() {
        for path in std::fs::read_dir(directory).into_iter().flatten().flatten().map(|e| e.path()) {
            if path.is_dir() { todo.push(path) } else { found.push(path) }
        }
    }
    found
}
