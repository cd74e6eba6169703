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
