use super::{BLANKS, COMMA_SPACE, name_value, split, strip_braces};

#[test]
fn words_are_split_and_braces_hold_them_together() {
    assert_eq!(split(" a, b,,c\t", COMMA_SPACE), ["a", "b", "c"]);
    assert_eq!(split("{a, b} c={d {e} f} g}h", COMMA_SPACE), ["{a, b}", "c={d {e} f}", "g}h"]);
    assert_eq!(split("a,b c", BLANKS), ["a,b", "c"]);
    assert_eq!(split("{never closed, x", COMMA_SPACE), ["{never closed, x"]);
    assert!(split("  ", COMMA_SPACE).is_empty());
}

#[test]
fn braces_come_off() {
    assert_eq!(strip_braces("{ a b }"), Ok("a b"));
    assert_eq!(strip_braces("{}"), Ok(""));
    assert_eq!(strip_braces("{a{b}c}"), Ok("a{b}c"));
    assert_eq!(strip_braces("plain"), Ok("plain"));
    assert_eq!(strip_braces("{ a b }c"), Err("syntax error after '}' in \"{ a b }c\"".to_string()));
    assert_eq!(strip_braces("{x=a b"), Err("missing '}' in \"{x=a b\"".to_string()));
}

#[test]
fn names_and_values_part_at_the_first_equals_sign() {
    assert_eq!(name_value(" a = b = c "), Ok(("a", "b = c")));
    assert_eq!(name_value("a="), Ok(("a", "")));
    assert_eq!(name_value("a"), Err("missing '=' after attribute name: \"a\"".to_string()));
    assert_eq!(name_value("a b = c"), Err("missing '=' after attribute name: \"a b = c\"".to_string()));
    assert_eq!(name_value("= c"), Err("missing attribute name: \"= c\"".to_string()));
}
