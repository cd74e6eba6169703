//! postsuper(1), postqueue(1), the listing, the commands without a server, and maildrop.

use std::time::{Duration, SystemTime};

use mail::Status;
use queue::{Queue, QueueId, QueueName, Reason, Which, maildrop, offline};

use crate::support::*;

async fn deferred(queue: &Queue, sender: &str) -> QueueId {
    let id = commit(queue, sender, b"deferred text").await.unwrap();
    let message = arrival(queue).await.unwrap();
    let reason = Reason::new(Status::temporary(4, 1), "try later");
    let next = SystemTime::now() + Duration::from_secs(600);
    assert!(queue.defer(&message, next, vec![(1, reason)]).await.unwrap());
    id
}

#[tokio::test]
async fn hold_and_release() {
    let spool = Spool::new();
    let queue = spool.open();
    let waiting = deferred(&queue, "d@example.com").await;
    let fresh = commit(&queue, "i@example.com", b"incoming").await.unwrap();
    let mut held = queue.hold(&Which::All, &[]).await.unwrap();
    held.sort();
    let mut both = vec![waiting, fresh];
    both.sort();
    assert_eq!(held, both);
    assert_eq!(queue.hold(&Which::All, &[]).await.unwrap(), [], "held twice");
    assert_eq!(spool.files("hold").len(), 2);
    assert_eq!(spool.files("deferred").len(), 0);
    assert_eq!(arrivals(&queue).await.len(), 0, "held mail arrives");
    assert_eq!(queue.due(SystemTime::now() + Duration::from_secs(9999), 9), [], "held mail is due");
    let restarted = spool.killed();
    assert_eq!(arrivals(&restarted.open()).await.len(), 0, "held mail arrives after a restart");
    let now = SystemTime::now();
    assert_eq!(queue.release(&Which::Id(fresh), now).await.unwrap(), [fresh]);
    assert_eq!(queue.release(&Which::Id(fresh), now).await.unwrap(), []);
    assert_eq!(queue.due(now, 9), [fresh]);
    assert_eq!(text(&queue.load(fresh).await.unwrap().unwrap()), b"incoming");
}

#[tokio::test]
async fn mail_committed_for_the_hold_queue_never_arrives() {
    let spool = Spool::new();
    let queue = spool.open();
    for size in [10, 500_000] {
        let mut writer = queue.create(queue.new_id(SystemTime::now()));
        writer.write(&vec![b'h'; size]).await.unwrap();
        let mut envelope = envelope("h@example.com", &["r@example.com"]);
        envelope.hold = Some("suspicious".to_string());
        writer.commit(envelope).await.unwrap();
    }
    assert_eq!(arrivals(&queue).await.len(), 0);
    assert_eq!(spool.files("hold").len(), 2);
    let listed = queue.list().await.unwrap();
    assert!(listed.iter().all(|m| m.queue == QueueName::Hold), "{listed:?}");
}

#[tokio::test]
async fn delete_during_delivery() {
    let spool = Spool::new();
    let queue = spool.open();
    let fresh = commit(&queue, "a@example.com", b"text").await.unwrap();
    let first = arrival(&queue).await.unwrap();
    let waiting = deferred(&queue, "d@example.com").await;
    queue.flush(&Which::All, SystemTime::now());
    let second = queue.load(waiting).await.unwrap().unwrap();
    for (id, message) in [(fresh, first), (waiting, second)] {
        assert_eq!(queue.delete(&Which::Id(id), &[]).await.unwrap(), [id]);
        assert_eq!(queue.delete(&Which::Id(id), &[]).await.unwrap(), [], "deleted twice");
        queue.mark_done(id, 0);
        assert!(!queue.defer(&message, SystemTime::now(), Vec::new()).await.unwrap(), "it came back");
        queue.remove(id);
    }
    assert_eq!(spool.files("deferred").len(), 0);
    assert_eq!(queue.list().await.unwrap(), []);
    queue.close().await.unwrap();
    assert_eq!(arrivals(&spool.killed().open()).await.len(), 0, "deleted mail is back after a restart");
}

