//! A line of master.cf as the words it is made of: what postconf(1) shows and edits.

use thiserror::Error;

use crate::master_cf::{MasterEntry, ServiceKind, Wakeup};
use crate::place::{Place, Warning};
use crate::tokens;

/// The names of the columns, in order. `command` is the command with its arguments.
const NAMES: [&str; 8] = ["service", "type", "private", "unprivileged", "chroot", "wakeup", "process_limit", "command"];

/// The column of the command; what follows it are its arguments.
const COMMAND: usize = 7;

/// What is wrong with an entry, in postconf(1)'s words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FieldError {
    #[error("bad field count")]
    Count,
    #[error("invalid {field} field \"{value}\" in \"{text}\"")]
    Value { field: &'static str, value: String, text: String },
}

/// One entry. Its columns are known to be well-formed; its `-o` options are split into two words each, `-o` and
/// `name=value`, braces are taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterFields {
    words: Vec<String>,
    pub place: Place,
}

impl MasterFields {
    pub const NAMES: [&'static str; 8] = NAMES;

    /// Reads a logical line. What can be repaired is repaired as Postfix repairs it, with a warning.
    ///
    /// # Errors
    /// When columns are missing or hold what they cannot.
    pub fn parse(text: &str, place: &Place, warnings: &mut Vec<Warning>) -> Result<MasterFields, FieldError> {
        let words: Vec<String> = tokens::split(text, tokens::BLANKS).into_iter().map(str::to_string).collect();
        if words.len() < NAMES.len() {
            return Err(FieldError::Count);
        }
        for (column, word) in words[..COMMAND].iter().enumerate() {
            check(column, word, text)?;
        }
        let mut entry = MasterFields { words, place: place.clone() };
        entry.split_options();
        entry.take_braces_off(warnings);
        Ok(entry)
    }

    /// The columns before the command.
    pub fn columns(&self) -> &[String] {
        &self.words[..COMMAND]
    }

    pub fn service(&self) -> &str {
        &self.words[0]
    }

    /// The word in the type column.
    pub fn kind(&self) -> &str {
        &self.words[1]
    }

    pub fn command(&self) -> &str {
        &self.words[COMMAND]
    }

    pub fn arguments(&self) -> &[String] {
        &self.words[COMMAND + 1..]
    }

    /// The `-o` settings in order; those that are no `name=value` are left out.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let settings = self.options().into_iter().filter_map(|at| tokens::name_value(&self.words[at]).ok());
        settings.map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    /// Puts a value into a column, for `command` the command with its arguments.
    ///
    /// # Errors
    /// When the column cannot hold it, and for a command that is blank.
    pub fn set(&mut self, column: usize, value: &str, warnings: &mut Vec<Warning>) -> Result<(), FieldError> {
        check(column, value, value)?;
        if column < COMMAND {
            self.words[column] = value.to_string();
            return Ok(());
        }
        let words = tokens::split(value, tokens::BLANKS);
        if words.is_empty() {
            return Err(FieldError::Value { field: NAMES[COMMAND], value: value.to_string(), text: value.to_string() });
        }
        self.words.splice(COMMAND.., words.into_iter().map(str::to_string));
        self.split_options();
        self.take_braces_off(warnings);
        Ok(())
    }

    /// Gives a parameter a value in each `-o` that names it, or in a new one behind the other options.
    pub fn set_parameter(&mut self, name: &str, value: &str) {
        let found = self.options_of(name);
        for at in &found {
            self.words[*at] = format!("{name}={value}");
        }
        if found.is_empty() {
            let end = self.end_of_options();
            self.words.splice(end..end, ["-o".to_string(), format!("{name}={value}")]);
        }
    }

    /// The entry with other values in its `-o` settings.
    ///
    /// # Errors
    /// Those of `change`, which is given name and value.
    pub fn with_values<E>(&self, change: impl Fn(&str, &str) -> Result<String, E>) -> Result<MasterFields, E> {
        let mut changed = self.clone();
        for at in self.options() {
            if let Ok((name, value)) = tokens::name_value(&self.words[at]) {
                changed.words[at] = format!("{name}={}", change(name, value)?);
            }
        }
        Ok(changed)
    }

    /// Takes out each `-o` that names the parameter.
    pub fn remove_parameter(&mut self, name: &str) {
        for at in self.options_of(name).into_iter().rev() {
            self.words.drain(at - 1..=at);
        }
    }

    /// The entry as the daemons read it. A number that is too large counts as none.
    pub(crate) fn entry(&self) -> Option<MasterEntry> {
        let yes_no = |column: usize| match self.words[column].as_str() {
            "y" => Some(true),
            "n" => Some(false),
            _ => None,
        };
        let wakeup = &self.words[5];
        let digits = wakeup.strip_suffix('?').unwrap_or(wakeup);
        let settings = self.parameters().into_iter();
        let taken = self.options();
        let kept = |at: &usize| !taken.contains(at) && !taken.contains(&(at + 1));
        Some(MasterEntry {
            service: self.service().to_string(),
            kind: ServiceKind::parse(self.kind())?,
            private: yes_no(2),
            unpriv: yes_no(3),
            chroot: yes_no(4),
            wakeup: Wakeup { seconds: digits.parse().unwrap_or(0), only_if_used: digits.len() < wakeup.len() },
            maxproc: self.words[6].parse().ok(),
            command: self.command().to_string(),
            args: (COMMAND + 1..self.words.len()).filter(kept).map(|at| self.words[at].clone()).collect(),
            overrides: settings.map(|(name, value)| (name, value, self.place.clone())).collect(),
            place: self.place.clone(),
        })
    }

    // === options ===

    /// Where options end: at the first word without a dash, or at `--`.
    fn end_of_options(&self) -> usize {
        let mut at = COMMAND + 1;
        while let Some(word) = self.words.get(at).filter(|word| word.starts_with('-') && *word != "--") {
            at += if word == "-o" && at + 1 < self.words.len() { 2 } else { 1 };
        }
        at
    }

    /// The places of the values of `-o`.
    fn options(&self) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = COMMAND + 1;
        let end = self.end_of_options();
        while at < end {
            if self.words[at] == "-o" && at + 1 < end {
                at += 1;
                found.push(at);
            }
            at += 1;
        }
        found
    }

