//! The entries of master.cf: -M.

use anyhow::Result;
use config::{Config, MasterFields, tokens};

use super::{
    Call,
    folding::{INDENT, LINE_LIMIT},
    master_requests,
    sources::Sources,
};

/// Where each column starts; a word that is too long moves the next one.
const COLUMNS: [usize; 8] = [0, 11, 17, 25, 33, 41, 49, 57];

/// What is printed.
///
/// # Errors
/// For a request of another form, and with -x for a value that does not expand.
pub fn shown(call: &Call, sources: &Sources) -> Result<String> {
    let mut out = String::new();
    let syntax = ("-M option requires service_name[/type]", 2);
    master_requests::each(call, &sources.master, syntax, |entry, _| {
        let entry = if call.modes.has('x') { expanded(call, sources, entry)? } else { entry.clone() };
        print_entry(&mut out, &entry, call.modes.has('f'));
        Ok(true)
    })?;
    Ok(out)
}

/// The entry with `$name` in its -o settings expanded.
pub fn expanded(call: &Call, sources: &Sources, entry: &MasterFields) -> Result<MasterFields> {
    let view: Config = sources.service(entry);
    entry.with_values(|name, value| sources.expanded(call, &view, name, value))
}

/// Appends an entry in columns.
pub fn print_entry(out: &mut String, entry: &MasterFields, fold: bool) {
    let mut line = String::new();
    for (column, word) in entry.columns().iter().map(String::as_str).chain([entry.command()]).enumerate() {
        if column > 0 {
            line.push(' ');
        }
        while line.len() < COLUMNS[column] {
            line.push(' ');
        }
        line.push_str(word);
    }
    let length = line.len();
    out.push_str(&line);
    print_arguments(out, entry, length, fold);
}

/// Appends the arguments behind the command, which ends at `length`, and the end of the line. With `fold` each -o has a line of
/// its own.
pub fn print_arguments(out: &mut String, entry: &MasterFields, length: usize, fold: bool) {
    let mut length = length;
    let mut words = entry.arguments().iter();
    let mut options = true;
    let mut alone = false;
    while let Some(word) = words.next() {
        let mut text = in_braces(word);
        let mut counted = word.len();
        options &= word.starts_with('-') && word != "--";
        let value = if options && word == "-o" { words.next() } else { None };
        if let Some(value) = value {
            text = format!("{word} {}", in_braces(value));
            counted = text.len();
        }
        if fold && (alone || value.is_some() || length + 1 + counted >= LINE_LIMIT) {
            out.push('\n');
            out.push_str(INDENT);
            length = INDENT.len();
        } else if !fold || length > INDENT.len() {
            out.push(' ');
            length += 1;
        }
        out.push_str(&text);
        length += text.len();
        alone = value.is_some();
    }
    out.push('\n');
}

fn in_braces(word: &str) -> String {
    if word.contains(tokens::BLANKS) { format!("{{{word}}}") } else { word.to_string() }
}
