//! One query to one list.

use waxwing_sdk::{
    Verdict,
    address::reversed,
    dns::{self, RecordType},
    hostname::is_hostname,
    log,
};

use crate::filter;

/// What a list says.
pub enum Listed {
    No,
    /// It could not be asked.
    Unknown,
    /// Listed, with the name that was looked up.
    Yes(String),
}

/// Looks an address up, in reverse order.
pub fn find_address(list: &str, address: &str) -> Listed {
    find(reversed(address), list)
}

/// Looks the domain of `what` up, a name or a mail address. Lists of domains do not want to be asked for addresses.
pub fn find_domain(list: &str, what: &str) -> Listed {
    let domain = waxwing_sdk::address::domain(what).unwrap_or(what);
    let last_label = domain.rsplit('.').next().unwrap_or_default();
    let numeric = !last_label.is_empty() && last_label.bytes().all(|byte| byte.is_ascii_digit());
    if numeric || (domain.is_ascii() && !is_hostname(domain)) {
        return Listed::No;
    }
    find([domain, "."].concat(), list)
}

fn find(mut query: String, list: &str) -> Listed {
    let (domain, wanted) = split(list);
    query.push_str(domain);
    let answer = match dns::lookup(&query, RecordType::A) {
        Ok(answer) => answer,
        Err(failure) if dns::is_not_found(failure.reason) => return Listed::No,
        Err(failure) => {
            let why = dns::reason_text(failure.reason);
            let text = ["Host or domain name not found. Name service error for name=", &query, " type=A: ", why];
            log::warning(&[&query, ": RBL lookup error: ", &text.concat()].concat());
            return Listed::Unknown;
        }
    };
    let counts = |address: &str| wanted.is_none_or(|filter| filter::matches(filter, address).unwrap_or(false));
    if answer.records.iter().any(|record| counts(&record.data)) { Listed::Yes(query) } else { Listed::No }
}

/// Domain and filter of a list.
pub fn split(list: &str) -> (&str, Option<&str>) {
    match list.split_once('=') {
        Some((domain, filter)) => (domain, Some(filter)),
        None => (list, None),
    }
}

/// Checks the argument at start.
pub fn check_filter(list: &str) -> Result<(), String> {
    match split(list).1 {
        Some(filter) => filter::matches(filter, "0.0.0.0").map(drop),
        None => Ok(()),
    }
}

/// As in Postfix, a restriction without its argument is logged each time, and has no opinion.
pub fn needs_domain(restriction: &str, list: &str) -> Option<Verdict> {
    if !list.is_empty() {
        return None;
    }
    log::warning(&["restriction ", restriction, " requires domain name argument"].concat());
    Some(Verdict::Dunno)
}

#[cfg(test)]
mod tests {
    use super::{Listed, check_filter, find_address};
    use waxwing_sdk::{
        dns::{Reason, RecordType},
        testing::Host,
    };

    #[test]
    fn addresses_are_reversed() {
        let mut host = Host::new();
        host.run(|| {
            find_address("bl.test", "192.0.2.1");
            find_address("bl.test=127.0.0.2", "2001:db8::1f");
        });
        let v6 = "f.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test";
        assert_eq!(host.lookups(), ["1.2.0.192.bl.test", v6]);
    }

    #[test]
    fn a_list_that_fails_is_logged() {
        let mut host = Host::new().dns_failure("1.2.0.192.bl.test", RecordType::A, Reason::Timeout);
        assert!(matches!(host.run(|| find_address("bl.test", "192.0.2.1")), Listed::Unknown));
        assert_eq!(
            host.warnings(),
            ["1.2.0.192.bl.test: RBL lookup error: Host or domain name not found. Name service error for \
              name=1.2.0.192.bl.test type=A: Host not found, try again"]
        );
    }

    #[test]
    fn wrong_filters_are_found_at_start() {
        assert_eq!(check_filter("bl.test"), Ok(()));
        assert_eq!(check_filter("bl.test=127.0.0.[2..4]"), Ok(()));
        assert!(check_filter("bl.test=127.0.0").is_err());
    }
}
