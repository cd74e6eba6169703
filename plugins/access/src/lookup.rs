//! One lookup in an access table, and what its result does.

use waxwing_sdk::{
    Subject, Verdict,
    access::Entry,
    configuration_error, edits, log,
    tables::{Found, TableError},
};

/// A lookup by any search order; `key` is what is looked up. None: nothing was found.
pub fn access(
    table: &str,
    key: &str,
    found: Result<Option<Found>, TableError>,
    subject: impl FnOnce() -> Subject,
) -> Option<Verdict> {
    match found {
        Ok(None) => None,
        Ok(Some(found)) => Some(Entry { table, key, value: &found.value }.apply(&subject())),
        Err(_) => Some(unusable(&subject())),
    }
}

/// What Postfix answers when an access table fails.
pub fn unusable(subject: &Subject) -> Verdict {
    subject.refuse(451, "4.3.5", "Server configuration error")
}

/// Restrictions on what anybody can write into DNS must not permit: `name` is the restriction, `target` what it looked up.
pub fn never_permit(name: &str, target: &str, verdict: Verdict) -> Verdict {
    if verdict != Verdict::Permit || edits::envelope::is_discarded() {
        return verdict;
    }
    log::warning(&["restriction ", name, " returns OK for ", target].concat());
    log::warning("this is not allowed for security reasons");
    log::warning("use DUNNO instead of OK if you want to make an exception");
    configuration_error()
}
