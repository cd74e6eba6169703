//! What a commit promises, and what it says when the disk does not keep up.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, SystemTime},
};

use mail::Status;
use queue::{QueueError, QueueId, Reason};

use crate::support::*;

#[tokio::test]
async fn a_small_message_arrives_as_the_very_bytes_that_were_committed() {
    let spool = Spool::new();
    let queue = spool.open();
    let bytes = bytes::Bytes::from(vec![b'x'; 5000]);
    let id = queue.new_id(SystemTime::now());
    let mut writer = queue.create(id);
    writer.write_bytes(bytes.clone()).await.unwrap();
    writer.commit(envelope("alice@example.com", &["bob@example.org"])).await.unwrap();
    let message = arrival(&queue).await.expect("the message arrives");
    assert_eq!((message.id, &*message.envelope.sender), (id, "alice@example.com"));
    let hook::Content::Memory(content) = message.content else { panic!("content is not in memory") };
    assert_eq!(content.as_ptr(), bytes.as_ptr(), "the content was copied");
}

#[tokio::test]
async fn a_large_message_lies_in_incoming_only_when_committed() {
    let spool = Spool::new();
    let queue = spool.open();
    let piece = [b'y'; 60_000];
    let id = queue.new_id(SystemTime::now());
    let mut writer = queue.create(id);
    for _ in 0..20 {
        writer.write(&piece).await.unwrap();
    }
    assert_eq!(writer.content_so_far().len(), 1_200_000);
    assert_eq!(writer.size(), 1_200_000);
    writer.write(b"end").await.unwrap();
    let killed = spool.killed();
    assert_eq!(arrivals(&killed.open()).await.len(), 0, "received before it was committed");
    assert_eq!(killed.files("incoming").len(), 0, "a half written file stays");
    writer.commit(envelope("a@example.com", &["b@example.com"])).await.unwrap();
    for spool in [&spool.cut(), &spool.killed()] {
        let queue = spool.open();
        let found = arrivals(&queue).await;
        assert_eq!(found.iter().map(|m| m.id).collect::<Vec<_>>(), [id]);
        assert_eq!(text(&found[0]).len(), 1_200_003);
        assert_eq!(spool.files("incoming").len(), 1);
        queue.remove(id);
        queue.close().await.unwrap();
        assert_eq!(spool.files("incoming").len(), 0, "removed, and its file stays");
    }
}

#[tokio::test]
async fn a_dropped_writer_leaves_nothing() {
    let spool = Spool::new();
    let queue = spool.open();
    for size in [100, 1_000_000] {
        let mut writer = queue.create(queue.new_id(SystemTime::now()));
        writer.write(&vec![b'z'; size]).await.unwrap();
    }
    assert_eq!(spool.files("incoming").len(), 0);
    assert_eq!(arrivals(&queue).await.len(), 0);
}

