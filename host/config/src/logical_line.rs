//! Logical lines: a line that starts with white space continues the one before; comment lines and blank lines do not count,
//! not even between a line and its continuation.

use std::path::Path;
use std::sync::Arc;

use crate::place::{Place, Warning};

/// A logical line, its physical lines joined without their newlines.
pub(crate) struct LogicalLine {
    pub text: String,
    pub place: Place,
}

/// The logical lines of a file. A continuation that continues nothing is skipped with Postfix's warning.
pub(crate) fn logical_lines(file: &Arc<Path>, text: &str, warnings: &mut Vec<Warning>) -> Vec<LogicalLine> {
    let mut lines: Vec<LogicalLine> = Vec::new();
    for (number, line) in (1u32..).zip(text.split('\n')) {
        let content = line.trim_ascii_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let place = Place { file: file.clone(), line: number };
        if !line.starts_with([' ', '\t', '\r', '\u{b}', '\u{c}']) {
            lines.push(LogicalLine { text: line.trim_end_matches('\r').to_string(), place });
        } else if let Some(before) = lines.last_mut() {
            before.text.push_str(line.trim_end_matches('\r'));
        } else {
            let shown: String = line.chars().take(30).collect();
            let more = if shown.len() < line.len() { "..." } else { "" };
            let text = format!("{}: logical line must not start with whitespace: \"{shown}{more}\"", file.display());
            warnings.push(Warning::new(&place, text));
        }
    }
    lines
}
