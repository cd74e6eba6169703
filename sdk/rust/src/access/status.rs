//! Enhanced status codes (RFC 3463) at the head of a text, and their fit to what is refused.

use crate::class;

/// `x.y.z`, borrowed or a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status<'a>(&'a str);

/// The status at the head of `text`, or `default`, and the text after it.
pub fn split_status<'a>(default: &'a str, text: &'a str) -> (Status<'a>, &'a str) {
    let text = text.trim_start();
    let end = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
    if is_status(&text[..end]) { (Status(&text[..end]), text[end..].trim_start()) } else { (Status(default), text) }
}

/// Class 2, 4 or 5, then two numbers of one to three digits.
fn is_status(word: &str) -> bool {
    let mut parts = word.split('.');
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts.next(), Some("2" | "4" | "5"))
        && parts.next().is_some_and(number)
        && parts.next().is_some_and(number)
        && parts.next().is_none()
}

impl<'a> Status<'a> {
    /// As text.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// X.1.Z says something of an address: what it says of recipients is said otherwise of senders, the other way
    /// round, and not at all of what is no address. Other statuses stay.
    pub fn for_class(self, refused: &str) -> Self {
        let Some(detail) = self.0.get(1..).and_then(|rest| rest.strip_prefix(".1.")) else { return self };
        let (sender, recipient) = match detail {
            "1" => ("5.1.7", "5.1.1"),
            "2" | "8" => ("5.1.8", "5.1.2"),
            "3" | "7" => ("5.1.7", "5.1.3"),
            "4" => ("5.1.7", "5.1.4"),
            "5" => ("5.1.0", "5.1.5"),
            "6" => ("5.1.7", "5.1.6"),
            _ => ("5.1.0", "5.1.0"),
        };
        match refused {
            class::SENDER => Status(sender),
            class::RECIPIENT => Status(recipient),
            _ => Status("5.0.0"),
        }
    }
}
