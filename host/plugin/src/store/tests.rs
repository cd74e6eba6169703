use std::{sync::atomic::AtomicU64, time::SystemTime};

use hook::Store;

use super::*;

/// A clock the test moves.
#[derive(Default)]
struct Moved(AtomicU64);

impl Clock for Moved {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000 + self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

fn stores(home: &tempfile::TempDir) -> (Stores, Arc<Moved>) {
    let clock = Arc::new(Moved::default());
    (Stores::open(home.path(), clock.clone()).expect("a directory of our own"), clock)
}

#[test]
fn entries_live_as_long_as_they_should() {
    let home = tempfile::tempdir().expect("temporary directory");
    let (stores, clock) = stores(&home);
    stores.put("s", "short", b"1", 10).expect("put");
    stores.put("s", "long", b"2", 0).expect("put");
    assert_eq!(stores.get("s", "short"), Ok(Some(b"1".to_vec())));
    assert_eq!(stores.get("other", "short"), Ok(None), "stores are apart");
    clock.0.store(10, Ordering::Relaxed);
    assert_eq!(stores.get("s", "short"), Ok(None), "expired");
    assert_eq!(stores.get("s", "long"), Ok(Some(b"2".to_vec())));
    assert_eq!(stores.store("s").expect("open").purge(stores.0.now()).expect("purged"), 1);
    assert_eq!(stores.store("s").expect("open").purge(stores.0.now()).expect("purged"), 0);
}

#[test]
fn put_if_absent_and_add_are_atomic() {
    let home = tempfile::tempdir().expect("temporary directory");
    let (stores, clock) = stores(&home);
    let one_thread = &|n: u8| {
        for _ in 0..50 {
            stores.add("s", "count", 1, 60).expect("add");
        }
        usize::from(stores.put_if_absent("s", "first", &[n], 60).expect("put"))
    };
    let winners: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..4u8).map(|n| scope.spawn(move || one_thread(n))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(winners, 1);
    assert_eq!(stores.add("s", "count", 0, 60), Ok(200));
    clock.0.store(59, Ordering::Relaxed);
    assert_eq!(stores.add("s", "count", 1, 60), Ok(201), "the window began with the first add");
    clock.0.store(60, Ordering::Relaxed);
    assert_eq!(stores.add("s", "count", 1, 60), Ok(1), "and ended there");
    assert_eq!(stores.put_if_absent("s", "first", b"x", 60), Ok(true), "an expired entry is absent");
    stores.put("s", "text", b"no number", 0).expect("put");
    assert_eq!(stores.add("s", "text", 5, 0), Ok(5), "what is no number is replaced");
}

#[test]
fn entries_outlive_the_process() {
    let home = tempfile::tempdir().expect("temporary directory");
    let (stores_before, _) = stores(&home);
    stores_before.put("s", "key", b"value", 0).expect("put");
    drop(stores_before);
    let (stores_after, _) = stores(&home);
    assert_eq!(stores_after.get("s", "key"), Ok(Some(b"value".to_vec())));
    stores_after.remove("s", "key").expect("remove");
    assert_eq!(stores_after.get("s", "key"), Ok(None));
}

#[test]
fn limits_hold() {
    let home = tempfile::tempdir().expect("temporary directory");
    let (stores, _) = stores(&home);
    assert_eq!(stores.put("s", &"k".repeat(257), b"", 0), Err(StoreError::TooBig));
    assert_eq!(stores.put("s", "k", &[0; 65_537], 0), Err(StoreError::TooBig));
    assert_eq!(stores.put("s", &"k".repeat(256), &[0; 65_536], 0), Ok(()));
    for name in ["", "../x", ".x", "a/b", &"x".repeat(65)] {
        assert!(matches!(stores.put(name, "k", b"", 0), Err(StoreError::Unavailable(_))), "{name:?}");
    }
}
