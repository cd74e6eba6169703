//! `-C class,...`: which parameters are listed.

use anyhow::{Result, bail};
use config::tokens;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classes {
    /// Names known to the program and its plugins.
    pub builtin: bool,
    /// Names made of a service's name in master.cf.
    pub service: bool,
    /// Names that only main.cf and master.cf know.
    pub user: bool,
}

impl Classes {
    /// # Errors
    /// For a word that is no class.
    pub fn parse(given: Option<&str>) -> Result<Self> {
        let all = Self { builtin: true, service: true, user: true };
        let Some(given) = given else { return Ok(all) };
        let mut classes = Self { builtin: false, service: false, user: false };
        for word in tokens::split(given, tokens::COMMA_SPACE) {
            match word.to_ascii_lowercase().as_str() {
                "builtin" => classes.builtin = true,
                "service" => classes.service = true,
                "user" => classes.user = true,
                "all" => classes = all,
                _ => bail!("unknown -C option value \"{word}\" in \"{given}\""),
            }
        }
        Ok(classes)
    }
}
