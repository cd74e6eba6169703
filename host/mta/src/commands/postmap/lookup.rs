//! `-q`, `-d` and `-s`.

use std::io::{BufRead, Read, Write};

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use config::parameters::{HEADER_SIZE_LIMIT, MIME_BOUNDARY_LENGTH_LIMIT, MIME_NESTING_LIMIT};
use mail::mime::{Limits, Mime, Options as MimeOptions, Place};

use super::Call;

/// `-q key`: the value from the first table that has the key. `-q -`: each line of standard input that is found.
pub(super) fn query(call: &Call, key: &str) -> Result<u8> {
    let mut opener = call.opener()?;
    let runtime = runtime()?;
    let fold = !call.options.has('f');
    let tables: Vec<String> = call.tables().collect();
    let mut ask = |key: &str| -> Result<Option<String>> {
        for title in &tables {
            if let Some(value) = runtime.block_on(dict::query(&mut opener, title, key, fold))? {
                return call.shown(title, value).map(Some);
            }
        }
        Ok(None)
    };
    if key != "-" {
        let value = ask(key)?;
        if let Some(value) = &value {
            println!("{value}");
        }
        return Ok(u8::from(value.is_none()));
    }
    let mut found = false;
    for line in std::io::stdin().lock().split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        if let Some(value) = ask(&line)? {
            found = true;
            writeln!(std::io::stdout(), "{line}\t{value}")?;
        }
    }
    Ok(u8::from(!found))
}

/// `-d key`, `-d -`: takes one entry out of each table.
pub(super) fn delete(call: &Call, key: &str) -> Result<u8> {
    let mut opener = call.opener()?;
    let keys: Vec<String> = match key {
        "-" => std::io::stdin().lock().lines().collect::<Result<_, _>>()?,
        key => vec![key.to_string()],
    };
    let size = call.writing(None).lmdb_map_size;
    let mut found = false;
    for title in call.tables() {
        for key in &keys {
            found |= dict::delete(&mut opener, &title, key, !call.options.has('f'), size)?;
        }
    }
    Ok(u8::from(!found))
}

/// `-s`: all there is in a table.
pub(super) fn sequence(call: &Call) -> Result<u8> {
    let mut opener = call.opener()?;
    // postalias lists a table in the form of its source.
    let colon = if call.tool.format == dict::Format::Aliases { ":" } else { "" };
    let mut found = false;
    for title in call.tables() {
        for (key, value) in dict::sequence(&mut opener, &title)? {
            found = true;
            writeln!(std::io::stdout(), "{key}{colon}\t{}", call.shown(&title, value)?)?;
        }
    }
    Ok(u8::from(!found))
}

/// `-q -` with -h, -b or both: the header fields and body lines of the message in standard input, with -m as header_checks
/// and body_checks would get them.
pub(super) fn message(call: &Call) -> Result<u8> {
    let mut content = Vec::new();
    std::io::stdin().read_to_end(&mut content).context("standard input")?;
    let has = |letter| call.options.has(letter);
    let (headers, bodies) = (has('h'), has('b'));
    let mut opener = call.opener()?;
    let runtime = runtime()?;
    let tables: Vec<String> = call.tables().collect();
    let mut found = false;
    let mut ask = |key: &[u8]| -> Result<()> {
        for title in &tables {
            let value = runtime.block_on(dict::query_line(&mut opener, title, key, !has('f')))?;
            if let Some(value) = value {
                found = true;
                let shown = call.shown(title, value)?;
                let mut out = std::io::stdout();
                out.write_all(key)?;
                writeln!(out, "\t{shown}")?;
                break;
            }
        }
        Ok(())
    };
    let limit = |value: i64| usize::try_from(value).unwrap_or(usize::MAX);
    let limits = Limits {
        nesting: limit(call.config.get(&MIME_NESTING_LIMIT)),
        boundary_length: limit(call.config.get(&MIME_BOUNDARY_LENGTH_LIMIT)),
        header_size: limit(call.config.get(&HEADER_SIZE_LIMIT)),
    };
    let mut mime = Mime::new(if has('m') { MimeOptions::empty() } else { MimeOptions::DISABLED }, limits);
    let wanted = |place: Place| headers && (has('m') || place == Place::Primary);
    let lines = content.strip_suffix(b"\n").unwrap_or(&content).split(|byte| *byte == b'\n');
    for line in lines.filter(|_| !content.is_empty()) {
        let step = mime.line(line, true);
        if let Some(header) = step.header.filter(|header| wanted(header.place)) {
            ask(&header.text)?;
        }
        if bodies && step.body.is_some() {
            if step.separator {
                ask(b"")?;
            }
            ask(line)?;
        }
        // Without -b there is nothing to be seen behind the header.
        if !bodies && !has('m') && !mime.in_primary_header() {
            break;
        }
    }
    if let Some(header) = mime.end().header.filter(|header| wanted(header.place)) {
        ask(&header.text)?;
    }
    Ok(u8::from(!found))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

impl Call<'_> {
    /// The value, with -F out of its base64.
    fn shown(&self, title: &str, value: String) -> Result<String> {
        if !self.options.has('F') {
            return Ok(value);
        }
        let decoded = base64::engine::general_purpose::STANDARD.decode(&value);
        let bytes = decoded.map_err(|_| anyhow!("table {title}: malformed BASE64 value: {value}"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
