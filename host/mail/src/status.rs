//! Enhanced status codes: RFC 3463.

use std::{fmt, str::FromStr};

/// First digit of a status or reply: what became of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    Success = 2,
    Temporary = 4,
    Permanent = 5,
}

impl Class {
    /// 2, 4 or 5.
    pub fn digit(self) -> u16 {
        self as u16
    }

    /// The class of a reply code; none for 1xx, 3xx and nonsense.
    pub fn of_code(code: u16) -> Option<Self> {
        match code / 100 {
            2 => Some(Class::Success),
            4 => Some(Class::Temporary),
            5 => Some(Class::Permanent),
            _ => None,
        }
    }
}

/// `class.subject.detail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    pub class: Class,
    /// 0 to 999.
    pub subject: u16,
    /// 0 to 999.
    pub detail: u16,
}

impl Status {
    pub const fn new(class: Class, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// `2.subject.detail`.
    pub const fn success(subject: u16, detail: u16) -> Self {
        Self::new(Class::Success, subject, detail)
    }

    /// `4.subject.detail`.
    pub const fn temporary(subject: u16, detail: u16) -> Self {
        Self::new(Class::Temporary, subject, detail)
    }

    /// `5.subject.detail`.
    pub const fn permanent(subject: u16, detail: u16) -> Self {
        Self::new(Class::Permanent, subject, detail)
    }

    /// The same subject and detail in another class.
    pub fn with_class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    /// Splits a status off the front of a text such as `5.7.1 no thanks`; the rest has no leading white space.
    pub fn split(text: &str) -> Option<(Self, &str)> {
        let end = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
        let status = text[..end].parse().ok()?;
        Some((status, text[end..].trim_start()))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class.digit(), self.subject, self.detail)
    }
}

/// The text is not a status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an enhanced status code")]
pub struct NotAStatus;

impl FromStr for Status {
    type Err = NotAStatus;

    fn from_str(text: &str) -> Result<Self, NotAStatus> {
        let number = |part: &str| -> Result<u16, NotAStatus> {
            let short = !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
            if short { part.parse().map_err(|_| NotAStatus) } else { Err(NotAStatus) }
        };
        let mut parts = text.split('.');
        let (Some(class), Some(subject), Some(detail), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotAStatus);
        };
        let class = match class {
            "2" => Class::Success,
            "4" => Class::Temporary,
            "5" => Class::Permanent,
            _ => return Err(NotAStatus),
        };
        Ok(Self::new(class, number(subject)?, number(detail)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_only_whole_codes() {
        assert_eq!(Status::split("5.7.1  no"), Some((Status::permanent(7, 1), "no")));
        assert_eq!(Status::split("4.3.0"), Some((Status::temporary(3, 0), "")));
        for text in ["3.1.1 x", "5.7 x", "5.7.1x y", "5.7.1111 x", "5..1", "", "5.7.1.1"] {
            assert_eq!(Status::split(text), None, "{text:?}");
        }
    }
}
