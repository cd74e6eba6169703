//! aliases(5) text: `name: value, value`, in the words of RFC 822.

use crate::{keyed::Entry, logical_line::logical_lines};

/// Keys in internal form, values in external form with one blank after each comma, as postalias(1) stores them.
pub(crate) fn aliases_text(file: &str, content: &[u8], warn: &dyn Fn(&str), take: &mut dyn FnMut(Entry<'_>)) {
    for line in logical_lines(file, content, warn) {
        let place = format!("{file}, line {}", line.number);
        let words = scan(&line.text);
        if words.is_empty() {
            continue;
        }
        let colon = words.iter().position(|word| *word == Word::Special(':'));
        let (name, value) = match colon {
            Some(at) if at > 0 && at + 1 < words.len() && !words[..at].contains(&Word::Special(',')) => {
                (&words[..at], &words[at + 1..])
            }
            _ => {
                warn(&format!("{place}: need name:value pair"));
                continue;
            }
        };
        if name.contains(&Word::Special('@')) || name.contains(&Word::Special('%')) {
            warn(&format!("{place}: name must be local"));
            continue;
        }
        take(Entry { place: &place, key: &text(name, false), value: text(value, true) });
    }
}

/// RFC 822 section 3.3, with Postfix's additional specials `|`, `%` and `!`.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    Atom(String),
    /// Without its quotes and backslashes.
    Quoted(String),
    /// With its brackets or parentheses.
    Enclosed(String),
    Special(char),
}

const SPECIALS: &str = "|%!()<>@,;:\\\".[]";

fn scan(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_ascii_whitespace() => {}
            '"' => words.push(Word::Quoted(quoted(&mut rest))),
            '(' => words.push(Word::Enclosed(enclosed('(', ')', &mut rest))),
            '[' => words.push(Word::Enclosed(enclosed('[', ']', &mut rest))),
            c if c != '\\' && SPECIALS.contains(c) => words.push(Word::Special(c)),
            mut c => {
                let mut atom = String::new();
                loop {
                    atom.push(if c == '\\' { rest.next().unwrap_or('\\') } else { c });
                    let ends = |c: &char| c.is_ascii_whitespace() || (*c != '\\' && SPECIALS.contains(*c));
                    match rest.next_if(|c| !ends(c)) {
                        Some(next) => c = next,
                        None => break,
                    }
                }
                let must_quote = |c: char| c.is_ascii_whitespace() || c.is_ascii_control() || SPECIALS.contains(c);
                words.push(if atom.contains(must_quote) { Word::Quoted(atom) } else { Word::Atom(atom) });
            }
        }
    }
    words
}

fn quoted(rest: &mut impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => out.extend(rest.next()),
            c => out.push(c),
        }
    }
    out
}

/// A comment, which may nest, or a domain literal.
fn enclosed(open: char, close: char, rest: &mut impl Iterator<Item = char>) -> String {
    let mut out = String::from(open);
    let mut depth = 1;
    while let Some(c) = rest.next() {
        out.push(c);
        match c {
            '\\' => out.extend(rest.next()),
            c if c == open && open == '(' => depth += 1,
            c if c == close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    out
}

/// The words in external (quoted) or internal form. A blank only where two words would run together.
fn text(words: &[Word], external: bool) -> String {
    let mut out = String::new();
    for (index, word) in words.iter().enumerate() {
        match word {
            Word::Quoted(inner) if external => {
                out.push('"');
                for c in inner.chars() {
                    if matches!(c, '"' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
                out.push('"');
            }
            Word::Atom(inner) | Word::Quoted(inner) | Word::Enclosed(inner) => out.push_str(inner),
            Word::Special(c) => out.push(*c),
        }
        let Some(next) = words.get(index + 1) else { break };
        let is_operator = |word: &Word| matches!(word, Word::Special(_));
        let blank =
            *word == Word::Special(',') || *next == Word::Special('<') || (!is_operator(word) && !is_operator(next));
        if blank {
            out.push(' ');
        }
    }
    out
}
