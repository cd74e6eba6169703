//! The kinds of parameter values: how the expanded text becomes a Rust value, and the words used when it cannot.

use std::time::Duration;

use crate::tokens;

/// How a parameter's text becomes a value. Implemented by the unit structs of this module and nothing else.
pub trait Kind: 'static {
    type Value;
    const TAG: KindTag;
    /// `text` is expanded, except for [`Raw`]. The error is Postfix's message.
    fn parse(name: &str, text: &str, limits: &Limits) -> Result<Self::Value, String>;
}

/// The kind of a type-erased row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KindTag {
    Text,
    Raw,
    Boolean,
    Count,
    Size,
    Time,
    ReplyCode,
    List,
}

/// Bounds of a value. For texts and lists they bound the length in bytes, for times they are seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    pub min: Option<i64>,
    pub max: Option<i64>,
    /// The unit of a time that is written without one.
    pub unit: Unit,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    #[default]
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
}

/// The letters that `unit = ...` takes in [`parameters!`](crate::parameters!).
#[allow(non_upper_case_globals)]
#[doc(hidden)]
pub mod unit_letters {
    use super::Unit;
    pub const s: Unit = Unit::Seconds;
    pub const m: Unit = Unit::Minutes;
    pub const h: Unit = Unit::Hours;
    pub const d: Unit = Unit::Days;
    pub const w: Unit = Unit::Weeks;
}

/// Text with `$name` expanded.
#[derive(Debug, Clone, Copy)]
pub struct Text;
/// Text as written: the daemon that reads it expands other names at run time (`default_rbl_reply`).
#[derive(Debug, Clone, Copy)]
pub struct Raw;
/// `yes` or `no` in any case.
#[derive(Debug, Clone, Copy)]
pub struct Boolean;
/// A whole number in the range of a C int.
#[derive(Debug, Clone, Copy)]
pub struct Count;
/// A number of bytes.
#[derive(Debug, Clone, Copy)]
pub struct Size;
/// A time: a number and one of the letters s, m, h, d, w; whole seconds.
#[derive(Debug, Clone, Copy)]
pub struct Time;
/// A three-digit SMTP reply code, 200 to 599.
#[derive(Debug, Clone, Copy)]
pub struct ReplyCode;
/// Words separated by commas and white space; `{ ... }` holds a word with such characters together.
#[derive(Debug, Clone, Copy)]
pub struct List;

impl KindTag {
    /// Whether `text` is a value of this kind. The error is Postfix's message.
    pub fn check(self, name: &str, text: &str, limits: &Limits) -> Result<(), String> {
        match self {
            KindTag::Text => Text::parse(name, text, limits).map(drop),
            KindTag::Raw => Raw::parse(name, text, limits).map(drop),
            KindTag::Boolean => Boolean::parse(name, text, limits).map(drop),
            KindTag::Count => Count::parse(name, text, limits).map(drop),
            KindTag::Size => Size::parse(name, text, limits).map(drop),
            KindTag::Time => Time::parse(name, text, limits).map(drop),
            KindTag::ReplyCode => ReplyCode::parse(name, text, limits).map(drop),
            KindTag::List => List::parse(name, text, limits).map(drop),
        }
    }
}

impl Kind for Text {
    type Value = String;
    const TAG: KindTag = KindTag::Text;
    fn parse(name: &str, text: &str, limits: &Limits) -> Result<String, String> {
        check_length(name, text, limits)?;
        Ok(text.to_string())
    }
}

impl Kind for Raw {
    type Value = String;
    const TAG: KindTag = KindTag::Raw;
    fn parse(name: &str, text: &str, limits: &Limits) -> Result<String, String> {
        check_length(name, text, limits)?;
        Ok(text.to_string())
    }
}

impl Kind for List {
    type Value = Vec<String>;
    const TAG: KindTag = KindTag::List;
    fn parse(name: &str, text: &str, limits: &Limits) -> Result<Vec<String>, String> {
        check_length(name, text, limits)?;
        Ok(tokens::split(text, tokens::COMMA_SPACE).into_iter().map(str::to_string).collect())
    }
}

impl Kind for Boolean {
    type Value = bool;
    const TAG: KindTag = KindTag::Boolean;
    fn parse(name: &str, text: &str, _: &Limits) -> Result<bool, String> {
        if text.eq_ignore_ascii_case("yes") {
            Ok(true)
        } else if text.eq_ignore_ascii_case("no") {
            Ok(false)
        } else {
            Err(format!("bad boolean configuration: {name} = {text}"))
        }
    }
}

