use std::path::Path;

use super::*;

fn place() -> Place {
    Place { file: Path::new("/etc/waxwing/master.cf").into(), line: 1 }
}

fn parse(text: &str) -> (MasterFields, Vec<String>) {
    let mut warnings = Vec::new();
    let fields = MasterFields::parse(text, &place(), &mut warnings).expect("a good entry");
    (fields, warnings.iter().map(ToString::to_string).collect())
}

#[test]
fn options_become_two_words() {
    let (entry, warnings) = parse("smtp inet n - y - - smtpd -vo a=1 -ob=2 -o { c = d e } -D x -o y");
    assert_eq!(entry.arguments(), ["-v", "-o", "a=1", "-o", "b=2", "-o", "c=d e", "-D", "x", "-o", "y"]);
    let names: Vec<String> = entry.parameters().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(warnings.is_empty(), "{warnings:?}");
    let found = entry.entry().expect("a good type");
    assert_eq!(found.args, ["-v", "-D", "x", "-o", "y"]);
}

#[test]
fn an_o_in_a_joined_option_splits_it_as_postconf_does() {
    let (entry, _) = parse("smtp inet n - y - - smtpd -ounused_opt=3");
    assert_eq!(entry.arguments(), ["-o", "unused_", "-o", "pt=3"]);
}

#[test]
fn columns_are_checked() {
    let error = |text: &str| MasterFields::parse(text, &place(), &mut Vec::new()).expect_err("a bad entry").to_string();
    assert_eq!(error("smtp inet n - y - -"), "bad field count");
    assert_eq!(error("a foo n - y - - x"), "invalid type field \"foo\" in \"a foo n - y - - x\"");
    assert_eq!(error("a unix n - y 1x - x"), "invalid wakeup field \"1x\" in \"a unix n - y 1x - x\"");
    assert_eq!(error("a unix n - y - 1? x"), "invalid process_limit field \"1?\" in \"a unix n - y - 1? x\"");
    parse("a unix n - y 10? 0 x");
}

#[test]
fn parameters_are_set_and_removed() {
    let (mut entry, _) = parse("p unix - n n - - pipe -o a=1 -v -o a=2 flags=R argv=x");
    entry.set_parameter("a", "3");
    entry.set_parameter("b", "4");
    assert_eq!(entry.arguments(), ["-o", "a=3", "-v", "-o", "a=3", "-o", "b=4", "flags=R", "argv=x"]);
    entry.remove_parameter("a");
    assert_eq!(entry.arguments(), ["-v", "-o", "b=4", "flags=R", "argv=x"]);
}

#[test]
fn a_column_takes_what_it_can_hold() {
    let (mut entry, _) = parse("p unix - n n - - pipe argv=x");
    let mut warnings = Vec::new();
    assert_eq!(entry.set(4, "x", &mut warnings).expect_err("bad").to_string(), "invalid chroot field \"x\" in \"x\"");
    assert!(entry.set(7, "  ", &mut warnings).is_err());
    entry.set(7, "smtpd -o a=b {c}", &mut warnings).expect("good");
    assert_eq!((entry.command(), entry.arguments().join(" ")), ("smtpd", "-o a=b c".to_string()));
}

#[test]
fn braces_in_disorder_are_warned_about() {
    let (entry, warnings) = parse("smtp inet n - n - - smtpd {a b");
    assert_eq!(entry.arguments(), ["a b"]);
    assert_eq!(warnings, ["master.cf: missing '}' in \"{a b\""]);
    let (entry, warnings) = parse("smtp inet n - n - - smtpd -o {a = b}c -o {x y}");
    assert_eq!(entry.arguments(), ["-o", "a=b", "-o", "x y"]);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}