#[tokio::test]
async fn hold_and_requeue_during_delivery() {
    let spool = Spool::new();
    let queue = spool.open();
    let held = commit(&queue, "a@example.com", b"text").await.unwrap();
    let message = arrival(&queue).await.unwrap();
    assert_eq!(queue.hold(&Which::Id(held), &[]).await.unwrap(), [held]);
    queue.mark_done(held, 0);
    assert!(queue.defer(&message, SystemTime::now(), Vec::new()).await.unwrap());
    assert_eq!(queue.due(SystemTime::now(), 9), [], "held, and due");
    let kept = queue.read(held).await.unwrap().unwrap();
    assert_eq!((kept.0, kept.1.remaining().collect::<Vec<_>>()), (QueueName::Hold, vec![1]));

    let again = commit(&queue, "b@example.com", b"text").await.unwrap();
    let message = arrival(&queue).await.unwrap();
    assert_eq!(queue.requeue(&Which::Id(again), &[]).await.unwrap(), [again]);
    assert!(arrival(&queue).await.is_none(), "delivered twice at the same time");
    let far = SystemTime::now() + Duration::from_secs(9999);
    assert!(queue.defer(&message, far, Vec::new()).await.unwrap());
    let message = arrival(&queue).await.expect("requeued mail is tried at once");
    assert_eq!((message.id, message.attempts), (again, 0));
}

#[tokio::test]
async fn requeue_forgets_attempts_and_keeps_marks() {
    let spool = Spool::new();
    let queue = spool.open();
    let id = commit(&queue, "a@example.com", b"text").await.unwrap();
    let message = arrival(&queue).await.unwrap();
    queue.mark_done(id, 0);
    queue.defer(&message, SystemTime::now() + Duration::from_secs(600), Vec::new()).await.unwrap();
    assert_eq!(queue.requeue(&Which::All, &[]).await.unwrap(), [id]);
    assert_eq!(spool.files("incoming").len(), 1);
    for queue in [&queue, &spool.killed().open()] {
        let message = arrival(queue).await.expect("it arrives again");
        assert_eq!((message.attempts, message.remaining().collect::<Vec<_>>()), (0, vec![1]));
    }
}

#[tokio::test]
async fn expiry_is_kept_wherever_the_message_lies() {
    let spool = Spool::new();
    let queue = spool.open();
    let waiting = deferred(&queue, "d@example.com").await;
    let fresh = commit(&queue, "i@example.com", b"incoming").await.unwrap();
    assert_eq!(queue.expire(&Which::All, &[]).await.unwrap().len(), 2);
    tokio::time::sleep(Duration::from_millis(50)).await;
    for queue in [&queue, &spool.killed().open()] {
        assert!(queue.list().await.unwrap().iter().all(|m| m.force_expire));
        queue.flush(&Which::All, SystemTime::now());
        assert!(queue.load(waiting).await.unwrap().unwrap().force_expire);
        let message = arrival(queue).await.unwrap();
        assert_eq!((message.id, message.force_expire), (fresh, true));
    }
}

#[tokio::test]
async fn flush_makes_deferred_mail_due() {
    let spool = Spool::new();
    let queue = spool.open();
    let (one, two) = (deferred(&queue, "1@example.com").await, deferred(&queue, "2@example.com").await);
    let now = SystemTime::now();
    assert_eq!(queue.due(now, 9), []);
    assert!(queue.next_due().unwrap() > now);
    assert_eq!(queue.flush(&Which::Id(two), now), 1);
    tokio::time::timeout(Duration::from_secs(1), queue.due_changed()).await.expect("nobody is told of the flush");
    assert_eq!(queue.due(now, 9), [two]);
    assert_eq!(queue.flush(&Which::All, now), 2);
    assert_eq!(queue.due(now, 9).len(), 2);
    assert!(queue.load(one).await.unwrap().is_some());
    assert!(queue.load(one).await.unwrap().is_none(), "taken twice");
    assert_eq!(queue.flush(&Which::Id("ABCDEF123456".parse().unwrap()), now), 0);
}

#[tokio::test]
async fn listing_with_and_without_a_server() {
    let spool = Spool::new();
    let queue = spool.open();
    let waiting = deferred(&queue, "d@example.com").await;
    let active = commit(&queue, "a@example.com", b"active").await.unwrap();
    arrival(&queue).await.unwrap();
    queue.mark_done(active, 0);
    let incoming = commit(&queue, "i@example.com", b"incoming").await.unwrap();
    let listed = queue.list().await.unwrap();
    let short: Vec<_> = listed.iter().map(|m| (m.queue, m.id, m.size, m.recipients.len())).collect();
    let expected = [
        (QueueName::Active, active, 6, 1),
        (QueueName::Incoming, incoming, 8, 2),
        (QueueName::Deferred, waiting, 13, 2),
    ];
    assert_eq!(short, expected);
    let reasons: Vec<_> =
        listed[2].recipients.iter().map(|r| (&*r.address, r.reason.as_ref().map(|r| &*r.text))).collect();
    assert_eq!(reasons, [("one@example.com", None), ("two@example.com", Some("try later"))]);
    queue.close().await.unwrap();
    drop(queue);
    let offline = offline::list(spool.path()).unwrap();
    let short: Vec<_> = offline.iter().map(|m| (m.queue, m.id, m.size, m.recipients.len())).collect();
    let mut expected = vec![(QueueName::Incoming, active, 6, 1), (QueueName::Incoming, incoming, 8, 2)];
    expected.sort_by_key(|m| m.1);
    expected.push((QueueName::Deferred, waiting, 13, 2));
    assert_eq!(short, expected);
    for (id, content) in [(active, "active"), (waiting, "deferred text")] {
        let (_, message) = offline::read(spool.path(), id).unwrap().expect("it is there");
        assert_eq!(text(&message), content.as_bytes());
    }
}