#[tokio::test]
async fn content_can_be_taken_back_and_written_again() {
    let spool = Spool::new();
    let queue = spool.open();
    for size in [10, 1_000_000] {
        let mut writer = queue.create(queue.new_id(SystemTime::now()));
        writer.write(&vec![b'a'; size]).await.unwrap();
        let before = writer.take_content();
        assert_eq!(writer.size(), 0);
        writer.write(b"new ").await.unwrap();
        writer.write(&before.read(0, size).unwrap()).await.unwrap();
        writer.commit(envelope("a@example.com", &["b@example.com"])).await.unwrap();
        let message = arrival(&queue).await.expect("the edited message");
        assert_eq!(text(&message)[..5], *b"new a");
        assert_eq!(message.size(), size as u64 + 4);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_survives_a_power_cut_and_comes_once() {
    let spool = Spool::new();
    let queue = spool.open_with(|settings| settings.segment_limit = 200_000);
    let acknowledged: Arc<Mutex<HashMap<QueueId, String>>> = Arc::default();
    let finished: Arc<Mutex<HashSet<QueueId>>> = Arc::default();
    let writers = (0..16).map(|writer| {
        let (queue, acknowledged) = (queue.clone(), acknowledged.clone());
        tokio::spawn(async move {
            for number in 0..60 {
                let content =
                    format!("{writer}/{number} {}", "x".repeat(if number % 20 == 7 { 300_000 } else { 3000 }));
                let id = commit(&queue, "a@example.com", content.as_bytes()).await.unwrap();
                acknowledged.lock().unwrap().insert(id, content);
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let manager = {
        let (queue, finished) = (queue.clone(), finished.clone());
        tokio::spawn(async move {
            for number in 0.. {
                let message = queue.next_arrival().await;
                match number % 4 {
                    0 => {
                        // Noted before it is said: what is in `finished` may or may not come again.
                        finished.lock().unwrap().insert(message.id);
                        queue.remove(message.id);
                    }
                    1 => {
                        let reason = Reason::new(Status::temporary(4, 1), "no");
                        assert!(queue.defer(&message, SystemTime::now(), vec![(0, reason)]).await.unwrap());
                    }
                    2 => queue.mark_done(message.id, 1),
                    _ => {}
                }
            }
        })
    };
    for cut in 0..6 {
        tokio::time::sleep(Duration::from_millis(40)).await;
        let before = acknowledged.lock().unwrap().clone();
        let copy = spool.cut();
        let gone_after = finished.lock().unwrap().clone();
        let found = everything(&copy).await;
        for (id, content) in &before {
            match found.get(id) {
                Some(text) => assert!(text == content.as_bytes(), "cut {cut}: {id} has other content"),
                None => assert!(gone_after.contains(id), "cut {cut}: {id} is lost"),
            }
        }
        assert_eq!(copy.files("corrupt").len(), 0, "cut {cut}");
    }
    for writer in writers {
        writer.await.unwrap();
    }
    manager.abort();
}

/// Content of all messages, each of which must be found once.
async fn everything(spool: &Spool) -> HashMap<QueueId, Vec<u8>> {
    let queue = spool.open();
    let mut found = HashMap::new();
    for message in arrivals(&queue).await {
        assert!(found.insert(message.id, text(&message)).is_none(), "{} came twice", message.id);
    }
    for id in queue.due(SystemTime::now() + Duration::from_secs(1000), usize::MAX) {
        let message = queue.load(id).await.unwrap().expect("a deferred message loads");
        assert!(found.insert(id, text(&message)).is_none(), "{id} is deferred and an arrival");
    }
    found
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_leaves_nothing_half_done() {
    for (code, some) in [(28, 0), (28, 1000), (122, 0), (5, 3), (5, 4100)] {
        let spool = Spool::new();
        let queue = spool.open();
        let first = commit(&queue, "first@example.com", &[b'1'; 4096]).await.unwrap();
        spool.disk.write_before_failing.store(some, Ordering::SeqCst);
        *spool.disk.fail_write.lock().unwrap() = Some(code);
        let error = commit(&queue, "refused@example.com", &[b'2'; 4096]).await.unwrap_err();
        assert_eq!(error.is_full(), code != 5, "{error}");
        let error = commit(&queue, "refused@example.com", &[b'2'; 400_000]).await.unwrap_err();
        assert!(matches!(error, QueueError::Storage { .. }), "{error}");
        assert_eq!(spool.files("incoming").len(), 0, "error {code}");
        *spool.disk.fail_write.lock().unwrap() = None;
        let second = commit(&queue, "second@example.com", &[b'3'; 4096]).await.unwrap();
        let copy = spool.cut();
        for queue in [&queue, &copy.open()] {
            let ids: Vec<_> = arrivals(queue).await.iter().map(|m| m.id).collect();
            assert_eq!(ids, [first, second], "error {code} after {some} bytes");
        }
        assert_eq!(copy.files("corrupt").len(), 0, "error {code} after {some} bytes");
    }
}

#[tokio::test]
async fn no_more_files_is_an_error_too() {
    let spool = Spool::new();
    let queue = spool.open();
    *spool.disk.fail_create.lock().unwrap() = Some(24);
    for size in [10, 400_000] {
        let error = commit(&queue, "refused@example.com", &vec![b'2'; size]).await.unwrap_err();
        assert!(matches!(error, QueueError::Storage { action: "create file", .. }), "{error}");
    }
    *spool.disk.fail_create.lock().unwrap() = None;
    commit(&queue, "accepted@example.com", b"x").await.unwrap();
    assert_eq!(arrivals(&queue).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_fsync_refuses_everyone_and_is_never_asked_again() {
    let spool = Spool::new();
    let queue = spool.open();
    let before = commit(&queue, "before@example.com", b"before").await.unwrap();
    let segment = spool.files("journal");
    spool.disk.fail_sync.store(true, Ordering::SeqCst);
    let attempts: Vec<_> = (0..8)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { commit(&queue, "refused@example.com", b"refused").await })
        })
        .collect();
    for attempt in attempts {
        let error = attempt.await.unwrap().unwrap_err();
        assert!(matches!(error, QueueError::Storage { action: "fdatasync" | "write", .. }), "{error}");
    }
    commit(&queue, "refused@example.com", &vec![b'x'; 400_000]).await.unwrap_err();
    spool.disk.fail_sync.store(false, Ordering::SeqCst);
    let after = commit(&queue, "after@example.com", b"after").await.unwrap();
    assert!(spool.files("journal").len() > segment.len(), "the segment that failed is still used");
    let (killed, cut) = (spool.killed(), spool.cut());
    for queue in [queue, killed.open(), cut.open()] {
        let ids: Vec<_> = arrivals(&queue).await.iter().map(|m| m.id).collect();
        assert_eq!(ids, [before, after]);
    }
}

#[tokio::test]
async fn a_failed_fsync_puts_off_no_deferral_as_done() {
    let spool = Spool::new();
    let queue = spool.open();
    let id = commit(&queue, "a@example.com", b"text").await.unwrap();
    let message = arrival(&queue).await.unwrap();
    spool.disk.fail_sync.store(true, Ordering::SeqCst);
    queue.defer(&message, SystemTime::now(), Vec::new()).await.unwrap_err();
    assert_eq!(spool.files("deferred").len(), 0, "a file that is not durable stays");
    spool.disk.fail_sync.store(false, Ordering::SeqCst);
    assert!(queue.defer(&message, SystemTime::now(), Vec::new()).await.unwrap(), "it is still in hand");
    assert_eq!(queue.due(SystemTime::now(), 9), [id]);
}

#[tokio::test]
async fn a_second_message_of_one_id_is_refused() {
    let spool = Spool::new();
    let queue = spool.open();
    let id = commit(&queue, "a@example.com", b"text").await.unwrap();
    let mut writer = queue.create(id);
    writer.write(b"other").await.unwrap();
    let error = writer.commit(envelope("b@example.com", &[])).await.unwrap_err();
    assert!(matches!(error, QueueError::DuplicateId(found) if found == id), "{error}");
}

#[tokio::test]
async fn memory_is_bounded_and_the_rest_waits_on_disk() {
    let spool = Spool::new();
    let queue = spool.open_with(|s| (s.active_limit, s.memory_limit, s.journal_message_limit) = (3, 10_000, 8_000));
    let mut ids = Vec::new();
    for number in 0..10u8 {
        ids.push(commit(&queue, "a@example.com", &[number; 4000]).await.unwrap());
    }
    let mut in_hand = arrivals(&queue).await;
    assert_eq!(in_hand.len(), 3, "more than qmgr_message_active_limit in hand");
    let mut seen = Vec::new();
    while let Some(message) = in_hand.pop() {
        assert_eq!(text(&message)[..], [text(&message)[0]; 4000]);
        seen.push(message.id);
        queue.remove(message.id);
        if let Some(next) = arrival(&queue).await {
            in_hand.insert(0, next);
        }
    }
    seen.sort();
    ids.sort();
    assert_eq!(seen, ids);
}
