//! Which options go together.

use anyhow::{Result, anyhow, bail};

use crate::options::Options;

const LETTERS: &str = "aAbc:C:deEfFhHlmMno:pPtT:vxX#";

const USAGE: &str = "usage: postconf [-a (server SASL types)] [-A (client SASL types)] [-b (bounce templates)] [-c config_dir] [-c param_class] [-d (parameter defaults)] [-e (edit configuration)] [-f (fold lines)] [-F (master.cf fields)] [-h (no names)] [-H (no values)] [-l (lock types)] [-m (map types)] [-M (master.cf)] [-n (non-default parameters)] [-o name=value (override parameter value)] [-p (main.cf, default)] [-P (master.cf parameters)] [-t (bounce templates)] [-T compile-version|run-version|public-key-algorithms] [-v (verbose)] [-x (expand parameter values)] [-X (exclude)] [-# (comment-out)] [name...]";

/// Of each group one option may be given. A message names them in this order.
const EXCLUSIVE: &[&str] = &["aAbFlmMpPtT", "denX#", "efX#", "exX#", "ehX#", "eHX#", "deoX#", "hH"];

/// What an option rules out.
const INCOMPATIBLE: &[(char, &str)] = &[
    ('a', "defhHnoxX#"),
    ('A', "defhHnoxX#"),
    ('b', "defhHnoxX#"),
    ('F', "dnX#"),
    ('l', "defhHnoxX#"),
    ('m', "defhHnoxX#"),
    ('M', "dhHn"),
    ('P', "dn#"),
    ('t', "defhHnoxX#"),
    ('T', "defhHnoxX#"),
];

/// The options of a call that holds together.
pub struct Modes {
    pub options: Options,
    /// An argument with `=` makes -e unnecessary.
    implied_edit: bool,
}

impl Modes {
    /// # Errors
    /// What postconf(1) says of options that it does not have or that exclude each other.
    pub fn parse(program: &str, words: &[String]) -> Result<Self> {
        let options = Options::parse(LETTERS, words).map_err(|error| {
            eprintln!("{program}: {error}");
            anyhow!(USAGE)
        })?;
        let mut modes = Self { options, implied_edit: false };
        if modes.has('E') {
            bail!(USAGE);
        }
        if modes.has('b') && modes.has('t') {
            bail!("specify one of -b and -t");
        }
        if (modes.has('b') || modes.has('t')) && modes.options.operands.len() > 1 {
            bail!("options -b and -t require at most one template file");
        }
        modes.check()?;
        let lists = "aAblmtT".chars().any(|letter| modes.has(letter));
        if !lists && modes.options.operands.first().is_some_and(|first| first.contains('=')) {
            modes.implied_edit = true;
            modes.check()?;
        }
        Ok(modes)
    }

    pub fn has(&self, letter: char) -> bool {
        self.options.has(letter) || (letter == 'e' && self.implied_edit)
    }

    pub fn edits(&self) -> bool {
        ['e', 'X', '#'].into_iter().any(|letter| self.has(letter))
    }

    /// -M, -F or -P.
    pub fn master(&self) -> Option<char> {
        ['M', 'F', 'P'].into_iter().find(|letter| self.has(*letter))
    }

    fn check(&self) -> Result<()> {
        for group in EXCLUSIVE {
            let given = self.given(group);
            if given.len() > 1 {
                bail!("specify one of {}", given.join(" "));
            }
        }
        for (letter, others) in INCOMPATIBLE.iter().filter(|(letter, _)| self.has(*letter)) {
            let given = self.given(others);
            if !given.is_empty() {
                bail!("with option -{letter}, do not specify {}", given.join(" "));
            }
        }
        Ok(())
    }

    fn given(&self, letters: &str) -> Vec<String> {
        letters.chars().filter(|letter| self.has(*letter)).map(|letter| format!("-{letter}")).collect()
    }
}
