//! Long lines of notices, broken between words.

/// How far the lines after the first are moved to the right.
const INDENT: &str = "    ";

/// Breaks at spaces so that a line has at most `limit` characters; longer words stay whole. Lines after the first are indented.
pub fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let fits = line.chars().count() + 1 + word.chars().count() <= limit;
        if line.is_empty() {
            line.push_str(word);
        } else if fits {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(std::mem::replace(&mut line, format!("{INDENT}{word}")));
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn at_the_last_space_that_fits() {
        assert_eq!(wrap("aaa bbb ccc", 11), ["aaa bbb ccc"]);
        assert_eq!(wrap("aaa bbb ccc", 10), ["aaa bbb", "    ccc"]);
        assert_eq!(wrap("aaaaaaaa bbb", 4), ["aaaaaaaa", "    bbb"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
