//! What a start finds after a crash, after damage, and after an administrator's hand.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use mail::Status;
use queue::{Queue, QueueError, QueueId, QueueName, Reason};

use crate::support::*;

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

async fn ids(spool: &Spool) -> Vec<QueueId> {
    arrivals(&spool.open()).await.iter().map(|m| m.id).collect()
}

/// A spool as left by kill -9 with one segment of three messages; the segment and the ids.
async fn three_messages() -> (Spool, PathBuf, Vec<QueueId>) {
    let spool = Spool::new();
    let queue = spool.open();
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(commit(&queue, "a@example.com", text.as_bytes()).await.unwrap());
    }
    let killed = spool.killed();
    let segment = killed.files("journal").remove(0);
    (killed, segment, ids)
}

/// Where the records of a segment start, by its marker.
fn records(segment: &Path) -> Vec<usize> {
    let bytes = std::fs::read(segment).unwrap();
    let marker = bytes[..8].to_vec();
    (0..bytes.len().saturating_sub(8)).filter(|&at| bytes[at..at + 8] == marker[..]).collect()
}

#[tokio::test]
async fn a_restart_finds_every_message_once_with_its_marks() {
    let spool = Spool::new();
    let queue = spool.open();
    let a = commit(&queue, "a@example.com", b"first").await.unwrap();
    let b = commit(&queue, "b@example.com", b"second").await.unwrap();
    let c = commit(&queue, "c@example.com", b"third").await.unwrap();
    let taken = arrivals(&queue).await;
    queue.mark_done(a, 1);
    queue.remove(b);
    let next = later();
    let reason = Reason::new(Status::temporary(4, 1), "connect to mx[192.0.2.1]:25: Connection refused");
    assert!(queue.defer(&taken[2], next, vec![(0, reason.clone())]).await.unwrap());
    // Notes are written, though not synced, within milliseconds.
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..2 {
        let killed = spool.killed();
        let queue = killed.open();
        let found = arrivals(&queue).await;
        assert_eq!(found.iter().map(|m| m.id).collect::<Vec<_>>(), [a]);
        assert_eq!(found[0].remaining().collect::<Vec<_>>(), [0], "the mark is lost");
        assert_eq!(queue.due(SystemTime::now(), 9), [], "due too early");
        assert_eq!(queue.due(next + Duration::from_secs(1), 9), [c]);
        let deferred = queue.load(c).await.unwrap().unwrap();
        assert_eq!((deferred.attempts, deferred.recipients[0].reason.as_ref()), (1, Some(&reason)));
        assert_eq!(text(&deferred), b"third");
    }
}

