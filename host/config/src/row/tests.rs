use crate::{Config, KindTag, Row, Unit, conflicts, parameters};

mod full {
    crate::parameters! {
        pub static PARAMETERS;
        /// First line.
        /// Second line.
        pub LIFETIME: Time = "lifetime", "5", unit = d, min = 1, max = 864_000;
        SUFFIX: Count = "_suffix", "-1", template, commands = &["spawn"], min = -1;
        QUOTED: Raw = "quoted", "$code", read_only;
    }
}

mod other {
    crate::parameters! {
        LIFETIME: Time = "lifetime", "5", unit = d, min = 1, max = 864_000;
        QUOTED: Raw = "quoted", "$other";
    }
}

#[test]
fn the_macro_fills_every_field() {
    let [lifetime, suffix, quoted]: [Row; 3] = full::PARAMETERS.try_into().unwrap();
    assert_eq!((lifetime.name, lifetime.default, lifetime.kind), ("lifetime", "5", KindTag::Time));
    assert_eq!((lifetime.limits.min, lifetime.limits.max, lifetime.limits.unit), (Some(1), Some(864_000), Unit::Days));
    assert_eq!(lifetime.doc, " First line.\n Second line.\n");
    assert!(!lifetime.template && !lifetime.read_only);
    assert!(suffix.template);
    assert_eq!((suffix.commands, suffix.limits.min), (&["spawn"][..], Some(-1)));
    assert!(quoted.read_only);
    assert_eq!(full::SUFFIX.name, "_suffix");
}

#[test]
fn rows_declared_twice_must_agree() {
    assert_eq!(conflicts(&[full::PARAMETERS, other::PARAMETERS]), ["quoted"]);
    assert!(conflicts(&[parameters::PARAMETERS]).is_empty());
}

/// [`Config::get`] falls back on the default, so each must be a value of its kind.
#[test]
fn the_shared_defaults_are_values() {
    let config = Config::from_text("", &[]).unwrap();
    for row in config.rows() {
        let text = config.text(row.name).unwrap();
        assert_eq!(row.accepts(row.name, &text), Ok(()), "{}", row.name);
        assert!(row.doc.len() > 10, "{} has no description", row.name);
    }
}
