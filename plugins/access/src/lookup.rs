//! One lookup in an access table, and what its result does.

use waxwing_sdk::{
    Subject, Verdict,
    access::{Action, Entry},
    configuration_error, log,
    tables::{Found, TableError},
};

type Result = std::result::Result<Option<Found>, TableError>;

/// A lookup by any search order; `key` is what is looked up. None: nothing was found.
pub fn access(table: &str, key: &str, found: Result, subject: impl FnOnce() -> Subject) -> Option<Verdict> {
    match found {
        Ok(None) => None,
        Ok(Some(found)) => Some(Entry { table, key, value: &found.value }.apply(&subject())),
        Err(TableError::Temporary(why) | TableError::Configuration(why)) => {
            let why = why.strip_prefix(table).map_or(why.as_str(), |why| why.trim_start_matches([':', ' ']));
            log::warning(&[table, " is unavailable. ", why].concat());
            log::warning(&[table, " lookup error for \"", key, "\""].concat());
            Some(unusable(&subject()))
        }
    }
}

/// The same for restrictions on what anybody can write into DNS: OK is no answer there. `target` is what the restriction is
/// about, for the warning.
pub fn never_permit(
    restriction: &str,
    target: &str,
    table: &str,
    key: &str,
    found: Result,
    subject: impl FnOnce() -> Subject,
) -> Option<Verdict> {
    let permits = |found: &Found| matches!(Action::parse(&found.value), Action::Permit | Action::Empty);
    if !matches!(&found, Ok(Some(found)) if permits(found)) {
        return access(table, key, found, subject);
    }
    log::warning(&["restriction ", restriction, " returns OK for ", target].concat());
    log::warning("this is not allowed for security reasons");
    log::warning("use DUNNO instead of OK if you want to make an exception");
    Some(configuration_error())
}

/// What Postfix answers when an access table fails.
pub fn unusable(subject: &Subject) -> Verdict {
    subject.refuse(451, "4.3.5", "Server configuration error")
}

/// The argument must be `type:name`.
pub fn needs_table(restriction: &str, argument: &str) -> std::result::Result<(), String> {
    if argument.contains(':') {
        return Ok(());
    }
    Err(["restriction ", restriction, ": bad argument \"", argument, "\": need maptype:mapname"].concat())
}
