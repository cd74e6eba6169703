//! Edits main.cf: -e, -X, -#. Comments and all that is not named stay as they are.

use anyhow::{Result, anyhow, bail};
use config::tokens;

use super::{Call, replaced_file};

/// What becomes of a named parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    Set,
    Remove,
    CommentOut,
}

/// One argument.
pub struct Request {
    pub name: String,
    pub value: String,
    found: usize,
}

impl Request {
    pub fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_string(), value: value.to_string(), found: 0 }
    }
}

/// # Errors
/// For arguments of another form, and when the file cannot be replaced.
pub fn edit(call: &Call) -> Result<()> {
    let edit = match (call.modes.has('X'), call.modes.has('#')) {
        (true, _) => Edit::Remove,
        (_, true) => Edit::CommentOut,
        _ => Edit::Set,
    };
    let mut requests: Vec<Request> = Vec::new();
    for word in call.operands() {
        if word.contains('\n') {
            bail!("-e, -X, or -# accepts no multi-line input");
        }
        if word.trim_ascii_start().starts_with('#') {
            bail!("-e, -X, or -# accepts no comment input");
        }
        let (name, value) = match edit {
            Edit::Set => tokens::name_value(word).map_err(|error| anyhow!(error))?,
            _ if word.trim_ascii().is_empty() => bail!("-X or -# requires non-blank parameter names"),
            _ => (word.as_str(), ""),
        };
        if let Some(earlier) = requests.iter().position(|request| request.name == name) {
            let earlier = requests.remove(earlier);
            if edit == Edit::Set {
                call.warn(format!("ignoring earlier request: '{} = {}'", earlier.name, earlier.value));
            }
        }
        requests.push(Request::new(name, value));
    }
    let path = call.directory().join("main.cf");
    replaced_file::replace(&path, |old| {
        let (new, warnings) = edited(old, edit, &mut requests);
        for name in warnings {
            call.warn(format!("{}: multiple entries for \"{name}\"", path.display()));
        }
        Ok(new)
    })
}

/// The new text, and the names that it sets more than once.
pub fn edited(old: &[u8], edit: Edit, requests: &mut [Request]) -> (Vec<u8>, Vec<String>) {
    let mut new = Vec::with_capacity(old.len() + 256);
    let mut several = Vec::new();
    // Whether the lines that continue the last one go its way.
    let mut concerned = false;
    for line in old.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_start();
        if text.is_empty() || text.starts_with(b"#") {
            new.extend_from_slice(line);
            continue;
        }
        if text.len() == line.len() {
            let end = text.iter().position(|byte| b", \t\r\n=".contains(byte)).unwrap_or(text.len());
            let request = requests.iter_mut().find(|request| request.name.as_bytes() == &text[..end]);
            concerned = request.is_some();
            if let Some(request) = request {
                request.found += 1;
                if request.found == 2 {
                    several.push(request.name.clone());
                }
                if edit == Edit::Set {
                    new.extend_from_slice(format!("{} = {}\n", request.name, request.value).as_bytes());
                }
            }
        }
        match (concerned, edit) {
            (false, _) => new.extend_from_slice(line),
            (true, Edit::CommentOut) => {
                new.push(b'#');
                new.extend_from_slice(line);
            }
            (true, _) => {}
        }
    }
    if edit == Edit::Set {
        for request in requests.iter().filter(|request| request.found == 0) {
            if !new.is_empty() && !new.ends_with(b"\n") {
                new.push(b'\n');
            }
            new.extend_from_slice(format!("{} = {}\n", request.name, request.value).as_bytes());
        }
    }
    (new, several)
}
