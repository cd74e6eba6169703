//! Which rules of a regexp or pcre table a text may match, found in one pass over the text.
//!
//! Most lines match nothing. Each pattern that is simple enough is translated for an automaton that runs all of them at once.
//! A translation may match more than its pattern and never less: what it does not match, the pattern does not. The pattern's
//! own library has the last word about the rest, so no result depends on this file, only how soon it is there.

use regex::bytes::{RegexSet, RegexSetBuilder, SetMatches};

/// Fewer patterns are as fast one by one.
const WORTH_IT: usize = 4;
/// Bytes of the compiled set, and of the states it remembers.
const SIZE: usize = 64 * 1024 * 1024;
const STATES: usize = 8 * 1024 * 1024;
/// Higher repetitions count as "or more": they would make the automaton large.
const REPEAT: u32 = 20;

/// How an expression is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Posix,
    Perl,
}

/// A pattern in the syntax of the automaton; none where it is not simple enough.
pub(crate) fn translate(pattern: &str, syntax: Syntax, ignore_case: bool, multi_line: bool) -> Option<String> {
    let flags = if ignore_case { "(?is-u:" } else { "(?s-u:" };
    let mut translation = Translation { rest: pattern, syntax, multi_line, out: flags.to_string() };
    translation.run()?;
    translation.out.push(')');
    Some(translation.out)
}

/// The patterns of a table.
pub(crate) struct Candidates {
    set: RegexSet,
}

impl Candidates {
    /// None: not worth it, or too large.
    pub fn new(translated: &[String]) -> Option<Self> {
        if translated.len() < WORTH_IT {
            return None;
        }
        let set = RegexSetBuilder::new(translated).size_limit(SIZE).dfa_size_limit(STATES).build().ok()?;
        Some(Self { set })
    }

    /// The translated patterns that match; none of them: None.
    pub fn of(&self, text: &[u8]) -> Option<SetMatches> {
        if !self.set.is_match(text) {
            return None;
        }
        Some(self.set.matches(text))
    }
}

struct Translation<'p> {
    rest: &'p str,
    syntax: Syntax,
    multi_line: bool,
    out: String,
}

