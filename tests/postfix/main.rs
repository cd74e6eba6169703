//! Every reply as Debian's Postfix gives it: the cases of postfix/cases played to both servers.

use waxwing_tests::{
    comparison::{self, Difference},
    dns::Dns,
    namespace,
    needs::Need,
};

/// Where Waxwing answers differently and means it.
const DIFFERENCES: &[Difference] = &[];

fn compare(place: &namespace::Place, file: &str) {
    let _dns = Dns::serve(include_str!("zone"));
    comparison::compare(place, file, DIFFERENCES);
}

macro_rules! files {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            namespace::inside(&[Need::Postfix, Need::Waxwing], |place| compare(place, concat!(stringify!($name), ".cases")));
        })*
    };
}

files!(access dns limits lists protocol stages verbs);
