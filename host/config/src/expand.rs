//! `$name` expansion: every form postconf(5) describes under "The general format of the main.cf file".
//!
//! As in Postfix only the branch of a conditional that is taken is read for further references; what stands in the other one
//! is not even checked for syntax. [`references`] reads both, which is how unused parameters are found.

use std::cell::RefCell;

use thiserror::Error;

use crate::compatibility_level;

/// The nesting Postfix accepts before it calls the expansion unreasonable. A parameter that refers to itself ends here.
const MAX_NESTING: usize = 100;

const WHITESPACE: &[char] = &[' ', '\t', '\r', '\n'];

/// Why a text with `$name` in it has no value. The words are Postfix's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExpandError {
    #[error("truncated macro reference: \"{0}\"")]
    Truncated(String),
    #[error("empty macro name: \"{0}\"")]
    EmptyName(String),
    #[error("attribute name syntax error at: \"...{before}>>>{at}\"")]
    NameSyntax { before: String, at: String },
    #[error("unbalanced {{}} in attribute expression: \"{0}\"")]
    Unbalanced(String),
    #[error("\"==\" or \"!=\"\" or \"<\"\" or \"<=\"\" or \">=\"\" or \">\" expected at: \"...{left}}}>>>{at}\"")]
    OperatorExpected { left: String, at: String },
    #[error("\"{{expression}}\" expected at: \"...{{{left}}} {operator}>>>{at}\"")]
    ExpressionExpected { left: String, operator: String, at: String },
    #[error("\"?\" or \":\" expected at: \"...}}>>>{0}\"")]
    QuestionExpected(String),
    #[error("\":\" expected at: \"...{before}}}>>>{at}\"")]
    ColonExpected { before: String, at: String },
    #[error("unexpected input at: \"...{before}}}>>>{at}\"")]
    UnexpectedInput { before: String, at: String },
    /// The parameter refers to itself, directly or through others.
    #[error("unreasonable macro call nesting: \"{0}\"")]
    Nesting(String),
    #[error("malformed compatibility level syntax: \"{0}\"")]
    CompatibilityLevel(String),
}

/// Gives the unexpanded value of a name; `None` when the name is not defined. The number is the nesting depth, for values that
/// must be computed from other parameters.
pub(crate) type Lookup<'a> = dyn Fn(&str, usize) -> Result<Option<String>, ExpandError> + 'a;

/// The value of `text` after expansion. An undefined name is empty, as in every Postfix daemon.
pub(crate) fn expand(text: &str, lookup: &Lookup, level: usize) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(text.len());
    Expander { lookup, scan: false }.text(text, level, &mut out)?;
    Ok(out)
}

/// The names `text` refers to, in both branches of every conditional, in order. What follows a syntax error is not seen.
pub fn references(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    // A syntax error is reported where the value is used; here it only ends the scan.
    let _ = scan_into(text, &mut names);
    names
}

/// Whether the syntax of `text` is right.
///
/// # Errors
/// The first thing that is wrong.
pub fn scan(text: &str) -> Result<(), ExpandError> {
    scan_into(text, &mut Vec::new())
}

fn scan_into(text: &str, names: &mut Vec<String>) -> Result<(), ExpandError> {
    let found = RefCell::new(names);
    let collect = |name: &str, _: usize| {
        found.borrow_mut().push(name.to_string());
        Ok(None)
    };
    Expander { lookup: &collect, scan: true }.text(text, 0, &mut String::new())
}

struct Expander<'a> {
    lookup: &'a Lookup<'a>,
    scan: bool,
}

impl Expander<'_> {
    fn text(&self, text: &str, level: usize, out: &mut String) -> Result<(), ExpandError> {
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            out.push_str(&rest[..dollar]);
            rest = &rest[dollar + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
                continue;
            }
            let (reference, after) = split_reference(rest, text)?;
            self.reference(reference, level, out)?;
            rest = after;
        }
        out.push_str(rest);
        Ok(())
    }

    /// What stands between `${` and `}`, or the name after a bare `$`.
    fn reference(&self, body: &str, level: usize, out: &mut String) -> Result<(), ExpandError> {
        if level > MAX_NESTING {
            return Err(ExpandError::Nesting(body.to_string()));
        }
        let level = level + 1;
        let trimmed = body.trim_start_matches(WHITESPACE);
        let (value, rest) = if trimmed.starts_with('{') {
            let (truth, rest) = self.comparison(trimmed, level)?;
            if !rest.is_empty() && !rest.starts_with(['?', ':']) {
                return Err(ExpandError::QuestionExpected(shortened(rest)));
            }
            (Some(if truth { "true" } else { "" }.to_string()), rest)
        } else {
            let (name, rest) = split_name(body, trimmed)?;
            ((self.lookup)(name, level)?, rest)
        };
        if rest.is_empty() {
            return match value {
                Some(value) if !self.scan => self.text(&value, level, out),
                _ => Ok(()),
            };
        }
        // "Not empty" is decided on the unexpanded value: with `a = $b` and an empty b, `${a?x}` is x.
        self.conditional(value.is_some_and(|value| !value.is_empty()), rest, level, out)
    }

    /// `?text`, `?{text}`, `:text`, `:{text}`, `?{text}:{text}`, `?{text}:text`; `rest` starts at the operator.
    fn conditional(&self, holds: bool, rest: &str, level: usize, out: &mut String) -> Result<(), ExpandError> {
        let mut rest = rest;
        if let Some(after) = rest.strip_prefix('?') {
            let (branch, after) = split_branch(after)?;
            if holds || self.scan {
                self.text(branch, level, out)?;
            }
            if after.is_empty() {
                return Ok(());
            }
            if !after.starts_with(':') {
                return Err(ExpandError::ColonExpected { before: branch.to_string(), at: shortened(after) });
            }
            rest = after;
        }
        let (branch, after) = split_branch(&rest[1..])?;
        if !holds || self.scan {
            self.text(branch, level, out)?;
        }
        if !after.is_empty() {
            return Err(ExpandError::UnexpectedInput { before: branch.to_string(), at: shortened(after) });
        }
        Ok(())
    }

    /// `{left} operator {right}`; returns its truth and what follows.
    fn comparison<'t>(&self, text: &'t str, level: usize) -> Result<(bool, &'t str), ExpandError> {
        let (left, rest) = split_braces(text)?;
        let Some((operator, length)) = Operator::at_start_of(rest) else {
            return Err(ExpandError::OperatorExpected { left: left.to_string(), at: shortened(rest) });
        };
        let after = &rest[length..];
        let brace = after.trim_start_matches(WHITESPACE);
        if !brace.starts_with('{') {
            return Err(ExpandError::ExpressionExpected {
                left: left.to_string(),
                operator: rest[..length].to_string(),
                at: shortened(after),
            });
        }
        let (right, rest) = split_braces(brace)?;
        let (mut left_value, mut right_value) = (String::new(), String::new());
        self.text(left, level, &mut left_value)?;
        self.text(right, level, &mut right_value)?;
        if self.scan {
            return Ok((false, rest));
        }
        Ok((operator.holds(&left_value, &right_value)?, rest))
    }
}

