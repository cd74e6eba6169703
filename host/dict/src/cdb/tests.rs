//! Files that Debian's postmap and tinycdb make, and ones that are damaged.

use super::*;
use crate::{
    postmap::{Writing, write},
    test_environment::{debian_postmap, environment, now, writing},
};

fn made(count: usize, null: Option<bool>) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("table").display().to_string();
    let text: String = (0..count).map(|n| format!("key{n} value {n}\n")).collect();
    write("cdb", &path, &path, text.as_bytes(), &Writing { null, ..writing().0 }).expect("written");
    (directory, path)
}

#[test]
fn what_is_written_is_read() {
    for (count, null) in [(0, None), (1, Some(true)), (3_000, Some(false)), (3_000, Some(true))] {
        let (_directory, path) = made(count, null);
        let table = CdbTable::open("cdb:t", &path, &environment(true).0).expect("opens");
        for n in 0..count {
            assert_eq!(now(table.lookup(&format!("key{n}"))), Ok(Some(format!("value {n}"))), "{count} entries");
        }
        assert_eq!(now(table.lookup("key")), Ok(None));
    }
}

#[test]
fn a_damaged_file_is_an_error_and_no_more() {
    let (_directory, path) = made(50, None);
    let whole = std::fs::read(format!("{path}.cdb")).unwrap();
    for size in 0..whole.len() {
        for n in [0, 17, 49] {
            let key = format!("key{n}");
            assert_ne!(find(&whole[..size], key.as_bytes()), Ok(Some(&b"other"[..])));
        }
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        let _ = find(&damaged, b"key17");
    }
    std::fs::write(format!("{path}.cdb"), &whole[..100]).unwrap();
    let table = CdbTable::open("cdb:t", &path, &environment(true).0).expect("opens");
    let errors = (0..50).filter(|n| now(table.lookup(&format!("key{n}"))).is_err()).count();
    assert!(errors > 40, "{errors} of 50 lookups failed");
}

#[test]
fn debians_postmap_and_ours_make_the_same_file() {
    let text = "a 1\nB 2\na dup\n\"q q\" 3\nc: 5\n\u{e9} 4\n";
    for null in ["", "-N", "-n"] {
        let Some(postmap) = debian_postmap("cdb", text) else { return };
        let (ours, warnings) = writing();
        let ours = Writing {
            null: [None, Some(true), Some(false)][["", "-N", "-n"].iter().position(|n| *n == null).unwrap()],
            ..ours
        };
        let (_, said) = postmap
            .run(&[null, &postmap.title].map(str::to_string).into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>());
        let path = postmap.path();
        let theirs = std::fs::read(format!("{path}.cdb")).expect("made");
        write("cdb", &path, &path, text.as_bytes(), &ours).expect("written");
        assert_eq!(*warnings.lock().unwrap(), said, "warnings");
        assert_eq!(std::fs::read(format!("{path}.cdb")).unwrap(), theirs, "postmap {null}");
        assert_eq!(postmap.run(&["-q".to_string(), "b".to_string(), postmap.title.clone()]).0, "2\n");
    }
}
