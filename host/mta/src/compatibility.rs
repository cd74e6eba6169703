//! What postfix(1) says where compatibility_level keeps old defaults.

use config::{Config, compatibility_level, parameters::COMPATIBILITY_LEVEL};

/// The last level that changed a default.
const LAST: ([u32; 3], &str) = ([3, 6, 0], "3.6");

/// Three lines at a lower level, none at others.
pub fn remark(config: &Config) -> Vec<String> {
    if compatibility_level::parse(&config.get(&COMPATIBILITY_LEVEL)).is_none_or(|level| level >= LAST.0) {
        return Vec::new();
    }
    vec![
        "Postfix is using backwards-compatible default settings".to_string(),
        "See http://www.postfix.org/COMPATIBILITY_README.html for details".to_string(),
        format!(
            "To disable backwards compatibility use \"postconf compatibility_level={}\" and \"postfix reload\"",
            LAST.1
        ),
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn levels_below_the_last_are_remarked_on() {
        let lines =
            |level: &str| remark(&Config::from_text(&format!("compatibility_level = {level}"), &[]).unwrap()).len();
        assert_eq!(["0", "2", "3.5.9", "3.6", "3.7", "9"].map(lines), [3, 3, 3, 0, 0, 0]);
    }
}