// === operators ===

#[derive(Clone, Copy)]
struct Operator {
    sign: &'static str,
    /// `<level` and its like compare compatibility levels part by part: 3.6 is less than 3.10.
    level: bool,
}

impl Operator {
    fn at_start_of(text: &str) -> Option<(Operator, usize)> {
        let end = text.find(|c: char| !"<>!=?+-*/~&|%".contains(c)).unwrap_or(text.len());
        let sign = *["==", "!=", "<", "<=", ">=", ">"].iter().find(|sign| **sign == &text[..end])?;
        let level = text[end..].starts_with("level");
        Some((Operator { sign, level }, end + if level { "level".len() } else { 0 }))
    }

    fn holds(self, left: &str, right: &str) -> Result<bool, ExpandError> {
        let order = if self.level {
            let level = |text: &str| {
                compatibility_level::parse(text).ok_or_else(|| ExpandError::CompatibilityLevel(text.to_string()))
            };
            level(left)?.cmp(&level(right)?)
        } else {
            match (all_digits(left), all_digits(right)) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => left.as_bytes().cmp(right.as_bytes()),
            }
        };
        Ok(match self.sign {
            "==" => order.is_eq(),
            "!=" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">=" => order.is_ge(),
            _ => order.is_gt(),
        })
    }
}

/// The number, when the text is digits and nothing else; only then is a comparison numerical.
fn all_digits(text: &str) -> Option<u64> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

// === splitting ===

/// Splits what follows a `$` into the reference and the rest. `whole` is for the error text.
fn split_reference<'t>(text: &'t str, whole: &str) -> Result<(&'t str, &'t str), ExpandError> {
    let (reference, rest) = match text.as_bytes().first() {
        Some(b'{') => balanced(text, b'{', b'}').ok_or_else(|| ExpandError::Truncated(whole.to_string()))?,
        Some(b'(') => balanced(text, b'(', b')').ok_or_else(|| ExpandError::Truncated(whole.to_string()))?,
        _ => text.split_at(text.find(|c: char| !is_name_character(c)).unwrap_or(text.len())),
    };
    if reference.is_empty() {
        return Err(ExpandError::EmptyName(whole.to_string()));
    }
    Ok((reference, rest))
}

/// Splits `name`, `name ? ...` or `name : ...` into the name and what begins at the operator.
fn split_name<'t>(body: &str, trimmed: &'t str) -> Result<(&'t str, &'t str), ExpandError> {
    let end = trimmed.find(|c: char| !is_name_character(c)).unwrap_or(trimmed.len());
    let (name, rest) = trimmed.split_at(end);
    let operator = rest.trim_start_matches(WHITESPACE);
    if operator.is_empty() || operator.starts_with(['?', ':']) {
        return Ok((name, operator));
    }
    let skipped = body.len() - trimmed.len();
    Err(ExpandError::NameSyntax { before: body[..skipped + end].to_string(), at: shortened(rest) })
}

/// Splits a branch of a conditional from the rest: `{text}` ends at its brace, text without braces runs to the end.
fn split_branch(text: &str) -> Result<(&str, &str), ExpandError> {
    let trimmed = text.trim_start_matches(WHITESPACE);
    if trimmed.starts_with('{') { split_braces(trimmed) } else { Ok((text, "")) }
}

/// Splits `{payload}  rest` into the payload, kept as it is, and the rest without white space before it.
fn split_braces(text: &str) -> Result<(&str, &str), ExpandError> {
    let (payload, rest) = balanced(text, b'{', b'}').ok_or_else(|| ExpandError::Unbalanced(text.to_string()))?;
    Ok((payload, rest.trim_start_matches(WHITESPACE)))
}

/// `text` starts with `open`; gives what stands inside the matching pair and what follows it.
fn balanced(text: &str, open: u8, close: u8) -> Option<(&str, &str)> {
    let mut depth = 0usize;
    for (index, byte) in text.bytes().enumerate() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some((&text[1..index], &text[index + 1..]));
            }
        }
    }
    None
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The first 20 characters, as much as Postfix shows of the place of an error.
fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests;