// Not within a runtime: the commands bring their own.
#[test]
fn commands_without_a_server() {
    let spool = Spool::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (one, two) = runtime.block_on(async {
        let queue = spool.open();
        let one = deferred(&queue, "1@example.com").await;
        let two = commit(&queue, "2@example.com", b"two").await.unwrap();
        let held = offline::hold(spool.settings(), &Which::Id(one), &[]);
        assert!(matches!(held, Err(queue::QueueError::InUse(_))), "changed behind the server's back");
        queue.close().await.unwrap();
        (one, two)
    });
    assert_eq!(offline::hold(spool.settings(), &Which::Id(one), &[]).unwrap(), [one]);
    assert_eq!(spool.files("hold").len(), 1);
    assert_eq!(offline::delete(spool.settings(), &Which::Id(two), &[]).unwrap(), [two]);
    assert_eq!(offline::delete(spool.settings(), &Which::Id(two), &[]).unwrap(), []);
    assert_eq!(offline::release(spool.settings(), &Which::All, SystemTime::now()).unwrap(), [one]);
    assert_eq!(offline::requeue(spool.settings(), &Which::Id(one), &[]).unwrap(), [one]);
    let listed = offline::list(spool.path()).unwrap();
    assert_eq!(listed.iter().map(|m| (m.queue, m.id)).collect::<Vec<_>>(), [(QueueName::Incoming, one)]);
}

#[tokio::test]
async fn maildrop_takes_dropped_mail_and_old_queue_files() {
    let spool = Spool::new();
    let queue = spool.open();
    let envelope = envelope("local@example.com", &["a@example.com"]);
    let name = maildrop::drop(spool.path(), &envelope, b"dropped", SystemTime::now(), &Numbers).unwrap();
    let id = commit(&queue, "d@example.com", b"restored").await.unwrap();
    let message = arrival(&queue).await.unwrap();
    queue.mark_done(id, 0);
    queue.defer(&message, SystemTime::now(), Vec::new()).await.unwrap();
    std::fs::rename(&spool.files("deferred")[0], spool.path().join("maildrop").join(id.as_str())).unwrap();
    std::fs::write(spool.path().join("maildrop/BAD000000001"), b"not a queue file").unwrap();
    std::fs::write(spool.path().join("maildrop/HALF00000001.tmp"), b"").unwrap();
    assert_eq!(offline::list(spool.path()).unwrap().iter().filter(|m| m.queue == QueueName::Maildrop).count(), 2);
    let mut taken = maildrop::take(spool.path(), 100, &log()).unwrap();
    taken.sort_by_key(|dropped| dropped.path().to_path_buf() != spool.path().join("maildrop").join(name.as_str()));
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert_eq!(taken[0].envelope, envelope);
    assert_eq!(taken[0].content.read(0, 100).unwrap(), "dropped");
    assert_eq!(taken[1].envelope.recipients.len(), 1, "a recipient that is done is sent to again");
    assert_eq!(taken[1].content.read(0, 100).unwrap(), "restored");
    for dropped in taken {
        dropped.remove().unwrap();
    }
    assert_eq!(maildrop::take(spool.path(), 100, &log()).unwrap().len(), 0);
    assert_eq!(spool.files("corrupt").len(), 1, "what is no queue file is put aside");
    assert!(queue.load(id).await.unwrap().is_none(), "moved away by hand");
}

#[tokio::test]
async fn directories_have_postfix_modes() {
    use std::os::unix::fs::PermissionsExt;
    let spool = Spool::new();
    spool.open();
    for (name, mode) in [("incoming", 0o700), ("maildrop", 0o1730), ("pid", 0o755), ("public", 0o710)] {
        let found = std::fs::metadata(spool.path().join(name)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(found, mode, "{name}: {found:o}");
    }
}