impl Translation<'_> {
    fn run(&mut self) -> Option<()> {
        let mut depth = 0_u32;
        // A quantifier needs something before it.
        let mut repeatable = false;
        while let Some(c) = self.take() {
            let mut atom = true;
            match c {
                '(' => {
                    let special = self.rest.starts_with(['?', '*']);
                    if special && !(self.syntax == Syntax::Perl && self.skip("?:")) {
                        return None;
                    }
                    self.out.push_str("(?:");
                    depth += 1;
                    atom = false;
                }
                ')' => {
                    depth = depth.checked_sub(1)?;
                    self.out.push(')');
                }
                '|' => {
                    self.out.push('|');
                    atom = false;
                }
                '^' => {
                    self.out.push_str(if self.multi_line { "(?:)" } else { "\\A" });
                    atom = false;
                }
                '$' => {
                    // Before a last line end, too (PCRE). Elsewhere than at the end it could be anything.
                    let last = self.rest.is_empty() && !self.multi_line;
                    self.out.push_str(if last { "\\n?\\z" } else { "(?:)" });
                    atom = false;
                }
                '.' => self.out.push('.'),
                '[' => self.class()?,
                '\\' => self.escape()?,
                '*' | '+' | '?' if repeatable => {
                    self.out.push(c);
                    self.quantified();
                    atom = false;
                }
                '{' if repeatable => {
                    self.repetition()?;
                    self.quantified();
                    atom = false;
                }
                '*' | '+' | '?' | '{' => return None,
                c => self.literal(c)?,
            }
            repeatable = atom;
        }
        (depth == 0).then_some(())
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn skip(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Bytes, as the libraries count outside their UTF-8 modes: a character of more than one byte is no single thing.
    fn literal(&mut self, c: char) -> Option<()> {
        if !c.is_ascii() {
            return None;
        }
        self.out.push_str(&format!("\\x{:02x}", c as u8));
        Some(())
    }

    /// `*?` and `*+` match where `*` does, or less.
    fn quantified(&mut self) {
        if self.syntax == Syntax::Perl && self.rest.starts_with(['?', '+']) {
            self.take();
        }
    }

    fn repetition(&mut self) -> Option<()> {
        let (inside, after) = self.rest.split_once('}')?;
        let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
        let least: u32 = least.parse().ok()?;
        let most = if most.is_empty() { u32::MAX } else { most.parse().ok()? };
        if least > most {
            return None;
        }
        self.rest = after;
        let text = match (least.min(REPEAT), most) {
            (least, most) if most > REPEAT => format!("{{{least},}}"),
            (least, most) => format!("{{{least},{most}}}"),
        };
        self.out.push_str(&text);
        Some(())
    }

    fn escape(&mut self) -> Option<()> {
        let c = self.take()?;
        let perl = self.syntax == Syntax::Perl;
        let class = match c {
            'd' if perl => "[0-9]",
            'D' if perl => "[^0-9]",
            'w' => "[0-9A-Za-z_]",
            'W' => "[^0-9A-Za-z_]",
            's' => "[\\x09-\\x0d ]",
            'S' => "[^\\x09-\\x0d ]",
            'b' if perl => "(?:)",
            'n' if perl => "\\x0a",
            'r' if perl => "\\x0d",
            't' if perl => "\\x09",
            c if c.is_ascii_punctuation() && !matches!(c, '<' | '>' | '`' | '\'') => return self.literal(c),
            _ => return None,
        };
        // An empty match cannot be repeated everywhere alike.
        if class == "(?:)" && self.rest.starts_with(['*', '+', '?', '{']) {
            return None;
        }
        self.out.push_str(class);
        Some(())
    }

    /// `[a-z[:digit:]]`
    fn class(&mut self) -> Option<()> {
        let mut class = String::from(if self.skip("^") { "[^" } else { "[" });
        let mut first = true;
        loop {
            let c = self.take()?;
            match c {
                ']' if !first => break,
                '[' if self.rest.starts_with(':') => {
                    let (name, after) = self.rest[1..].split_once(":]")?;
                    let known = ["alpha", "digit", "alnum", "upper", "lower", "space", "punct", "xdigit", "cntrl"];
                    if !known.contains(&name) {
                        return None;
                    }
                    class.push_str(&format!("[:{name}:]"));
                    self.rest = after;
                }
                '[' if self.rest.starts_with(['.', '=']) => return None,
                '\\' if self.syntax == Syntax::Perl => match self.take()? {
                    'd' => class.push_str("0-9"),
                    'w' => class.push_str("0-9A-Za-z_"),
                    's' => class.push_str("\\x09-\\x0d "),
                    'n' => class.push_str("\\x0a"),
                    'r' => class.push_str("\\x0d"),
                    't' => class.push_str("\\x09"),
                    c if c.is_ascii_punctuation() => class.push_str(&format!("\\x{:02x}", c as u8)),
                    _ => return None,
                },
                // A range if it stands between two characters; the automaton's own parser refuses odd ones.
                '-' if !first && !self.rest.starts_with(']') => class.push('-'),
                c if c.is_ascii() => class.push_str(&format!("\\x{:02x}", c as u8)),
                _ => return None,
            }
            first = false;
        }
        class.push(']');
        // What the parser would refuse must not take the whole set with it.
        regex::bytes::Regex::new(&format!("(?s-u:{class})")).ok()?;
        self.out.push_str(&class);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        pattern::Engine,
        pcre::Pcre,
        posix_regex::{Flags, PosixRegex},
    };

    const PATTERNS: &[&str] = &[
        "^Subject: .*buy now",
        "viagra|cialis",
        "^X-[A-Za-z-]+: yes$",
        "[^a-z]free[^a-z]",
        "a{2,3}b",
        "a{100}",
        "(ab)+c?$",
        "^(From|To): .*@example\\.com",
        "\\.(exe|com|bat)\"?$",
        "foo$\\s",
        "[[:digit:]]{4}",
        "[]x]y",
        "[^]]z",
        "^$",
        "x*",
        "\\bword\\b",
        "a.*?b",
        "tab\there",
        "(?:x|y)z",
        "a|b|",
        "[a-]b",
        "\\$\\d+",
        "\\w+@\\w+",
        "(a(b(c)))",
        "é",
        "[é]",
        "a++b",
        "^.{3}x",
        "end.$",
        "\\(paren\\)",
        "[.]dot",
        "^\\s*$",
        "[0-9]+%",
        "it's",
        "a{,3}",
    ];

    const TEXTS: &[&str] = &[
        "",
        "Subject: buy now",
        "SUBJECT: you should BUY NOW\n",
        "viagra",
        "X-Spam: yes",
        "X-Spam: yes\n",
        "is free!",
        "free",
        "aab",
        "aaab",
        "ababc",
        "From: joe@example.com",
        "name=\"a.exe\"",
        "foo\n",
        "foo \n",
        "1234",
        "]y",
        "xy",
        "az",
        "]z",
        "a word here",
        "awordy",
        "a b",
        "tab\there",
        "xz",
        "-b",
        "$10",
        "joe@host",
        "abc",
        "é",
        "\u{e9}t",
        "abcx",
        "end!",
        "end!\n",
        "(paren)",
        "a.dot",
        "  ",
        "50%",
        "it's",
        "it is",
        "\n",
        "a\nb",
    ];

    fn superset(syntax: Syntax, matches: impl Fn(&str, &[u8]) -> Option<bool>) {
        let mut translated = 0;
        for pattern in PATTERNS {
            for ignore_case in [true, false] {
                let Some(text) = translate(pattern, syntax, ignore_case, false) else { continue };
                let automaton = regex::bytes::Regex::new(&text).unwrap_or_else(|e| panic!("{pattern}: {text}: {e}"));
                translated += 1;
                for subject in TEXTS.iter().map(|text| text.as_bytes()).chain([&b"caf\xe9 \xff"[..]]) {
                    let found = matches(pattern, subject).unwrap_or(false);
                    assert!(
                        !found || automaton.is_match(subject),
                        "{pattern} matches {:?}, its translation {text} does not",
                        String::from_utf8_lossy(subject)
                    );
                }
            }
        }
        assert!(translated > 40, "only {translated} patterns are simple enough");
    }

    #[test]
    fn a_translation_never_misses_what_the_library_finds() {
        let pcre = |pattern: &str, text: &[u8]| {
            let mut flags = Pcre::default_flags();
            // The default ignores case: the sharper test is without.
            Pcre::toggle(&mut flags, 'i');
            Pcre::compile(pattern, flags).ok()?.find(text, &mut []).ok()
        };
        superset(Syntax::Perl, pcre);
        let posix = |pattern: &str, text: &[u8]| {
            let flags = Flags { extended: true, ignore_case: false, newline: false };
            PosixRegex::new(pattern, flags).ok()?.find(text, &mut []).ok()
        };
        superset(Syntax::Posix, posix);
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        for pattern in
            ["(?=x)", "(a)\\1", "\\Qx\\E", "(?i)x", "a**", "*a", "\\xff", "(", ")", "[a", "é+", "[[.a.]]", "a{2"]
        {
            assert_eq!(translate(pattern, Syntax::Perl, true, false), None, "{pattern}");
        }
    }

    #[test]
    fn a_set_names_its_candidates() {
        let patterns = ["^a", "b$", "c+", "[0-9]"];
        let all: Vec<String> = patterns.iter().filter_map(|p| translate(p, Syntax::Perl, true, false)).collect();
        let candidates = Candidates::new(&all).expect("enough of them");
        assert!(candidates.of(b"xyz").is_none());
        assert_eq!(candidates.of(b"A 7").map(|set| set.iter().collect::<Vec<_>>()), Some(vec![0, 3]));
        assert!(Candidates::new(&all[..2]).is_none());
    }
}
