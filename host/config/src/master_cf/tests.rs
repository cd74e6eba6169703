use std::path::Path;

use super::{MasterEntry, ServiceKind, Wakeup, parse};

fn read(text: &str) -> (Vec<MasterEntry>, Vec<String>, Vec<String>) {
    let (mut warnings, mut errors) = (Vec::new(), Vec::new());
    let entries = parse(&Path::new("master.cf").into(), text, &mut warnings, &mut errors);
    (entries, warnings.iter().map(ToString::to_string).collect(), errors.iter().map(ToString::to_string).collect())
}

fn one(text: &str) -> MasterEntry {
    let (mut entries, warnings, errors) = read(text);
    assert!(warnings.is_empty() && errors.is_empty(), "{warnings:?} {errors:?}");
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

#[test]
fn every_column_is_read() {
    let entry = one("127.0.0.1:10025 inet n y - 60? 10 smtpd -v -o a=b -oc=d -vo e=f -D x -o not=option");
    assert_eq!((entry.service.as_str(), entry.kind), ("127.0.0.1:10025", ServiceKind::Inet));
    assert_eq!((entry.private, entry.unpriv, entry.chroot), (Some(false), Some(true), None));
    assert_eq!(entry.wakeup, Wakeup { seconds: 60, only_if_used: true });
    assert_eq!((entry.maxproc, entry.command.as_str()), (Some(10), "smtpd"));
    assert_eq!(entry.args, ["-v", "-v", "-D", "x", "-o", "not=option"]);
    let overrides: Vec<(&str, &str)> =
        entry.overrides.iter().map(|(name, value, _)| (name.as_str(), value.as_str())).collect();
    assert_eq!(overrides, [("a", "b"), ("c", "d"), ("e", "f")]);
    let entry = one("x unix - - - - - smtp");
    assert_eq!((entry.private, entry.maxproc, entry.wakeup), (None, None, Wakeup::default()));
    assert_eq!(one("x unix - - - 0 0 smtp").maxproc, Some(0), "no limit");
}

#[test]
fn entries_span_lines_and_comments() {
    let entry = one("# top\n\nx unix - - -\n# between\n  - - pipe\n\n  argv=/bin/cat { a b } -- {c}\n");
    assert_eq!(entry.args, ["argv=/bin/cat", "a b", "--", "c"]);
    assert_eq!(entry.place.to_string(), "master.cf, line 3");
}

#[test]
fn malformed_entries_are_refused_as_master_refuses_them() {
    let cases = [
        ("x", "missing \"transport type\" field"),
        ("x unix - -", "missing \"chroot\" field"),
        ("x unix - - - - -", "missing \"command\" field"),
        ("x - - - - - - smtp", "field \"transport type\" has no default value"),
        ("x tcp - - - - - smtp", "bad transport type: tcp"),
        ("x inet - - - - - smtpd", "inet service cannot be private"),
        ("x inet y - - - - smtpd", "inet service cannot be private"),
        ("x unix - - yes - - smtp", "field \"chroot\": bad value: \"yes\""),
        ("x unix - Y - - - smtp", "field \"unprivileged\": bad value: \"Y\""),
        ("x unix - - - 5x - smtp", "field \"wakeup_time\": bad value: \"5x\""),
        ("x unix - - - +5 - smtp", "field \"wakeup_time\": bad value: \"+5\""),
        ("x unix - - - - -1 smtp", "field \"max_proc\": bad value: \"-1\""),
        ("x unix - - - - - smtp -o a", "invalid \"-o a\" option value: missing '=' after attribute name: \"a\""),
        ("x unix - - - - - smtp -o", "option requires an argument -- 'o'"),
    ];
    for (text, message) in cases {
        let (entries, _, errors) = read(&format!("# one\n{text}"));
        assert!(entries.is_empty(), "{text}");
        assert_eq!(errors, [format!("master.cf: line 2: {message}")], "{text}");
    }
}

#[test]
fn the_last_of_two_entries_counts() {
    let (entries, warnings, errors) =
        read("x unix - - - - 1 smtp\ny unix - - - - 2 smtp\nx unix - - - - 3 smtp\nx inet n - - - 4 smtpd\n");
    assert!(errors.is_empty());
    assert_eq!(warnings, ["duplicate master.cf entry for service \"x\" (unix) -- using the last entry"]);
    assert_eq!(entries.iter().map(|entry| entry.maxproc.unwrap()).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn braces_out_of_balance_are_warned_about() {
    let (entries, warnings, _) = read("x unix - - - - - pipe { a b }c\n");
    assert_eq!(entries[0].args, ["a b"]);
    assert_eq!(warnings, ["master.cf: syntax error after '}' in \"{ a b }c\""]);
    let (entries, warnings, _) = read("x unix - - - - - pipe -o {x=a b\n");
    assert_eq!(entries[0].overrides[0].1, "a b");
    assert_eq!(warnings, ["master.cf: missing '}' in \"{x=a b\""]);
}
