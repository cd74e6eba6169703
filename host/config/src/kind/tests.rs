use std::time::Duration;

use super::{Boolean, Count, Kind, KindTag, Limits, List, ReplyCode, Size, Text, Time, Unit};

const NONE: Limits = Limits { min: None, max: None, unit: Unit::Seconds };

#[test]
fn times_take_a_unit_or_the_row_s() {
    let days = Limits { unit: Unit::Days, ..NONE };
    let cases =
        [("5", 5), ("5s", 5), ("2m", 120), ("1h", 3600), ("1d", 86_400), ("1w", 604_800), (" 7s", 7), ("1h30m", 3600)];
    for (text, seconds) in cases {
        assert_eq!(Time::parse("t", text, &NONE), Ok(Duration::from_secs(seconds)), "{text:?}");
    }
    assert_eq!(Time::parse("t", "5", &days), Ok(Duration::from_secs(432_000)));
    assert_eq!(Time::parse("t", "5s", &days), Ok(Duration::from_secs(5)));
}

#[test]
fn bad_times_are_refused_in_postfix_s_words() {
    for text in ["", "x", "5x", "5 s", "-5s", "99999999999h", "5S"] {
        assert_eq!(
            Time::parse("t", text, &NONE),
            Err(format!("parameter t: bad time value or unit: {text}")),
            "{text:?}"
        );
    }
    let limits = Limits { min: Some(1), max: Some(10), ..NONE };
    assert_eq!(Time::parse("t", "0", &limits), Err("invalid t: 0 (min 1)".to_string()));
    assert_eq!(Time::parse("t", "1m", &limits), Err("invalid t: 60 (max 10)".to_string()));
}

#[test]
fn numbers_keep_to_their_range() {
    let limits = Limits { min: Some(-1), max: Some(10), ..NONE };
    assert_eq!(Count::parse("n", "-1", &limits), Ok(-1));
    assert_eq!(Count::parse("n", "-2", &limits), Err("invalid n parameter value -2 < -1".to_string()));
    assert_eq!(Count::parse("n", "11", &limits), Err("invalid n parameter value 11 > 10".to_string()));
    for text in ["", "x", "1k", "2147483648", "1 2", "0x10"] {
        assert_eq!(Count::parse("n", text, &NONE), Err(format!("bad numerical configuration: n = {text}")), "{text:?}");
    }
    assert_eq!(Size::parse("n", "5000000000", &NONE), Ok(5_000_000_000));
    assert_eq!(Size::parse("n", "-1", &NONE), Err("invalid n parameter value -1 < 0".to_string()));
    assert_eq!(ReplyCode::parse("c", "550", &NONE), Ok(550));
    assert!(ReplyCode::parse("c", "55", &NONE).is_err());
    assert!(ReplyCode::parse("c", "1550", &NONE).is_err());
}

#[test]
fn yes_and_no_stand_in_any_case() {
    assert_eq!(Boolean::parse("b", "YES", &NONE), Ok(true));
    assert_eq!(Boolean::parse("b", "No", &NONE), Ok(false));
    assert_eq!(Boolean::parse("b", "true", &NONE), Err("bad boolean configuration: b = true".to_string()));
}

#[test]
fn texts_keep_to_their_length() {
    let limits = Limits { min: Some(1), max: Some(2), ..NONE };
    assert_eq!(Text::parse("t", "", &limits), Err("bad string length 0 < 1: t = ".to_string()));
    assert_eq!(Text::parse("t", "abc", &limits), Err("bad string length 3 > 2: t = abc".to_string()));
    assert_eq!(List::parse("l", "a, {b c}", &NONE), Ok(vec!["a".to_string(), "{b c}".to_string()]));
}

#[test]
fn tags_check_as_their_kinds_do() {
    let good = [
        (KindTag::Text, "x"),
        (KindTag::Raw, "$x"),
        (KindTag::Boolean, "yes"),
        (KindTag::Count, "1"),
        (KindTag::Size, "1"),
        (KindTag::Time, "1d"),
        (KindTag::ReplyCode, "450"),
        (KindTag::List, "a b"),
    ];
    for (tag, text) in good {
        assert_eq!(tag.check("p", text, &NONE), Ok(()), "{tag:?}");
    }
    for tag in [KindTag::Boolean, KindTag::Count, KindTag::Size, KindTag::Time, KindTag::ReplyCode] {
        assert!(tag.check("p", "nonsense", &NONE).is_err(), "{tag:?}");
    }
}
