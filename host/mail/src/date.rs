//! Dates as text: RFC 5322 section 3.3, RFC 3339, and the stamp of syslog, all in the system's time zone.

use std::time::SystemTime;

use jiff::{Timestamp, Zoned, tz::TimeZone};

/// `Sat, 21 Nov 2026 21:10:32 +0000 (UTC)`, as Postfix writes it (the day padded with a space).
pub fn rfc5322(time: SystemTime) -> String {
    rfc5322_in(time, TimeZone::system())
}

/// The same in a given zone.
pub fn rfc5322_in(time: SystemTime, zone: TimeZone) -> String {
    zoned(time, zone).strftime("%a, %e %b %Y %H:%M:%S %z (%Z)").to_string()
}

/// `2026-11-21T21:10:32.123456+00:00`.
pub fn rfc3339(time: SystemTime) -> String {
    zoned(time, TimeZone::system()).strftime("%Y-%m-%dT%H:%M:%S.%6f%:z").to_string()
}

/// `Nov 21 21:10:32`.
pub fn syslog(time: SystemTime) -> String {
    zoned(time, TimeZone::system()).strftime("%b %e %H:%M:%S").to_string()
}

// A clock outside the years -9999 to 9999 is broken; the epoch stands in for it.
fn zoned(time: SystemTime, zone: TimeZone) -> Zoned {
    Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn as_postfix_writes_it() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_494_923);
        assert_eq!(rfc5322_in(time, TimeZone::UTC), "Sun,  1 Nov 2026 01:02:03 +0000 (UTC)");
        assert!(syslog(time).len() == 15, "{}", syslog(time));
        assert!(rfc3339(time).len() == 32, "{}", rfc3339(time));
    }

    #[test]
    fn a_broken_clock_does_not_panic() {
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 50);
        assert_eq!(rfc5322_in(far, TimeZone::UTC), "Thu,  1 Jan 1970 00:00:00 +0000 (UTC)");
    }
}
