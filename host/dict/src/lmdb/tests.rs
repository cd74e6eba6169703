//! Files that Debian's postmap makes, and ones that are damaged.

use super::*;
use crate::{
    postmap::{Writing, delete, write},
    test_environment::{debian_postmap, environment, now, writing},
};

/// Written by LMDB; small and large enough for branch pages, with one value on pages of its own.
fn made(count: usize) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("table").display().to_string();
    let mut text: String = (0..count).map(|n| format!("key{n} value {n}\n")).collect();
    text += &format!("big {}\n", "x".repeat(20_000));
    write("lmdb", &path, &path, text.as_bytes(), &writing().0).expect("written");
    (directory, path)
}

#[test]
fn what_lmdb_writes_is_read() {
    for count in [0, 1, 5_000] {
        let (_directory, path) = made(count);
        let table = LmdbTable::open("lmdb:t", &path, &environment(true).0).expect("opens");
        for n in 0..count {
            assert_eq!(now(table.lookup(&format!("key{n}"))), Ok(Some(format!("value {n}"))), "{count} entries");
        }
        assert_eq!(now(table.lookup("big")).map(|value| value.map(|value| value.len())), Ok(Some(20_000)));
        assert_eq!(now(table.lookup("key")), Ok(None));
        assert_eq!(table.entries().map(|entries| entries.len()), Some(count + 1));
    }
}

#[test]
fn a_damaged_file_is_an_error_and_no_more() {
    let (_directory, path) = made(300);
    let whole = std::fs::read(format!("{path}.lmdb")).unwrap();
    for size in (1..whole.len()).step_by(997) {
        if let Ok(entries) = entries(&whole[..size]) {
            assert!(entries.len() <= 301, "cut to {size}");
        }
    }
    // Any byte may be anything: no panic, no endless walk.
    for at in (0..whole.len().min(20_000)).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        let _ = entries(&damaged);
    }
    assert!(entries(b"hello, this is a text file and none of LMDB").is_err());
}

#[test]
fn a_broken_change_fails_lookups_and_is_no_absence() {
    let (_directory, path) = made(1);
    let table = LmdbTable::open("lmdb:t", &path, &environment(true).0).expect("opens");
    std::fs::write(format!("{path}.lmdb"), b"copied half").unwrap();
    assert!(matches!(now(table.lookup("key0")), Err(TableError::Temporary(text)) if text.contains("damaged")));
    assert!(LmdbTable::open("lmdb:t", &path, &environment(true).0).is_err(), "it does not open like that");
}

#[test]
fn entries_are_added_replaced_and_deleted() {
    let (_directory, path) = made(3);
    let title = format!("lmdb:{path}");
    let mut opener = crate::Opener::new(environment(true).0);
    let (add, warnings) = writing();
    let add = Writing { incremental: true, ..add };
    write("lmdb", &path, "stdin", b"key1 other\nNew one\n", &add).expect("added");
    assert_eq!(*warnings.lock().unwrap(), [format!("{title}: duplicate entry: \"key1\"")]);
    let replace = Writing { duplicates: crate::Duplicates::Replace, ..add };
    write("lmdb", &path, "stdin", b"key2 other\n", &replace).expect("replaced");
    assert!(delete(&mut opener, &title, "KEY0", true, 1 << 20).expect("deleted"));
    assert!(!delete(&mut opener, &title, "KEY0", true, 1 << 20).expect("nothing there"));
    let table = LmdbTable::open("lmdb:t", &path, &environment(true).0).expect("opens");
    let value = |key: &str| now(table.lookup(key)).expect("no error");
    assert_eq!(value("key0"), None);
    assert_eq!(value("key1").as_deref(), Some("value 1"), "the first counts");
    assert_eq!(value("key2").as_deref(), Some("other"));
    assert_eq!(value("new").as_deref(), Some("one"));
}

#[test]
fn a_table_grows_beyond_lmdb_map_size() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("table").display().to_string();
    let text: String = (0..20_000).map(|n| format!("key{n} {}\n", "v".repeat(100))).collect();
    let small = Writing { lmdb_map_size: 8192, ..writing().0 };
    write("lmdb", &path, &path, text.as_bytes(), &small).expect("it grows");
    let table = LmdbTable::open("lmdb:t", &path, &environment(true).0).expect("opens");
    assert_eq!(table.entries().map(|entries| entries.len()), Some(20_000));
}

#[test]
fn debians_postmap_and_ours_read_each_others_files() {
    let text = "a 1\nB 2\na dup\n\"q q\" 3\nbig xxxxxxxxxx\n\u{e9} 4\n";
    for null in ["", "-N", "-n"] {
        let Some(postmap) = debian_postmap("lmdb", text) else { return };
        let (ours, warnings) = writing();
        let ours = Writing {
            null: [None, Some(true), Some(false)][["", "-N", "-n"].iter().position(|n| *n == null).unwrap()],
            ..ours
        };
        // Theirs, read by us.
        let (_, said) = postmap
            .run(&[null, &postmap.title].map(str::to_string).into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>());
        let path = postmap.path();
        let table = LmdbTable::open("lmdb:t", &path, &environment(true).0).expect("opens");
        let theirs = table.entries().expect("a list");
        assert_eq!(theirs.len(), 5, "{theirs:?}");
        assert_eq!(now(table.lookup("b")), Ok(Some("2".to_string())));
        // Ours, read by them.
        std::fs::remove_file(format!("{path}.lmdb")).unwrap();
        write("lmdb", &path, &path, text.as_bytes(), &ours).expect("written");
        assert_eq!(*warnings.lock().unwrap(), said, "warnings");
        let listed = postmap.run(&["-s".to_string(), postmap.title.clone()]).0;
        let expected: String = theirs.iter().map(|(key, value)| format!("{key}\t{value}\n")).collect();
        assert_eq!(listed, expected, "{null}");
        let asked = postmap.run(&["-q".to_string(), "\"q q\"".to_string(), postmap.title.clone()]).0;
        assert_eq!(asked, "3\n", "{null}");
    }
}
