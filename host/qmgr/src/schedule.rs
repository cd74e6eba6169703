//! When deferred mail is tried again, and when it is too old.

use std::time::{Duration, SystemTime};

use crate::Settings;

/// The next attempt of a message deferred now: it waits once more as long as it has waited already, within the
/// backoff limits.
pub fn next_attempt(settings: &Settings, arrival: SystemTime, now: SystemTime) -> SystemTime {
    // A clock that was set back makes no message younger than new.
    let age = now.duration_since(arrival).unwrap_or(Duration::ZERO);
    now + age.max(settings.minimal_backoff).min(settings.maximal_backoff.max(settings.minimal_backoff))
}

/// Until when a message is tried; notices (null sender) have their own limit.
pub fn expiry(settings: &Settings, arrival: SystemTime, sender: &str) -> SystemTime {
    arrival + if sender.is_empty() { settings.bounce_lifetime } else { settings.maximal_lifetime }
}

/// Whether the sender is due a delay warning now.
pub fn warning_due(settings: &Settings, arrival: SystemTime, now: SystemTime) -> bool {
    settings.delay_warning.is_some_and(|after| now.duration_since(arrival).is_ok_and(|age| age >= after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_limits() {
        let config =
            config::Config::from_texts("", "", "", &[config::parameters::PARAMETERS, crate::parameters::PARAMETERS])
                .expect("defaults are valid");
        let settings = Settings::from(&config);
        let arrival = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let after = |age: u64| {
            let now = arrival + Duration::from_secs(age);
            next_attempt(&settings, arrival, now).duration_since(now).expect("later").as_secs()
        };
        assert_eq!((after(1), after(300), after(1000), after(90_000)), (300, 300, 1000, 4000));
        let before = next_attempt(&settings, arrival, arrival - Duration::from_secs(86_400));
        assert_eq!(before, arrival - Duration::from_secs(86_400) + Duration::from_secs(300));
        let day = Duration::from_secs(86_400);
        assert_eq!(expiry(&settings, arrival, "a@b"), arrival + day * 5);
        assert!(!warning_due(&settings, arrival, arrival + day), "delay_warning_time = 0 is never");
    }
}
