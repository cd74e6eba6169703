//! The argument of `MAIL FROM:` and `RCPT TO:`: smtpd(8) on envelope addresses, strict_rfc821_envelopes, and the lenient
//! reading without it. RFC 5321 section 4.1.2.

/// How to read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Syntax {
    /// strict_rfc821_envelopes: angle brackets and nothing but an address in them.
    pub strict: bool,
    /// SMTPUTF8 was asked for, or may yet be (MAIL's parameters follow the path): the domain may have 8-bit characters.
    pub smtputf8: bool,
}

/// An address read from a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedPath<'a> {
    /// Internal form; empty for `<>`.
    pub address: String,
    /// As given, with its brackets, for replies and log lines.
    pub external: &'a str,
    /// There was a source route (`@a,@b:`); it is not part of `address`: RFC 5321 appendix C.
    pub source_route: bool,
    /// What follows: ESMTP parameters.
    pub rest: &'a str,
}

/// What is wrong with it. All but `Missing` are 501 5.1.7 (sender) or 501 5.1.3 (recipient).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("no address")]
    Missing,
    #[error("unbalanced quote, bracket or parenthesis")]
    Unbalanced,
    #[error("no angle brackets")]
    NoBrackets,
    #[error("more than one address")]
    ManyAddresses,
    #[error("text besides the address")]
    NotOnlyAddress,
    #[error("8-bit character in the domain without SMTPUTF8")]
    EightBit,
}

/// Reads the address at the front of `argument` (what [`crate::command::path_argument`] gives).
pub fn parse(argument: &str, syntax: Syntax) -> Result<ParsedPath<'_>, PathError> {
    if argument.is_empty() {
        return Err(PathError::Missing);
    }
    if argument.contains('\0') {
        return Err(PathError::NotOnlyAddress);
    }
    let end = token_end(argument)?;
    let (external, rest) = argument.split_at(end);
    if syntax.strict && !external.starts_with('<') {
        return Err(PathError::NoBrackets);
    }
    let inner = match external.strip_prefix('<').and_then(|e| e.strip_suffix('>')) {
        Some(inner) => inner,
        None => external,
    };
    let (address, source_route) = mailbox(inner, syntax.strict)?;
    // A local part with 8-bit characters passes, as in Postfix; strict_smtputf8 is the caller's.
    if !syntax.smtputf8 && crate::address::split_domain(&address).1.is_some_and(|domain| !domain.is_ascii()) {
        return Err(PathError::EightBit);
    }
    Ok(ParsedPath { address, external, source_route, rest: rest.trim_start() })
}

/// The first white space that is not inside quotes or brackets.
fn token_end(text: &str) -> Result<usize, PathError> {
    let mut open: Vec<char> = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (c, open.last().copied()) {
            ('\\', Some(_)) => {
                chars.next().ok_or(PathError::Unbalanced)?;
            }
            (c, Some(wanted)) if c == wanted => {
                open.pop();
            }
            (_, Some('"')) => {}
            ('"', _) => open.push('"'),
            ('<', _) => open.push('>'),
            (c, None) if c.is_ascii_whitespace() => return Ok(at),
            _ => {}
        }
    }
    if open.is_empty() { Ok(text.len()) } else { Err(PathError::Unbalanced) }
}

/// One piece of an address: RFC 5322 section 3.2, as far as an envelope needs it.
enum Word<'a> {
    /// Atom, quoted string or domain literal, in internal form. Two of them in a row are two addresses.
    Operand(String),
    /// `.`, `@`, `%`, `!`, `:`: joins what stands around it.
    Operator(char),
    /// `,` or `;`.
    Separator(char),
    Comment,
    /// `<...>` inside: the part that is the address.
    Angle(&'a str),
}

