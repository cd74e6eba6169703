//! A tag in the Subject of mail that comes from outside, as `[EXTERNAL]`, so that its readers know.
//!
//! The plugin wants to hear of one event, the end of the message, at which a filter may change it. Mail of logged-in users and of
//! clients in subject_tagger_networks is left alone.
#![forbid(unsafe_code)]

use waxwing_sdk::{Facts, Grant, ParameterKind, edits::headers, message, prelude::*, tables};
use waxwing_sdk_filter::{Event, Events, Filter, Response};

const TAG: Parameter =
    Parameter::new("subject_tagger_tag", ParameterKind::Text, "[EXTERNAL]", "What is put before the subject");

/// A list such as that of mynetworks, which it is unless plugins.cf or main.cf says otherwise.
const NETWORKS: Parameter = Parameter::new(
    "subject_tagger_networks",
    ParameterKind::AddressList,
    "$mynetworks",
    "Clients whose mail is not tagged",
);

const EDITS: GrantRequest = GrantRequest::new(Grant::EditHeaders, "", "puts the tag into the Subject");

const FILTER: Filter = Filter::new(Events::END_OF_MESSAGE, |event| {
    if matches!(event, Event::EndOfMessage) && is_from_outside() {
        tag(&TAG.text());
    }
    Response::Proceed
});

pub const PLUGIN: Plugin =
    Plugin::new("subject-tagger", env!("CARGO_PKG_VERSION"), "Tags the Subject of mail from outside")
        .parameters(&[TAG, NETWORKS])
        .grants(&[EDITS]);

waxwing_sdk_filter::export!(PLUGIN, FILTER);

fn is_from_outside() -> bool {
    let facts = session::facts();
    if facts.contains(Facts::AUTHENTICATED) || facts.contains(Facts::LOCAL_SUBMISSION) {
        return false;
    }
    // A list that cannot be read now is no reason to hide where mail is from.
    let (name, address) = (session::client_name(), session::client_address());
    !tables::match_host(NETWORKS.name(), &name, &address).unwrap_or(false)
}

fn tag(tag: &str) {
    let subjects = (0..message::header_count())
        .filter_map(|index| Some((index, message::header_at(index)?)))
        .find(|(_, header)| header.name.eq_ignore_ascii_case("Subject"));
    match subjects {
        Some((index, subject)) => {
            if let Some(tagged) = tagged(&subject.value, tag) {
                headers::replace(index, &tagged);
            }
        }
        None => headers::append("Subject", tag),
    }
}

/// The subject with the tag before it; none where an answer carries it already.
fn tagged(subject: &str, tag: &str) -> Option<String> {
    let (subject, tag) = (subject.trim(), tag.trim());
    let known = subject.to_ascii_lowercase().contains(&tag.to_ascii_lowercase());
    (!tag.is_empty() && !known).then(|| format!("{tag} {subject}").trim_end().to_string())
}

#[cfg(test)]
mod tests {
    use super::tagged;

    #[test]
    fn subjects() {
        assert_eq!(tagged("hello", "[EXTERNAL]").as_deref(), Some("[EXTERNAL] hello"));
        assert_eq!(tagged("", "[EXTERNAL]").as_deref(), Some("[EXTERNAL]"));
        assert_eq!(tagged("Re: [external] hello", "[EXTERNAL]"), None);
        assert_eq!(tagged("hello", ""), None);
    }
}
