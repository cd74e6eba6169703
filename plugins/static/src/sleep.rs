//! sleep SECONDS: pauses the session.

use std::time::Duration;

use waxwing_sdk::{ArgumentKind, prelude::*};

pub const RESTRICTION: Restriction = Restriction::new("sleep", |argument| {
    session::pause(Duration::from_secs(seconds(argument).unwrap_or_default()));
    Verdict::Dunno
})
.argument(ArgumentKind::Text)
.validate(|argument| match seconds(argument) {
    Some(_) => Ok(()),
    None => Err("restriction sleep must be followed by number".into()),
})
.summary("Pauses for so many seconds, then goes on");

/// Digits only: a unit is not allowed.
fn seconds(argument: &str) -> Option<u64> {
    if argument.bytes().all(|byte| byte.is_ascii_digit()) { argument.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{RESTRICTION, seconds};
    use std::time::Duration;
    use waxwing_sdk::{prelude::*, testing::Host};

    #[test]
    fn pauses_and_goes_on() {
        let mut host = Host::new();
        assert_eq!(host.check(&RESTRICTION, "3"), Verdict::Dunno);
        assert_eq!(host.paused(), Duration::from_secs(3));
    }

    #[test]
    fn takes_a_plain_number() {
        assert_eq!(
            [seconds("10"), seconds("5s"), seconds(""), seconds("-1"), seconds("+1")],
            [Some(10), None, None, None, None]
        );
    }
}
