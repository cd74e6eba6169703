//! The address probes come from: address_verify_sender, with a part that changes every address_verify_sender_ttl. It is a
//! secret of some minutes or hours then, so that nobody can send to the address for long.

use std::time::Duration;

/// Digits of the time, as in Postfix: no vowels, so that no words come out.
const DIGITS: &[u8; 31] = b"0123456789BCDFGHJKLMNPQRSTVWXYZ";

/// The sender of one configuration generation.
#[derive(Clone, Debug)]
pub struct ProbeSender {
    /// Canonical; empty: the null sender.
    address: String,
    ttl: u64,
}

impl ProbeSender {
    /// `address` is address_verify_sender in canonical form.
    pub fn new(address: String, ttl: Duration) -> Self {
        Self { address, ttl: ttl.as_secs() }
    }

    /// The sender at this time, seconds since 1970.
    pub fn at(&self, now: u64) -> String {
        if self.address.is_empty() || self.ttl == 0 {
            return self.address.clone();
        }
        let (local, domain) = self.parts();
        format!("{local}{}{domain}", in_digits(now / self.ttl))
    }

    /// The sender without its changing part, if `address` is what it was, is or will be within one ttl.
    pub fn recognize(&self, address: &str, now: u64) -> Option<&str> {
        if self.address.is_empty() {
            return address.is_empty().then_some("");
        }
        let (local, domain) = self.parts();
        let (front, rest) = address.split_at_checked(local.len())?;
        let (time, at_domain) = rest.split_at(rest.find('@').unwrap_or(rest.len()));
        if !front.eq_ignore_ascii_case(local) || !at_domain.eq_ignore_ascii_case(domain) {
            return None;
        }
        let fits = match self.ttl {
            0 => time.is_empty(),
            ttl => of_digits(time).is_some_and(|period| period.abs_diff(now / ttl) <= 1),
        };
        fits.then_some(self.address.as_str())
    }

    /// Local part, and the rest with its `@`.
    fn parts(&self) -> (&str, &str) {
        self.address.split_at(self.address.find('@').unwrap_or(self.address.len()))
    }
}

fn in_digits(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        digits.push(char::from(DIGITS[(number % 31) as usize]));
        number /= 31;
    }
    digits.iter().rev().collect()
}

/// Lower case stands for upper case: a mail system on the way may have changed it.
fn of_digits(text: &str) -> Option<u64> {
    let digit = |byte: u8| DIGITS.iter().position(|digit| *digit == byte.to_ascii_uppercase());
    (!text.is_empty()).then_some(())?;
    text.bytes().try_fold(0_u64, |number, byte| number.checked_mul(31)?.checked_add(digit(byte)? as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_sender() {
        let sender = ProbeSender::new("double-bounce@mx.test".into(), Duration::ZERO);
        assert_eq!(sender.at(1_795_308_000), "double-bounce@mx.test");
        for (address, known) in [
            ("double-bounce@mx.test", true),
            ("Double-Bounce@MX.test", true),
            ("double-bounce", false),
            ("double-bounce1@mx.test", false),
            ("double-bounce@mx.testx", false),
            ("doublé-bounce@mx.test", false),
            ("", false),
        ] {
            assert_eq!(sender.recognize(address, 0).is_some(), known, "{address}");
        }
    }

    /// The addresses are what Postfix 3.7.11 made and took at that time.
    #[test]
    fn sender_that_changes() {
        let sender = ProbeSender::new("prober@mx.test".into(), Duration::from_secs(3600));
        let now = 1_795_308_975;
        assert_eq!(sender.at(now), "proberJQXZ@mx.test");
        for (address, known) in [
            ("proberJQXZ@mx.test", true),
            ("proberJQY0@mx.test", true),
            ("proberJQXY@mx.test", true),
            ("PROBERJQXZ@MX.test", true),
            ("proberJQY1@mx.test", false),
            ("prober@mx.test", false),
            ("proberx@mx.test", false),
            ("proberJQXZx@mx.test", false),
            ("prober7777777777777777777777@mx.test", false),
        ] {
            assert_eq!(sender.recognize(address, now), known.then_some("prober@mx.test"), "{address}");
        }
    }

    #[test]
    fn null_sender() {
        let sender = ProbeSender::new(String::new(), Duration::from_secs(3600));
        assert_eq!((sender.at(7), sender.recognize("", 7), sender.recognize("a", 7)), (String::new(), Some(""), None));
    }
}
