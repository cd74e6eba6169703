use super::parse;

#[test]
fn levels_compare_by_parts() {
    assert!(parse("3.6") < parse("3.10"));
    assert!(parse("3.10") < parse("4"));
    assert_eq!(parse("3"), parse("3.0.0"));
    assert_eq!(parse("3.6.1"), Some([3, 6, 1]));
}

#[test]
fn other_forms_are_refused() {
    for text in ["", "x", "3.", ".3", "3..6", "1.2.3.4", "-1", "+1", " 3", "99999999999"] {
        assert_eq!(parse(text), None, "{text:?}");
    }
}

#[test]
fn old_defaults_are_those_not_set() {
    use crate::{Config, parameters::SMTPUTF8_ENABLE};
    let keeps =
        |main_cf: &str| Config::from_text(main_cf, &[]).unwrap().keeps_default_of_before([1, 0, 0], &SMTPUTF8_ENABLE);
    assert!(keeps(""));
    assert!(keeps("compatibility_level = 0.9"));
    assert!(!keeps("compatibility_level = 1"));
    assert!(!keeps("smtputf8_enable = no"));
}
