//! The header of any message: fields and body are all of it, and nothing is there twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::header;

fuzz_target!(|content: &[u8]| {
    let mut fields = header::fields(content);
    let mut at = 0;
    while let Some(field) = fields.next() {
        let end = fields.offset();
        assert!(end > at, "no progress at {at}");
        assert!(field.name().len() < end - at, "the name is part of its field");
        field.unfolded();
        field.value();
        at = end;
    }
    let (end_of_header, body) = header::boundaries(content);
    assert_eq!(end_of_header, at, "boundaries agree with fields");
    assert!(body >= end_of_header && body <= content.len());
});