impl Kind for Count {
    type Value = i64;
    const TAG: KindTag = KindTag::Count;
    fn parse(name: &str, text: &str, limits: &Limits) -> Result<i64, String> {
        let value = number(name, text, i64::from(i32::MAX))?;
        check_range(name, value, limits)?;
        Ok(value)
    }
}

impl Kind for Size {
    type Value = u64;
    const TAG: KindTag = KindTag::Size;
    fn parse(name: &str, text: &str, limits: &Limits) -> Result<u64, String> {
        let value = number(name, text, i64::MAX)?;
        check_range(name, value, &Limits { min: limits.min.or(Some(0)), ..*limits })?;
        u64::try_from(value).map_err(|_| format!("bad numerical configuration: {name} = {text}"))
    }
}

impl Kind for ReplyCode {
    type Value = u16;
    const TAG: KindTag = KindTag::ReplyCode;
    fn parse(name: &str, text: &str, _: &Limits) -> Result<u16, String> {
        let value = number(name, text, i64::from(i32::MAX))?;
        check_range(name, value, &Limits { min: Some(200), max: Some(599), ..Limits::default() })?;
        u16::try_from(value).map_err(|_| format!("bad numerical configuration: {name} = {text}"))
    }
}

impl Kind for Time {
    type Value = Duration;
    const TAG: KindTag = KindTag::Time;
    fn parse(name: &str, text: &str, limits: &Limits) -> Result<Duration, String> {
        let bad = || format!("parameter {name}: bad time value or unit: {text}");
        let seconds = seconds(text, limits.unit).ok_or_else(bad)?;
        if let Some(min) = limits.min.filter(|min| seconds < *min) {
            return Err(format!("invalid {name}: {seconds} (min {min})"));
        }
        if let Some(max) = limits.max.filter(|max| seconds > *max) {
            return Err(format!("invalid {name}: {seconds} (max {max})"));
        }
        Ok(Duration::from_secs(u64::try_from(seconds).map_err(|_| bad())?))
    }
}

/// Seconds of a time in Postfix's notation. What follows the unit letter is ignored, as Postfix does: `1h30m` is one hour.
fn seconds(text: &str, default_unit: Unit) -> Option<i64> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let value: i64 = text[..end].parse().ok()?;
    let unit = match text.as_bytes().get(end) {
        None => default_unit,
        Some(b's') => Unit::Seconds,
        Some(b'm') => Unit::Minutes,
        Some(b'h') => Unit::Hours,
        Some(b'd') => Unit::Days,
        Some(b'w') => Unit::Weeks,
        Some(_) => return None,
    };
    value.checked_mul(unit.seconds()).filter(|seconds| *seconds <= i64::from(i32::MAX))
}

impl Unit {
    /// The length of the unit in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Unit::Seconds => 1,
            Unit::Minutes => 60,
            Unit::Hours => 3600,
            Unit::Days => 86_400,
            Unit::Weeks => 604_800,
        }
    }
}

/// A decimal number no larger than `max` in size, spelled as C's strtol takes it.
fn number(name: &str, text: &str, max: i64) -> Result<i64, String> {
    let trimmed = text.trim_start();
    trimmed
        .parse::<i64>()
        .ok()
        .filter(|value| value.unsigned_abs() <= max.unsigned_abs())
        .ok_or_else(|| format!("bad numerical configuration: {name} = {text}"))
}

fn check_range(name: &str, value: i64, limits: &Limits) -> Result<(), String> {
    if let Some(min) = limits.min.filter(|min| value < *min) {
        return Err(format!("invalid {name} parameter value {value} < {min}"));
    }
    if let Some(max) = limits.max.filter(|max| value > *max) {
        return Err(format!("invalid {name} parameter value {value} > {max}"));
    }
    Ok(())
}

fn check_length(name: &str, text: &str, limits: &Limits) -> Result<(), String> {
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    if let Some(min) = limits.min.filter(|min| length < *min) {
        return Err(format!("bad string length {length} < {min}: {name} = {text}"));
    }
    if let Some(max) = limits.max.filter(|max| length > *max) {
        return Err(format!("bad string length {length} > {max}: {name} = {text}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
