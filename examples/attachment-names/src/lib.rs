//! Attachments by their names: mail with a program in it is refused while its headers come in.
//!
//! The plugin sees two header fields of each part of a message, Content-Type and Content-Disposition, and looks for the name
//! that a mail reader would give the file.
#![forbid(unsafe_code)]

use waxwing_sdk::{ParameterKind, prelude::*};
use waxwing_sdk_check::{Action, Check, header, reject};

/// `-o attachment_names_refused=exe,com` in plugins.cf, or the same in main.cf.
const REFUSED: Parameter = Parameter::new(
    "attachment_names_refused",
    ParameterKind::Text,
    "bat, cmd, com, cpl, exe, hta, js, jse, lnk, msi, pif, ps1, scr, vbe, vbs, wsf",
    "Endings of the names of attachments that are refused",
);

const CHECK: Check = Check::new(|_part, line| {
    let Some((_, value)) = header(line) else {
        return Action::Dunno;
    };
    let endings = REFUSED.list();
    match names(&value).into_iter().find(|name| is_refused(name, &endings)) {
        Some(name) => reject("5.7.1", &format!("Attachments named {name} are not accepted here")),
        // No opinion: what else stands in mime_header_checks decides.
        None => Action::Dunno,
    }
})
.headers(&["Content-Type", "Content-Disposition"]);

pub const PLUGIN: Plugin =
    Plugin::new("attachment-names", env!("CARGO_PKG_VERSION"), "Refuses attachments by name").parameters(&[REFUSED]);

waxwing_sdk_check::export!(PLUGIN, CHECK);

/// The file names in the parameters of a value: `name=`, `filename=`, their continuations `filename*0=` and the encoded form
/// `filename*=utf-8''a%2Eexe` (RFC 2231).
fn names(value: &str) -> Vec<String> {
    let mut names: Vec<(String, String)> = Vec::new();
    for parameter in parameters(value) {
        let Some((attribute, text)) = parameter.split_once('=') else { continue };
        let attribute = attribute.trim().to_ascii_lowercase();
        let (base, form) = attribute.split_once('*').unwrap_or((&attribute, ""));
        if base != "name" && base != "filename" {
            continue;
        }
        let mut text = text.trim().trim_matches('"').replace('\\', "");
        if attribute.ends_with('*') {
            let encoded = text.rsplit('\'').next().unwrap_or_default();
            text = decoded(encoded);
        }
        match names.iter_mut().find(|(known, _)| known == base) {
            // The pieces of one name.
            Some((_, whole)) if !form.is_empty() => whole.push_str(&text),
            _ => names.push((base.to_string(), text)),
        }
    }
    names.into_iter().map(|(_, name)| name).collect()
}

/// What stands between semicolons outside quotes.
fn parameters(value: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                parts.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&value[start..]);
    parts
}

/// `%41` is `A`.
fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find('%') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        match rest.get(..2).and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &rest[2..];
            }
            None => out.push(b'%'),
        }
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

/// Mail readers ignore dots and blanks at the end, as the systems do on which such files run.
fn is_refused(name: &str, endings: &[String]) -> bool {
    let name = name.trim_end_matches(['.', ' ']);
    name.rsplit_once('.').is_some_and(|(_, ending)| endings.iter().any(|refused| refused.eq_ignore_ascii_case(ending)))
}

#[cfg(test)]
mod tests;