#[tokio::test]
async fn marks_of_a_deferred_message_survive_too() {
    let spool = Spool::new();
    let queue = spool.open_with(|s| s.segment_limit = 1);
    let id = commit(&queue, "a@example.com", b"text").await.unwrap();
    let message = arrival(&queue).await.unwrap();
    queue.defer(&message, SystemTime::now(), Vec::new()).await.unwrap();
    queue.load(id).await.unwrap().unwrap();
    queue.mark_done(id, 0);
    tokio::time::sleep(Duration::from_millis(50)).await;
    // Other mail comes and goes, and segments with it.
    for _ in 0..5 {
        let other = commit(&queue, "b@example.com", b"other").await.unwrap();
        queue.remove(other);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let killed = spool.killed();
    let restarted = killed.open();
    assert_eq!(restarted.due(SystemTime::now(), 9), [id]);
    let found = restarted.load(id).await.unwrap().unwrap();
    assert_eq!(found.remaining().collect::<Vec<_>>(), [1], "delivered twice after a crash");
    // And when it is deferred again the mark is in the file, and its segments may go.
    let found = queue.read(id).await.unwrap().unwrap().1;
    assert!(queue.defer(&found, SystemTime::now(), Vec::new()).await.unwrap());
    queue.close().await.unwrap();
    drop(queue);
    assert_eq!(spool.files("journal"), Vec::<PathBuf>::new(), "segments stay though nothing is in them");
    let found = spool.open().load(id).await.unwrap().unwrap();
    assert_eq!(found.remaining().collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_journal_cut_anywhere_in_its_last_record_loses_nothing_else() {
    let (spool, segment, all) = three_messages().await;
    let whole = std::fs::read(&segment).unwrap();
    let last = *records(&segment).last().unwrap();
    for length in last..whole.len() {
        std::fs::write(&segment, &whole[..length]).unwrap();
        assert_eq!(ids_quickly(&spool).await, all[..2], "cut to {length} of {} bytes", whole.len());
        assert_eq!(
            spool.files("corrupt").len(),
            0,
            "cut to {length} of {} bytes: a torn write is no damage",
            whole.len()
        );
        spool.files("journal").iter().for_each(|path| std::fs::remove_file(path).unwrap());
    }
}

/// The arrivals without waiting for more than there are.
async fn ids_quickly(spool: &Spool) -> Vec<QueueId> {
    let queue = spool.open();
    let count = queue.list().await.unwrap().len();
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(queue.next_arrival().await.id);
    }
    ids
}

#[tokio::test]
async fn damage_in_the_middle_is_put_aside_and_the_rest_is_found() {
    let (spool, segment, all) = three_messages().await;
    let whole = std::fs::read(&segment).unwrap();
    let starts = records(&segment);
    // Segment record, then the messages: the second message.
    let (from, to) = (starts[2], starts[3]);
    for at in from..to {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        std::fs::write(&segment, &bytes).unwrap();
        assert_eq!(ids_quickly(&spool).await, [all[0], all[2]], "flipped a bit of byte {at}");
        let saved = spool.files("corrupt");
        assert_eq!(saved.len(), 1, "flipped a bit of byte {at}");
        assert_eq!(std::fs::read(&saved[0]).unwrap(), bytes[from..to], "the damaged bytes are kept");
        ids_quickly(&spool).await;
        assert_eq!(spool.files("corrupt").len(), 1, "saved again at the next start");
        std::fs::remove_file(&saved[0]).unwrap();
        spool.files("journal").iter().for_each(|path| std::fs::remove_file(path).unwrap());
    }
}

#[tokio::test]
async fn a_damaged_end_is_kept_too() {
    let (spool, segment, all) = three_messages().await;
    let mut bytes = std::fs::read(&segment).unwrap();
    let (last, length) = (*records(&segment).last().unwrap(), bytes.len());
    // Complete, so it may have been acknowledged.
    bytes[length - 1] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    assert_eq!(ids(&spool).await, all[..2]);
    assert_eq!(std::fs::read(&spool.files("corrupt")[0]).unwrap(), bytes[last..]);
    // A length that points past the end is damage, not a torn write.
    let (spool, segment, all) = three_messages().await;
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[*records(&segment).last().unwrap() + 14] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    assert_eq!(ids(&spool).await, all[..2]);
    assert_eq!(spool.files("corrupt").len(), 1);
}

#[tokio::test]
async fn an_older_segment_that_is_cut_short_is_damage() {
    let (spool, segment, all) = three_messages().await;
    // A later segment, as after a restart.
    std::fs::write(segment.parent().unwrap().join("0000000099-00000000000000ff"), b"").unwrap();
    let length = std::fs::metadata(&segment).unwrap().len();
    std::fs::File::options().write(true).open(&segment).unwrap().set_len(length - 1).unwrap();
    assert_eq!(ids(&spool).await, all[..2]);
    assert_eq!(spool.files("corrupt").len(), 1);
}

#[tokio::test]
async fn what_a_client_sends_is_never_read_as_a_record() {
    let (spool, segment, all) = three_messages().await;
    let old = std::fs::read(&segment).unwrap();
    let message = old[records(&segment)[1]..records(&segment)[2]].to_vec();
    let queue = spool.open();
    arrivals(&queue).await;
    let id = commit(&queue, "evil@example.com", &message).await.unwrap();
    let killed = spool.killed();
    let segment = killed.files("journal").pop().unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    // The header of the record that holds a whole record of another segment.
    bytes[records(&segment)[1] + 16] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let mut found = ids(&killed).await;
    found.sort();
    let mut expected = all.clone();
    expected.sort();
    assert_eq!(found, expected, "{id} must be put aside whole");
}

#[tokio::test]
async fn corrupt_queue_files_are_put_aside() {
    let spool = Spool::new();
    let queue = spool.open();
    let mut deferred = Vec::new();
    for _ in 0..4 {
        deferred.push(commit(&queue, "a@example.com", b"some text of a message").await.unwrap());
        let message = arrival(&queue).await.unwrap();
        queue.defer(&message, SystemTime::now(), Vec::new()).await.unwrap();
    }
    let path = |id: QueueId| spool.path().join("deferred").join(&id.as_str()[..1]).join(id.as_str());
    let bytes = std::fs::read(path(deferred[0])).unwrap();
    std::fs::write(path(deferred[0]), b"").unwrap();
    std::fs::write(path(deferred[1]), &bytes[..90]).unwrap();
    let mut flipped = std::fs::read(path(deferred[2])).unwrap();
    flipped[70] ^= 1;
    std::fs::write(path(deferred[2]), &flipped).unwrap();
    assert_eq!(queue.due(SystemTime::now(), 9).len(), 4);
    for (at, &id) in deferred.iter().enumerate() {
        let loaded = queue.load(id).await.unwrap();
        assert_eq!(loaded.is_some(), at == 3, "message {at}");
    }
    let saved: HashSet<_> =
        spool.files("corrupt").iter().map(|p| p.file_name().unwrap().to_str().unwrap().to_string()).collect();
    assert_eq!(saved, deferred[..3].iter().map(QueueId::to_string).collect());
    assert_eq!(queue.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn files_that_an_administrator_removed_or_added_are_taken_as_such() {
    let spool = Spool::new();
    let queue = spool.open();
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(commit(&queue, "a@example.com", b"text").await.unwrap());
        let message = arrival(&queue).await.unwrap();
        queue.defer(&message, SystemTime::now(), Vec::new()).await.unwrap();
    }
    let path = |id: QueueId| spool.path().join("deferred").join(&id.as_str()[..1]).join(id.as_str());
    std::fs::remove_file(path(all[0])).unwrap();
    assert!(queue.load(all[0]).await.unwrap().is_none(), "removed by hand");
    std::fs::remove_file(path(all[1])).unwrap();
    std::fs::copy(path(all[2]), spool.path().join("hold/ABCDEF123456")).unwrap();
    queue.rescan().await.unwrap();
    let listed: Vec<_> = queue.list().await.unwrap().into_iter().map(|m| (m.queue, m.id.to_string())).collect();
    let expected = [(QueueName::Deferred, all[2].to_string()), (QueueName::Hold, "ABCDEF123456".to_string())];
    assert_eq!(listed, expected);
    // In hand when it vanishes.
    let message = queue.load(all[2]).await.unwrap().unwrap();
    std::fs::remove_file(path(all[2])).unwrap();
    assert!(!queue.defer(&message, SystemTime::now(), Vec::new()).await.unwrap(), "removed by hand while in hand");
}

#[tokio::test]
async fn other_hash_depth_moves_the_files() {
    let spool = Spool::new();
    let queue = spool.open();
    let id = commit(&queue, "a@example.com", b"text").await.unwrap();
    let message = arrival(&queue).await.unwrap();
    queue.defer(&message, SystemTime::now(), Vec::new()).await.unwrap();
    drop(queue);
    let queue = spool.open_with(|s| s.hash_depth = 2);
    let name = id.as_str();
    assert_eq!(spool.files("deferred"), [spool.path().join("deferred").join(&name[..1]).join(&name[1..2]).join(name)]);
    assert!(queue.load(id).await.unwrap().is_some());
}

#[tokio::test]
async fn one_process_only_and_the_lock_ends_with_it() {
    let spool = Spool::new();
    let queue = spool.open();
    let second = Queue::open(spool.settings(), log());
    assert!(matches!(second, Err(QueueError::InUse(_))), "two servers on one queue");
    drop(queue);
    spool.open();
}

#[tokio::test]
async fn a_newer_journal_is_refused_and_left_alone() {
    let (spool, segment, _) = three_messages().await;
    let mut bytes = std::fs::read(&segment).unwrap();
    // The segment record: version 2, with its checksum made good.
    bytes[20] = 2;
    let mut crc = crc32fast::Hasher::new();
    crc.update(&bytes[8..16]);
    crc.update(&bytes[20..21]);
    bytes[16..20].copy_from_slice(&crc.finalize().to_le_bytes());
    std::fs::write(&segment, &bytes).unwrap();
    let refused = Queue::open(spool.settings(), log()).err().expect("a newer journal was opened");
    assert!(matches!(refused, QueueError::NewerFormat { found: 2, known: 1, .. }), "{refused}");
    assert_eq!(std::fs::read(&segment).unwrap(), bytes);
}

#[tokio::test]
async fn segments_go_when_their_messages_do() {
    let spool = Spool::new();
    let queue = spool.open_with(|s| s.segment_limit = 10_000);
    for _ in 0..50 {
        let id = commit(&queue, "a@example.com", &[b'x'; 2000]).await.unwrap();
        arrival(&queue).await.unwrap();
        queue.remove(id);
    }
    queue.close().await.unwrap();
    assert_eq!(spool.files("journal"), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_message_that_stays_in_hand_does_not_keep_the_journal_growing() {
    let spool = Spool::new();
    let queue = spool.open_with(|s| (s.segment_limit, s.segment_count_limit) = (10_000, 3));
    let slow = commit(&queue, "slow@example.com", b"slow").await.unwrap();
    arrival(&queue).await.unwrap();
    queue.mark_done(slow, 0);
    for _ in 0..100 {
        let id = commit(&queue, "a@example.com", &[b'x'; 2000]).await.unwrap();
        arrival(&queue).await.unwrap();
        queue.remove(id);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let segments = spool.files("journal").len();
    assert!(segments <= 5, "{segments} segments");
    let found = arrivals(&spool.killed().open()).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].remaining().collect::<Vec<_>>()), (slow, vec![1]));
    queue.remove(slow);
    queue.close().await.unwrap();
    assert_eq!(spool.files("incoming").len(), 0);
}

#[tokio::test]
async fn ids_are_not_given_out_again_after_a_restart() {
    for long in [false, true] {
        let spool = Spool::new();
        let now = SystemTime::now();
        let mut seen = HashSet::new();
        for _ in 0..5 {
            let queue = spool.open_with(|s| s.long_ids = long);
            for _ in 0..2000 {
                let id = queue.new_id(now);
                assert_eq!(id.is_long(), long);
                assert!(seen.insert(id), "{id} was given out before");
            }
        }
    }
}

#[tokio::test]
async fn many_deferred_messages_do_not_slow_a_start() {
    let spool = Spool::new();
    let queue = spool.open();
    let id = commit(&queue, "a@example.com", b"text").await.unwrap();
    let message = arrival(&queue).await.unwrap();
    queue.defer(&message, later(), Vec::new()).await.unwrap();
    drop(queue);
    let source = spool.path().join("deferred").join(&id.as_str()[..1]).join(id.as_str());
    for number in 0..10_000 {
        let name = format!("{:X}{number:06X}", 0x12345);
        std::fs::create_dir_all(spool.path().join("deferred/1")).unwrap();
        std::fs::hard_link(&source, spool.path().join("deferred/1").join(name)).unwrap();
    }
    let start = Instant::now();
    let queue = spool.open();
    let took = start.elapsed();
    assert_eq!(queue.due(later() + Duration::from_secs(10), usize::MAX).len(), 10_001);
    assert_eq!(queue.due(SystemTime::now(), usize::MAX).len(), 0, "next attempts are forgotten");
    assert!(took < Duration::from_secs(3), "{took:?}");
}
