//! master.cf: the services, as master(5) describes them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::error::ConfigError;
use crate::logical_line::{LogicalLine, logical_lines};
use crate::place::{Place, Warning};
use crate::tokens;

/// One service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterEntry {
    /// The first column as written: `smtp`, `127.0.0.1:10025`, `[::1]:smtp`, `cleanup`.
    pub service: String,
    pub kind: ServiceKind,
    /// `None` stands for `-`: the default, which is yes.
    pub private: Option<bool>,
    /// `None` stands for `-`: the default, which is yes.
    pub unpriv: Option<bool>,
    /// `None` stands for `-`.
    pub chroot: Option<bool>,
    pub wakeup: Wakeup,
    /// `None` stands for `-`: `default_process_limit`. 0 is no limit.
    pub maxproc: Option<u32>,
    pub command: String,
    /// The words after the command without the `-o` overrides; braces are taken off. `-v` and `-D` stay.
    pub args: Vec<String>,
    /// The `-o name=value` overrides in order, unexpanded.
    pub overrides: Vec<(String, String, Place)>,
    pub place: Place,
}

/// The type column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceKind {
    Inet,
    Unix,
    UnixDgram,
    Fifo,
    Pass,
}

/// The wakeup column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wakeup {
    /// Seconds between wakeups; 0 is never.
    pub seconds: u32,
    /// The `?`: only once the service has been used.
    pub only_if_used: bool,
}

impl ServiceKind {
    /// The word in the type column.
    pub const fn name(self) -> &'static str {
        match self {
            ServiceKind::Inet => "inet",
            ServiceKind::Unix => "unix",
            ServiceKind::UnixDgram => "unix-dgram",
            ServiceKind::Fifo => "fifo",
            ServiceKind::Pass => "pass",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<ServiceKind> {
        [ServiceKind::Inet, ServiceKind::Unix, ServiceKind::UnixDgram, ServiceKind::Fifo, ServiceKind::Pass]
            .into_iter()
            .find(|kind| kind.name() == text)
    }
}

impl fmt::Display for ServiceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Reads the text of master.cf. Of two entries with one name and type the last counts, with Postfix's warning.
pub(crate) fn parse(
    file: &Arc<Path>,
    text: &str,
    warnings: &mut Vec<Warning>,
    errors: &mut Vec<ConfigError>,
) -> Vec<MasterEntry> {
    let mut entries: Vec<MasterEntry> = Vec::new();
    for line in logical_lines(file, text, warnings) {
        let place = line.place.clone();
        match entry(&line, warnings) {
            Err(message) => errors.push(ConfigError::MasterSyntax { place, message }),
            Ok(entry) => {
                let same = |other: &MasterEntry| other.service == entry.service && other.kind == entry.kind;
                if let Some(index) = entries.iter().position(same) {
                    entries.remove(index);
                    let text = format!(
                        "duplicate master.cf entry for service \"{}\" ({}) -- using the last entry",
                        entry.service, entry.kind
                    );
                    warnings.push(Warning::new(&place, text));
                }
                entries.push(entry);
            }
        }
    }
    entries
}

fn entry(line: &LogicalLine, warnings: &mut Vec<Warning>) -> Result<MasterEntry, String> {
    let mut words = tokens::split(&line.text, tokens::BLANKS).into_iter();
    let mut column = |name: &str| words.next().ok_or_else(|| format!("missing \"{name}\" field"));
    let service = column("service")?.to_string();
    let kind = match column("transport type")? {
        "-" => return Err("field \"transport type\" has no default value".to_string()),
        text => ServiceKind::parse(text).ok_or_else(|| format!("bad transport type: {text}"))?,
    };
    let private = yes_no("private", column("private")?)?;
    if kind == ServiceKind::Inet && private != Some(false) {
        return Err("inet service cannot be private".to_string());
    }
    let unpriv = yes_no("unprivileged", column("unprivileged")?)?;
    let chroot = yes_no("chroot", column("chroot")?)?;
    let wakeup = wakeup(column("wakeup_time")?)?;
    let maxproc = match column("max_proc")? {
        "-" => None,
        text => Some(number("max_proc", text)?),
    };
    let command = match column("command")? {
        "-" => return Err("field \"command\" has no default value".to_string()),
        text => text.to_string(),
    };
    let Arguments { args, overrides } = arguments(words, &line.place, warnings)?;
    let place = line.place.clone();
    Ok(MasterEntry { service, kind, private, unpriv, chroot, wakeup, maxproc, command, args, overrides, place })
}

fn yes_no(field: &str, text: &str) -> Result<Option<bool>, String> {
    match text {
        "-" => Ok(None),
        "y" => Ok(Some(true)),
        "n" => Ok(Some(false)),
        _ => Err(bad_value(field, text)),
    }
}

fn wakeup(text: &str) -> Result<Wakeup, String> {
    let digits = text.strip_suffix('?').unwrap_or(text);
    let seconds =
        if digits == "-" { 0 } else { number("wakeup_time", digits).map_err(|_| bad_value("wakeup_time", text))? };
    Ok(Wakeup { seconds, only_if_used: digits.len() < text.len() })
}

fn number(field: &str, text: &str) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| bad_value(field, text))
}

fn bad_value(field: &str, text: &str) -> String {
    format!("field \"{field}\": bad value: \"{text}\"")
}

// === arguments, shared with plugins.cf ===

pub(crate) struct Arguments {
    pub args: Vec<String>,
    pub overrides: Vec<(String, String, Place)>,
}

/// Sorts the words after the command: `-o name=value`, `-oname=value`, `-o { name = value }` and `-vo name=value` are
/// overrides, the rest stays. Options end at the first word without a dash, or at `--`.
pub(crate) fn arguments<'w>(
    words: impl Iterator<Item = &'w str>,
    place: &Place,
    warnings: &mut Vec<Warning>,
) -> Result<Arguments, String> {
    let mut words = words.peekable();
    let mut found = Arguments { args: Vec::new(), overrides: Vec::new() };
    while let Some(word) = words.next_if(|word| word.starts_with('-') && *word != "--") {
        let Some(letter) = word[1..].find('o') else {
            found.args.push(word.to_string());
            continue;
        };
        let (flags, value) = (&word[1..=letter], &word[letter + 2..]);
        if !flags.is_empty() {
            found.args.push(format!("-{flags}"));
        }
        let value = match (value, words.peek()) {
            ("", None) => return Err("option requires an argument -- 'o'".to_string()),
            ("", Some(_)) => words.next().unwrap_or_default(),
            (value, _) => value,
        };
        let setting = without_braces(value, place, warnings);
        let (name, text) =
            tokens::name_value(setting).map_err(|error| format!("invalid \"-o {value}\" option value: {error}"))?;
        found.overrides.push((name.to_string(), text.to_string(), place.clone()));
    }
    found.args.extend(words.map(|word| without_braces(word, place, warnings).to_string()));
    Ok(found)
}

/// Takes the braces off; what is wrong with them is warned about and repaired as Postfix repairs it.
pub(crate) fn without_braces<'w>(word: &'w str, place: &Place, warnings: &mut Vec<Warning>) -> &'w str {
    tokens::strip_braces(word).unwrap_or_else(|message| {
        let name = place.file.file_name().unwrap_or_default().to_string_lossy();
        warnings.push(Warning::new(place, format!("{name}: {message}")));
        let inner = &word[1..];
        inner.find('}').map_or(inner, |end| &inner[..end]).trim()
    })
}

#[cfg(test)]
mod tests;
