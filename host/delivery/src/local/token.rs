//! The destinations in an alias or in a line of a forwarding file: an RFC 822 address list whose addresses may be files,
//! commands and :include: files.

/// Operators of RFC 822, and Postfix's own.
const OPERATORS: &str = "|%!()<>@,;:\\\".[]";

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// An atom, a quoted string without its quotes, a domain literal.
    Word(String),
    Operator(char),
}

/// In order, in internal form: `"|cmd a"` without its quotes. Comments are left out; a comma is understood between words.
pub fn destinations(text: &str) -> Vec<String> {
    let tokens = scan(text);
    let mut found = Vec::new();
    let (mut right, mut at) = (tokens.len(), tokens.len());
    let (mut word_may_follow, mut in_group) = (true, false);
    // From right to left: only then it is known whether a colon opens a group, and what an angle bracket closes.
    while at > 0 {
        let here = at - 1;
        match &tokens[here] {
            Token::Operator(';') => {
                take(&tokens[at..right], &mut found);
                (right, word_may_follow, in_group) = (here, true, true);
            }
            Token::Operator(':') if in_group => {
                take(&tokens[at..right], &mut found);
                at = skip_to(&tokens, here, |c| c == ',');
                right = at;
                continue;
            }
            Token::Operator('>') => {
                take(&tokens[at..right], &mut found);
                let open = skip_to(&tokens, here, |c| c == '<');
                take(&tokens[open..here], &mut found);
                at = skip_to(&tokens, open.saturating_sub(1), |c| ">;,:".contains(c));
                (right, word_may_follow) = (at, true);
                continue;
            }
            Token::Operator(',') => {
                take(&tokens[at..right], &mut found);
                (right, word_may_follow) = (here, true);
            }
            Token::Operator(_) => word_may_follow = true,
            Token::Word(_) => {
                if !word_may_follow {
                    take(&tokens[at..right], &mut found);
                    right = at;
                }
                word_may_follow = false;
            }
        }
        at = here;
    }
    take(&tokens[..right], &mut found);
    found.reverse();
    found
}

/// Behind the next such operator to the left of `from`, or the start.
fn skip_to(tokens: &[Token], from: usize, stop: impl Fn(char) -> bool) -> usize {
    let stops = |token: &Token| matches!(token, Token::Operator(c) if stop(*c));
    tokens[..from].iter().rposition(stops).map_or(0, |at| at + 1)
}

fn take(tokens: &[Token], found: &mut Vec<String>) {
    let text: String = tokens
        .iter()
        .map(|token| match token {
            Token::Word(word) => word.clone(),
            Token::Operator(c) => c.to_string(),
        })
        .collect();
    // A comma at the right end belongs to no address.
    let text = text.trim_end_matches(',');
    if !text.is_empty() {
        found.push(text.to_string());
    }
}

fn scan(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_ascii_whitespace() => {}
            '(' => comment(&mut rest),
            '"' => tokens.push(Token::Word(until('"', &mut rest))),
            '[' => tokens.push(Token::Word(format!("[{}]", until(']', &mut rest)))),
            c if c != '\\' && OPERATORS.contains(c) => tokens.push(Token::Operator(c)),
            first => {
                let mut word = String::new();
                let mut next = Some(first);
                while let Some(c) = next {
                    if c == '\\' {
                        word.extend(rest.next());
                    } else {
                        word.push(c);
                    }
                    next = rest.next_if(|c| !c.is_ascii_whitespace() && (*c == '\\' || !OPERATORS.contains(*c)));
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    tokens
}

fn until(close: char, rest: &mut impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.extend(rest.next()),
            c if c == close => break,
            c => out.push(c),
        }
    }
    out
}

fn comment(rest: &mut impl Iterator<Item = char>) {
    let mut depth = 1;
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_as_postfix_reads_them() {
        for (text, expected) in [
            ("joe, jane@x.test", &["joe", "jane@x.test"][..]),
            ("joe jane", &["joe", "jane"]),
            ("\"|/bin/cmd -a 'b c'\", /file, \"/with blank/\"", &["|/bin/cmd -a 'b c'", "/file", "/with blank/"]),
            ("|cmd arg", &["|cmd", "arg"]),
            (":include:/a/list, x", &[":include:/a/list", "x"]),
            ("\":include:/a list\"", &[":include:/a list"]),
            ("\\joe, \"\\\\joe\"", &["joe", "\\joe"]),
            ("Joe Doe <joe.doe@x.test>, (comment, here) jane", &["joe.doe@x.test", "jane"]),
            ("\"Doe, Joe\" <joe>", &["joe"]),
            ("friends: a, b@c;, d", &["a", "b@c", "d"]),
            ("a!b%c@[1.2.3.4]", &["a!b%c@[1.2.3.4]"]),
            ("~/mail, ~joe/x", &["~/mail", "~joe/x"]),
            ("a,, ,b,", &["a", "b"]),
            ("", &[]),
            (" , ;", &[]),
            ("<>", &[]),
            ("\"unfinished", &["unfinished"]),
            ("a <b", &["a<b"]),
        ] {
            assert_eq!(destinations(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_list(text in "\\PC{0,60}|[a<>;:,\" ()\\[\\]\\\\|]{0,40}") {
            destinations(&text);
        }
    }
}
