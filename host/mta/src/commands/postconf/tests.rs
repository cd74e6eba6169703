use std::os::unix::fs::PermissionsExt;

use config::MasterFields;

use super::edit_main_cf::{Edit, Request, edited};
use super::folding::print_line;
use super::*;

fn line(text: &str, fold: bool) -> String {
    let mut out = String::new();
    print_line(&mut out, text, fold);
    out
}

#[test]
fn lines_fold_at_80() {
    assert_eq!(line("a = b\t c \r\n d ", false), "a = b c d\n");
    assert_eq!(line("empty = ", false), "empty =\n");
    let word = "x".repeat(37);
    assert_eq!(line(&format!("aaa = {word} {}", &word[..36]), true), format!("aaa = {word} {}\n", &word[..36]));
    assert_eq!(line(&format!("aaa = {word} {word}"), true), format!("aaa = {word}\n    {word}\n"));
}

#[test]
fn options_that_exclude_each_other() {
    let error = |words: &str| {
        let words: Vec<String> = words.split_whitespace().map(str::to_string).collect();
        Modes::parse("postconf", &words).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(error("-d -o a=b -e -n"), "specify one of -d -e -n");
    assert_eq!(error("-M -n -h"), "with option -M, do not specify -h -n");
    assert_eq!(error("-m -M -P -d"), "specify one of -m -M -P");
    assert_eq!(error("-e -h -H -x"), "specify one of -e -x");
    assert_eq!(error("-n a=b"), "specify one of -e -n");
    assert_eq!(error("-Mfx smtp"), "");
}

#[test]
fn main_cf_keeps_what_is_not_named() {
    let old = b"# c\na = 1\n# between\n  cont\n\nb = 2\nlast";
    let edit = |edit: Edit, name: &str, value: &str| {
        let (new, several) = edited(old, edit, &mut [Request::new(name, value)]);
        assert!(several.is_empty(), "{several:?}");
        String::from_utf8(new).expect("text")
    };
    assert_eq!(edit(Edit::Set, "a", "x  y"), "# c\na = x  y\n# between\n\nb = 2\nlast");
    assert_eq!(edit(Edit::CommentOut, "a", ""), "# c\n#a = 1\n# between\n#  cont\n\nb = 2\nlast");
    assert_eq!(edit(Edit::Remove, "a", ""), "# c\n# between\n\nb = 2\nlast");
    // Postfix would write `lastnew = 1`.
    assert_eq!(edit(Edit::Set, "new", "1"), "# c\na = 1\n# between\n  cont\n\nb = 2\nlast\nnew = 1\n");
    let (_, several) = edited(b"a = 1\na = 2\na = 3\n", Edit::Set, &mut [Request::new("a", "")]);
    assert_eq!(several, ["a"]);
}

#[test]
fn entries_stand_in_columns() {
    let place = config::Place { file: std::path::Path::new("/etc/waxwing/master.cf").into(), line: 1 };
    let text = "127.0.0.1:10025 inet n - n - 1000 smtpd -v -o a=b -o { c = d  e } argv={ x y }";
    let entry = MasterFields::parse(text, &place, &mut Vec::new()).expect("a good entry");
    let mut out = String::new();
    master_entries::print_entry(&mut out, &entry, true);
    assert_eq!(
        out,
        "127.0.0.1:10025 inet n   -       n       -       1000    smtpd -v\n    -o a=b\n    -o {c=d  e}\n    {argv={ x y }}\n"
    );
}

#[test]
fn replacing_keeps_mode_and_leaves_nothing_behind() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("main.cf");
    std::fs::write(&path, "a").expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("its mode");
    replaced_file::replace(&path, |old| Ok([old, b"b"].concat())).expect("replaced");
    assert_eq!(std::fs::read(&path).expect("the file"), b"ab");
    assert_eq!(std::fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o640);
    assert!(replaced_file::replace(&path, |_| anyhow::bail!("no")).is_err());
    let names: Vec<_> = std::fs::read_dir(directory.path()).expect("a directory").collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let missing = directory.path().join("x/main.cf");
    let error = replaced_file::replace(&missing, |_| Ok(Vec::new())).expect_err("no directory").to_string();
    assert_eq!(error, format!("open {}.tmp: No such file or directory", missing.display()));
}
