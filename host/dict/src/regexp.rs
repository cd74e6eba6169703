//! regexp tables: regexp_table(5), with the C library's expressions.

use crate::{
    candidates::{Syntax, translate},
    pattern::{Engine, Letter},
    posix_regex::{Flags, PosixRegex},
};

impl Engine for PosixRegex {
    const TYPE: &'static str = "regexp";
    const UNCLOSED: &'static str = "skipping";
    const INDEX_ZERO: &'static str = "out-of-range";
    const SECOND_PATTERN: bool = true;
    type Flags = Flags;

    fn default_flags() -> Flags {
        Flags { extended: true, ignore_case: true, newline: false }
    }

    fn toggle(flags: &mut Flags, letter: char) -> Letter {
        match letter {
            'i' => flags.ignore_case = !flags.ignore_case,
            'm' => flags.newline = !flags.newline,
            'x' => flags.extended = !flags.extended,
            _ => return Letter::Unknown,
        }
        Letter::Known
    }

    fn simple(pattern: &str, flags: Flags) -> Option<String> {
        flags.extended.then(|| translate(pattern, Syntax::Posix, flags.ignore_case, flags.newline))?
    }

    fn compile(pattern: &str, flags: Flags) -> Result<Self, String> {
        PosixRegex::new(pattern, flags)
    }

    fn groups(&self) -> usize {
        PosixRegex::groups(self)
    }

    fn find(&self, text: &[u8], spans: &mut [Option<(usize, usize)>]) -> Result<bool, String> {
        PosixRegex::find(self, text, spans)
    }
}
