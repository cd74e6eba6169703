//! The lines of a table file: a line that starts with white space continues the one before; blank lines and comment lines
//! count for nothing, not even between a line and its continuation.

/// One logical line, without newlines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogicalLine {
    pub text: String,
    /// Where it starts, from 1.
    pub number: usize,
}

/// The logical lines of `content`. `file` is named in warnings: about a line that continues nothing, and about text that
/// is not UTF-8, which is skipped.
pub(crate) fn logical_lines<'w>(
    file: &'w str,
    content: &[u8],
    warn: &'w dyn Fn(&str),
) -> impl Iterator<Item = LogicalLine> + use<'w> {
    let mut raw: Vec<(Vec<u8>, usize)> = Vec::new();
    for (line, number) in content.split(|&b| b == b'\n').zip(1..) {
        let text = line.trim_ascii_start();
        if text.is_empty() || text[0] == b'#' {
            continue;
        }
        if !is_space(line[0]) {
            raw.push((line.to_vec(), number));
        } else if let Some((before, _)) = raw.last_mut() {
            before.extend_from_slice(line);
        } else {
            let shown: String = String::from_utf8_lossy(line).chars().take(30).collect();
            let more = if shown.len() < line.len() { "..." } else { "" };
            warn(&format!("{file}: logical line must not start with whitespace: \"{shown}{more}\""));
        }
    }
    raw.into_iter().filter_map(move |(bytes, number)| match String::from_utf8(bytes) {
        Ok(text) => Some(LogicalLine { text, number }),
        Err(error) => {
            let shown = String::from_utf8_lossy(error.as_bytes()).replace('\u{fffd}', "?");
            warn(&format!("{file}, line {number}: non-UTF-8 input \"{shown}\" -- ignoring this line"));
            None
        }
    })
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}
