//! The rejecting half: what a list holds is refused.

use waxwing_sdk::Verdict;

use crate::{
    list::{Listed, find_address, find_domain},
    reply_text,
};

/// An address in a list.
pub fn address(list: &str, address: &str, class: &'static str) -> Verdict {
    match find_address(list, address) {
        Listed::Yes(query) => reply_text::refusal(list, &query, address, class),
        Listed::No | Listed::Unknown => Verdict::Dunno,
    }
}

/// The domain of a name or mail address in a list; none has no opinion.
pub fn domain(list: &str, what: Option<String>, class: &'static str) -> Verdict {
    let Some(what) = what else { return Verdict::Dunno };
    match find_domain(list, &what) {
        Listed::Yes(query) => reply_text::refusal(list, &query, &what, class),
        Listed::No | Listed::Unknown => Verdict::Dunno,
    }
}