/// One address as it stands between angle brackets, or in an address header: internal form, and whether a source route was
/// taken away. With `strict` nothing but an address may be in it.
pub fn mailbox(text: &str, strict: bool) -> Result<(String, bool), PathError> {
    let words = words(text)?;
    let angle = words.iter().position(|w| matches!(w, Word::Angle(_)));
    if let Some((at, Word::Angle(inner))) = angle.map(|at| (at, &words[at])) {
        let extra = words[at + 1..].iter().any(|w| !matches!(w, Word::Comment));
        return match (extra, strict) {
            (true, _) => Err(PathError::ManyAddresses),
            (false, true) => Err(PathError::NotOnlyAddress),
            (false, false) => mailbox(inner, strict),
        };
    }
    let (address, source_route, other_text) = join(&words)?;
    if strict && (other_text || address.starts_with('@')) {
        return Err(PathError::NotOnlyAddress);
    }
    Ok((address, source_route))
}

/// The one address the words make, whether it had a source route, and whether there was text besides it.
fn join(words: &[Word<'_>]) -> Result<(String, bool, bool), PathError> {
    let mut address = String::new();
    let (mut source_route, mut other_text, mut after_operand, mut ended) = (false, false, false, false);
    for (at, word) in words.iter().enumerate() {
        let begins = matches!(word, Word::Operand(_) | Word::Operator(_));
        if begins && ended {
            return Err(PathError::ManyAddresses);
        }
        match word {
            Word::Operand(_) if after_operand => return Err(PathError::ManyAddresses),
            Word::Operand(text) => {
                address.push_str(text);
                after_operand = true;
                continue;
            }
            // RFC 5321 appendix C: the route of `@a,@b:user@c` is accepted and ignored.
            Word::Operator(':') if address.starts_with('@') => {
                source_route = true;
                address.clear();
            }
            Word::Separator(',')
                if address.starts_with('@') && matches!(words.get(at + 1), Some(Word::Operator('@'))) =>
            {
                address.clear();
            }
            Word::Operator(c) => address.push(*c),
            Word::Separator(c) => {
                // RFC 5322 section 3.4, group: the name of `name: user@c;` is dropped.
                if let (';', Some((_, member))) = (c, address.split_once(':')) {
                    address = member.to_string();
                }
                other_text = true;
                ended = !address.is_empty();
            }
            Word::Comment | Word::Angle(_) => {
                other_text = true;
                continue;
            }
        }
        after_operand = false;
    }
    Ok((address, source_route, other_text))
}

fn words(text: &str) -> Result<Vec<Word<'_>>, PathError> {
    let mut found = Vec::new();
    let mut atom = String::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        at += c.len_utf8();
        if c == '\\' {
            let escaped = text[at..].chars().next().ok_or(PathError::Unbalanced)?;
            atom.push(escaped);
            at += escaped.len_utf8();
            continue;
        }
        if !(c.is_ascii_whitespace() || "\"[(<,;:.@%!".contains(c)) {
            atom.push(c);
            continue;
        }
        if !atom.is_empty() {
            found.push(Word::Operand(std::mem::take(&mut atom)));
        }
        match c {
            '"' | '[' | '<' => {
                let close = match c {
                    '[' => ']',
                    '<' => '>',
                    quote => quote,
                };
                let end = closing(text, start, close)?;
                found.push(match c {
                    '"' => Word::Operand(unescape(&text[start + 1..end])),
                    '[' => Word::Operand(text[start..=end].to_string()),
                    _ => Word::Angle(&text[start + 1..end]),
                });
                at = end + 1;
            }
            // A comment that is not closed reaches to the end, as in Postfix.
            '(' => {
                at = closing(text, start, ')').map_or(text.len(), |end| end + 1);
                found.push(Word::Comment);
            }
            ',' | ';' => found.push(Word::Separator(c)),
            '.' | '@' | '%' | '!' | ':' => found.push(Word::Operator(c)),
            _ => {}
        }
    }
    if !atom.is_empty() {
        found.push(Word::Operand(atom));
    }
    Ok(found)
}

