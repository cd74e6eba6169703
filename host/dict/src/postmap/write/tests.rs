//! Side by side with Debian's postmap and postalias.

use super::*;
use crate::test_environment::{debian_postmap, environment, writing};

/// Warnings of making a table from texts with every fault.
#[test]
fn faults_in_a_text_are_told_like_postmap() {
    let text = "# c\n\n  lost\na 1\nA 2\nb\n\"un bal 4\nc: 5\nd 6\n more\nlonely\nCase.Org X\ncase.org Y\n";
    for kind in ["lmdb", "cdb"] {
        let Some(postmap) = debian_postmap(kind, text) else { return };
        for (options, changed) in [
            (vec![], Duplicates::Warn),
            (vec!["-w".to_string()], Duplicates::Ignore),
            (vec!["-r".to_string()], Duplicates::Replace),
        ] {
            let (_, expected) = postmap.run(&[options, vec![postmap.title.clone()]].concat());
            let theirs = postmap.run(&["-q".to_string(), "case.org".to_string(), postmap.title.clone()]).0;
            let (ours, warnings) = writing();
            let path = postmap.path();
            write(kind, &path, &path, text.as_bytes(), &Writing { duplicates: changed, ..ours }).expect("written");
            assert_eq!(*warnings.lock().unwrap(), expected, "{kind} {changed:?}");
            let ours = postmap.run(&["-q".to_string(), "case.org".to_string(), postmap.title.clone()]).0;
            assert_eq!(ours, theirs, "{kind} {changed:?}");
        }
    }
}

#[test]
fn what_no_type_can_do_is_said_in_postfix_words() {
    let Some(postmap) = debian_postmap("lmdb", "a 1\n") else { return };
    let path = postmap.path();
    let mut opener = Opener::new(environment(true).0);
    for kind in ["texthash", "regexp", "pcre", "cidr", "unix", "static", "inline", "environ", "fail", "randmap"] {
        let title = format!("{kind}:{path}");
        let expected = postmap.run(std::slice::from_ref(&title)).1;
        let error = write(kind, &path, &path, b"a 1\n", &writing().0).expect_err("no such files");
        assert_eq!([format!("fatal: {error}")], expected[..], "{title}");
        let expected = postmap.run(&["-d".to_string(), "a".to_string(), title.clone()]).1;
        let error = delete(&mut opener, &title, "a", true, 1 << 20).expect_err("not possible");
        assert_eq!([format!("fatal: {error}")], expected[..], "-d {title}");
    }
}

#[test]
fn a_text_type_is_read_and_told_of_and_nothing_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t").display().to_string();
    let (ours, warnings) = writing();
    write("hash", &path, &path, b"a 1\na 2\nb\n", &ours).expect("harmless");
    let expected = [
        format!("{path}, line 2: duplicate entry: \"a\""),
        format!("{path}, line 3: expected format: key whitespace value"),
    ];
    assert_eq!(*warnings.lock().unwrap(), expected);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    let adding = Writing { incremental: true, ..ours };
    let error = write("hash", &path, "stdin", b"c 3\n", &adding).expect_err("it would be lost");
    assert!(error.to_string().contains("change the file"), "{error}");
    assert!(delete(&mut Opener::new(environment(true).0), &format!("hash:{path}"), "a", true, 1).is_err());
}

#[test]
fn values_that_are_files() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("one"), "first").unwrap();
    std::fs::write(directory.path().join("two"), "second\n").unwrap();
    let path = directory.path().join("t").display().to_string();
    let text = format!("k {}/one, {0}/two\n", directory.path().display());
    let writing = Writing { files: true, ..writing().0 };
    write("cdb", &path, &path, text.as_bytes(), &writing).expect("written");
    let mut opener = Opener::new(environment(true).0);
    let table = opener.open(&format!("cdb:{path}"), Options::default()).expect("opens");
    let value = crate::test_environment::now(table.lookup("k")).expect("no error").expect("found");
    let value = base64::engine::general_purpose::STANDARD.decode(value).expect("base64");
    assert_eq!(value, b"first\nsecond\n");
    assert!(write("cdb", &path, &path, b"k /nonexistent/x\n", &writing).is_err());
}
