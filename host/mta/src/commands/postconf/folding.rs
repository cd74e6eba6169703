//! Lines as postconf(1) prints them: blanks are single, and with -f no line is longer than 80 bytes where words allow it.

/// Bytes of a folded line.
pub const LINE_LIMIT: usize = 80;
pub const INDENT: &str = "    ";

/// Appends a line.
pub fn print_line(out: &mut String, line: &str, fold: bool) {
    let mut length = 0;
    for word in line.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
        if length > 0 {
            if fold && length + 1 + word.len() > LINE_LIMIT {
                out.push('\n');
                out.push_str(INDENT);
                length = INDENT.len();
            } else {
                out.push(' ');
                length += 1;
            }
        }
        out.push_str(word);
        length += word.len();
    }
    out.push('\n');
}

/// Appends `name = value`, or the one of the two that is wanted.
pub fn print_setting(out: &mut String, name: &str, value: &str, format: super::Format) {
    if format.no_name {
        print_line(out, value, format.fold);
    } else if format.no_value {
        print_line(out, name, format.fold);
    } else {
        print_line(out, &format!("{name} = {value}"), format.fold);
    }
}
