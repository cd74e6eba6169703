//! SMTP command lines: RFC 5321 section 4.1.1. Which verbs exist, and what their arguments mean, smtpd knows.

/// The verb in upper case and the rest of the line without white space around it.
pub fn split(line: &str) -> (String, &str) {
    let line = line.trim_matches(|c: char| c.is_ascii_whitespace());
    let end = line.find(|c: char| c.is_ascii_whitespace()).unwrap_or(line.len());
    (line[..end].to_ascii_uppercase(), line[end..].trim_start())
}

/// What follows the keyword and colon of `MAIL FROM:` or `RCPT TO:`, white space after the colon skipped as Postfix does.
/// None when the keyword is another.
pub fn path_argument<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let (given, after) = rest.split_at_checked(keyword.len())?;
    let after = given.eq_ignore_ascii_case(keyword).then_some(after)?;
    Some(after.strip_prefix(':')?.trim_start_matches(|c: char| c.is_ascii_whitespace()))
}

/// `NAME=value NAME` after a path: RFC 5321 section 4.1.2, esmtp-param. Names as given; unknown ones are for the caller.
pub fn esmtp_parameters(rest: &str) -> Vec<(&str, Option<&str>)> {
    rest.split_ascii_whitespace()
        .map(|parameter| match parameter.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (parameter, None),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_paths_and_parameters() {
        assert_eq!(split("  mail  FROM:<a@b> SIZE=1 "), ("MAIL".into(), "FROM:<a@b> SIZE=1"));
        assert_eq!(split(""), (String::new(), ""));
        assert_eq!(path_argument("from: <a>", "FROM"), Some("<a>"));
        assert_eq!(path_argument("TO:<a>", "FROM"), None);
        assert_eq!(path_argument("FROM <a>", "FROM"), None);
        assert_eq!(path_argument("é", "F"), None);
        assert_eq!(
            esmtp_parameters("SIZE=12 SMTPUTF8 ENVID=a=b"),
            [("SIZE", Some("12")), ("SMTPUTF8", None), ("ENVID", Some("a=b"))]
        );
    }
}