    fn options_of(&self, name: &str) -> Vec<usize> {
        let named = |at: &usize| tokens::name_value(&self.words[*at]).is_ok_and(|(found, _)| found == name);
        self.options().into_iter().filter(named).collect()
    }

    /// `-oname=value` becomes two words, and `-vo` becomes `-v -o`. As in postconf(1), an `o` later in such a word begins a
    /// further option: `-ofoo=bar` is `-o f`, `-o o=bar`.
    fn split_options(&mut self) {
        let mut at = COMMAND + 1;
        while let Some(word) = self.words.get(at).filter(|word| word.starts_with('-') && *word != "--").cloned() {
            let mut word = word;
            if let Some(more) = word.char_indices().skip(2).find(|(_, c)| *c == 'o').map(|(more, _)| more) {
                self.words.insert(at + 1, format!("-{}", &word[more..]));
                word.truncate(more);
                self.words[at].truncate(more);
            }
            if let Some(value) = word.strip_prefix("-o") {
                if !value.is_empty() {
                    self.words.insert(at + 1, value.to_string());
                    self.words[at] = "-o".to_string();
                }
                at += 1;
            }
            at += 1;
        }
    }

    fn take_braces_off(&mut self, warnings: &mut Vec<Warning>) {
        let settings = self.options();
        for at in COMMAND + 1..self.words.len() {
            if !self.words[at].starts_with('{') {
                continue;
            }
            let mut word = crate::master_cf::without_braces(&self.words[at], &self.place, warnings).to_string();
            if settings.contains(&at) {
                match tokens::name_value(&word) {
                    Ok((name, value)) => word = format!("{name}={value}"),
                    Err(message) => {
                        let file = self.place.file.file_name().unwrap_or_default().to_string_lossy();
                        warnings.push(Warning::new(&self.place, format!("{file}: {message}")));
                    }
                }
            }
            self.words[at] = word;
        }
    }
}

fn check(column: usize, word: &str, text: &str) -> Result<(), FieldError> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let good = match column {
        1 => ServiceKind::parse(word).is_some(),
        2..=4 => ["y", "n", "-"].contains(&word),
        5 => word == "-" || digits(word.strip_suffix('?').unwrap_or(word)),
        6 => word == "-" || digits(word),
        _ => true,
    };
    if good {
        return Ok(());
    }
    Err(FieldError::Value { field: NAMES[column], value: word.to_string(), text: text.to_string() })
}

#[cfg(test)]
mod tests;