/// Where the quote, bracket or comment opened at `start` closes; comments and angle brackets nest.
fn closing(text: &str, start: usize, close: char) -> Result<usize, PathError> {
    let open = match close {
        ')' => '(',
        '>' => '<',
        _ => '\0',
    };
    let mut depth = 0;
    let mut quoted = false;
    let mut chars = text[start + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '"' if close == '>' => quoted = !quoted,
            _ if quoted => {}
            c if c == close && depth == 0 => return Ok(start + 1 + at),
            c if c == close => depth -= 1,
            c if c == open => depth += 1,
            _ => {}
        }
    }
    Err(PathError::Unbalanced)
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lenient(text: &str) -> Result<(String, bool, &str), PathError> {
        parse(text, Syntax::default()).map(|p| (p.address, p.source_route, p.rest))
    }

    #[test]
    fn what_postfix_takes() {
        for (text, address, routed, rest) in [
            ("<>", "", false, ""),
            ("<a@b> SIZE=10", "a@b", false, "SIZE=10"),
            ("a@b SIZE=10", "a@b", false, "SIZE=10"),
            ("<\"a b\"@c>", "a b@c", false, ""),
            ("<\"a>b\"@c>", "a>b@c", false, ""),
            ("<a\\@b@c>", "a@b@c", false, ""),
            ("<@x,@y:a@b>", "a@b", true, ""),
            ("<@x:a@b>", "a@b", true, ""),
            ("<a@[127.0.0.1]>", "a@[127.0.0.1]", false, ""),
            ("<a@b (comment)>", "a@b", false, ""),
            ("<Joe <a@b>>", "a@b", false, ""),
            ("<a\\ b@c>", "a b@c", false, ""),
            ("<a . b @ c>", "a.b@c", false, ""),
            ("<\"a\".b@c>", "a.b@c", false, ""),
            ("<a:b@c>", "a:b@c", false, ""),
            ("<g:a@b;>", "a@b", false, ""),
            ("<a@b;>", "a@b", false, ""),
            ("<a(x@b>", "a", false, ""),
            ("<a<b@c>>", "b@c", false, ""),
            ("<(x)>", "", false, ""),
            ("<\"\"@c>", "@c", false, ""),
            ("<a@@b>", "a@@b", false, ""),
            ("<d\u{e9}@b>", "d\u{e9}@b", false, ""),
        ] {
            assert_eq!(lenient(text), Ok((address.to_string(), routed, rest)), "{text}");
        }
    }

    #[test]
    fn what_postfix_refuses() {
        let strict = Syntax { strict: true, smtputf8: false };
        for (text, syntax, error) in [
            ("", Syntax::default(), PathError::Missing),
            ("<a@b", Syntax::default(), PathError::Unbalanced),
            ("<\"a@b>", Syntax::default(), PathError::Unbalanced),
            ("<a@b,c@d>", Syntax::default(), PathError::ManyAddresses),
            ("<a b@c>", Syntax::default(), PathError::ManyAddresses),
            ("<\"a\"b@c>", Syntax::default(), PathError::ManyAddresses),
            ("<a@b>x", Syntax::default(), PathError::ManyAddresses),
            ("<a@b;x>", Syntax::default(), PathError::ManyAddresses),
            ("<a,@b>", Syntax::default(), PathError::ManyAddresses),
            ("a@b", strict, PathError::NoBrackets),
            ("<a@b (comment)>", strict, PathError::NotOnlyAddress),
            ("<Joe <a@b>>", strict, PathError::NotOnlyAddress),
            ("<a@d\u{e9}>", Syntax::default(), PathError::EightBit),
        ] {
            assert_eq!(parse(text, syntax), Err(error), "{text}");
        }
    }

    #[test]
    fn nothing_panics() {
        for text in ["<", ">", "\\", "<\\", "\"", "<(", "<[", "<é\\", "<\"\\\"", "<:>", "<,>", "<@:>", "<@,@>", "<<>>"]
        {
            for strict in [false, true] {
                let _ = parse(text, Syntax { strict, smtputf8: false });
            }
        }
    }
}
