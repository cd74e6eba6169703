//! pcre tables: pcre_table(5), with the PCRE2 library.

use pcre2::bytes::{CaptureLocations, Regex, RegexBuilder};

use crate::{
    candidates::{Syntax, translate},
    pattern::{Engine, Letter},
};

/// A compiled expression.
pub(crate) struct Pcre {
    regex: Regex,
}

/// Letters behind the pattern.
#[derive(Clone, Copy)]
pub(crate) struct Flags {
    caseless: bool,
    multi_line: bool,
    dot_all: bool,
    extended: bool,
    anchored: bool,
    dollar_end_only: bool,
    ungreedy: bool,
}

impl Engine for Pcre {
    const TYPE: &'static str = "pcre";
    const UNCLOSED: &'static str = "ignoring";
    const INDEX_ZERO: &'static str = "out of range";
    const SECOND_PATTERN: bool = false;
    type Flags = Flags;

    fn default_flags() -> Flags {
        Flags {
            caseless: true,
            multi_line: false,
            dot_all: true,
            extended: false,
            anchored: false,
            dollar_end_only: false,
            ungreedy: false,
        }
    }

    fn toggle(flags: &mut Flags, letter: char) -> Letter {
        let flag = match letter {
            'i' => &mut flags.caseless,
            'm' => &mut flags.multi_line,
            's' => &mut flags.dot_all,
            'x' => &mut flags.extended,
            'A' => &mut flags.anchored,
            'E' => &mut flags.dollar_end_only,
            'U' => &mut flags.ungreedy,
            'X' => return Letter::Obsolete,
            _ => return Letter::Unknown,
        };
        *flag = !*flag;
        Letter::Known
    }

    fn simple(pattern: &str, flags: Flags) -> Option<String> {
        // White space means nothing under x, and what an anchor or a lazy quantifier forbids the library finds out.
        (!flags.extended).then(|| translate(pattern, Syntax::Perl, flags.caseless, flags.multi_line))?
    }

    fn compile(pattern: &str, flags: Flags) -> Result<Self, String> {
        let prefix = if flags.ungreedy { "(?U)" } else { "" };
        let mut text = String::from(prefix);
        match flags.dollar_end_only && !flags.multi_line {
            true => text.push_str(&dollar_as_end(pattern)),
            false => text.push_str(pattern),
        }
        if flags.anchored {
            // A line break ends a comment that the x flag allows.
            let close = if flags.extended { "\n)" } else { ")" };
            text = format!("\\A(?:{text}{close}");
        }
        // Not in UTF-8 mode, whatever smtputf8_enable says: Postfix 3.7 compiles before it turns that mode on.
        let regex = RegexBuilder::new()
            .caseless(flags.caseless)
            .multi_line(flags.multi_line)
            .dotall(flags.dot_all)
            .extended(flags.extended)
            .jit_if_available(true)
            .build(&text)
            .map_err(|error| message(&error, text.find(pattern).unwrap_or(0)))?;
        Ok(Self { regex })
    }

    fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    fn find(&self, text: &[u8], spans: &mut [Option<(usize, usize)>]) -> Result<bool, String> {
        if spans.is_empty() {
            return self.regex.is_match(text).map_err(|error| explain(&error));
        }
        let mut locations: CaptureLocations = self.regex.capture_locations();
        let found = self.regex.captures_read(&mut locations, text).map_err(|error| explain(&error))?;
        for (number, span) in spans.iter_mut().enumerate() {
            *span = locations.get(number);
        }
        Ok(found.is_some())
    }
}

/// PCRE2_DOLLAR_ENDONLY, which the library offers only as a flag: each `$` that is a metacharacter becomes `\z`.
fn dollar_as_end(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 2);
    let (mut in_class, mut literal) = (false, false);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let next = chars.next();
                match next {
                    Some('Q') => literal = true,
                    Some('E') => literal = false,
                    _ => {}
                }
                out.push('\\');
                out.extend(next);
                continue;
            }
            '[' if !literal && !in_class => {
                in_class = true;
                out.push('[');
                // A bracket right at the start of a class belongs to it.
                out.extend(chars.next_if_eq(&'^'));
                out.extend(chars.next_if_eq(&']'));
                continue;
            }
            ']' if !literal => in_class = false,
            '$' if !literal && !in_class => {
                out.push_str("\\z");
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// `error in regex at offset N: text`, as Postfix words it. `before` bytes stand in front of the administrator's pattern.
fn message(error: &pcre2::Error, before: usize) -> String {
    let offset = error.offset().unwrap_or(0).saturating_sub(before);
    format!("error in regex at offset {offset}: {}", explain(error))
}

/// The library's own text, without what the Rust crate puts in front: `PCRE2: error matching: `.
fn explain(error: &pcre2::Error) -> String {
    let text = error.to_string();
    text.splitn(3, ": ").nth(2).map_or_else(|| text.clone(), str::to_string)
}
