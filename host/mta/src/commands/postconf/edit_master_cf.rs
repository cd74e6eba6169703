//! Edits master.cf: -M, -F and -P with -e, -X or -#. Comments and all entries that are not named stay as they are.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use config::{FieldError, MasterFields, Place, Warning, tokens};

use super::{
    Call, edit_main_cf::Edit, master_entries::print_entry, master_fields, master_requests::Request, replaced_file,
};

/// What becomes of an entry.
enum Change {
    /// -Me: this one takes its place.
    Entry(Box<MasterFields>),
    /// -MX, -M#
    Whole(Edit),
    /// -Fe
    Field(usize, String),
    /// -Pe
    Parameter(String, String),
    /// -PX
    NoParameter(String),
}

struct Order {
    request: Request,
    change: Change,
    matched: bool,
}

/// # Errors
/// For arguments of another form, for entries that cannot be read, and when the file cannot be replaced.
pub fn edit(call: &Call, mode: char) -> Result<()> {
    let edit = match (call.modes.has('X'), call.modes.has('#')) {
        (true, _) => Edit::Remove,
        (_, true) => Edit::CommentOut,
        _ => Edit::Set,
    };
    let mut warnings = Vec::new();
    let path = call.directory().join("master.cf");
    let place = Place { file: path.clone().into(), line: 0 };
    let mut orders = Vec::new();
    for word in call.operands() {
        if word.contains('\n') {
            bail!("-Me, -Fe, -Pe, -X, or -# accept no multi-line input");
        }
        if word.trim_ascii_start().starts_with('#') {
            bail!("-Me, -Fe, -Pe, -X, or -# accept no comment input");
        }
        orders.push(order(mode, edit, word, &place, &mut warnings)?);
    }
    replaced_file::replace(&path, |old| edited(old, &path, &mut orders, &mut warnings))?;
    for warning in warnings {
        call.warn(warning);
    }
    for order in orders.iter().filter(|order| mode != 'M' && !order.matched) {
        call.warn(format!("unmatched service_name/type: \"{}\"", order.request.text));
    }
    Ok(())
}

fn order(mode: char, edit: Edit, word: &str, place: &Place, warnings: &mut Vec<Warning>) -> Result<Order> {
    let (pattern, value) = match edit {
        Edit::Set => tokens::name_value(word).map_err(|error| anyhow!(error))?,
        _ => (word.trim_ascii(), ""),
    };
    let blank = |text: &str| text.contains(|c: char| c.is_ascii_whitespace());
    let request = |parts: usize, otherwise: &'static str| {
        let mut request = Request::parse(pattern, parts, parts).ok_or_else(|| anyhow!(otherwise))?;
        request.text = word.to_string();
        Ok::<_, anyhow::Error>(request)
    };
    if mode == 'M' {
        let request = request(2, "-Me, -MX or -M# requires service_name/type")?;
        let change = match edit {
            Edit::Set => {
                let entry = MasterFields::parse(value, place, warnings).map_err(|error| match error {
                    FieldError::Count => anyhow!("{error}: \"{word}\""),
                    FieldError::Value { .. } => anyhow!(error),
                })?;
                Change::Entry(Box::new(entry))
            }
            edit => Change::Whole(edit),
        };
        return Ok(Order { request, change, matched: false });
    }
    let request = request(
        3,
        if mode == 'F' {
            "-Fe or -FX requires service_name/type/field_name"
        } else {
            "-Pe or -PX requires service_name/type/parameter"
        },
    )?;
    let name = request.name.clone().unwrap_or_default();
    let change = match (mode, edit) {
        ('F', _) => {
            let Some(column) = master_fields::field(&name)? else {
                bail!("-Fe does not accept wild-card field name");
            };
            if MasterFields::NAMES[column] != "command" && blank(value) {
                bail!("-Fe does not accept whitespace in non-command field");
            }
            Change::Field(column, value.to_string())
        }
        _ if name == "*" => bail!("-Pe does not accept wild-card parameter name"),
        (_, Edit::Set) if blank(value) => bail!("-Pe does not accept whitespace in parameter value"),
        (_, Edit::Set) => Change::Parameter(name, value.to_string()),
        _ => Change::NoParameter(name),
    };
    Ok(Order { request, change, matched: false })
}

/// What is known of the entry whose lines are read.
enum Reading {
    /// It stays; its lines are copied.
    Copied,
    /// It is replaced or removed as a whole.
    Dropped,
    CommentedOut,
    /// Its fields or parameters change when it has been read; it begins in this line.
    Gathered(String, u32),
}

/// The new text.
fn edited(old: &[u8], path: &Path, orders: &mut [Order], warnings: &mut Vec<Warning>) -> Result<Vec<u8>> {
    let mut new = Vec::with_capacity(old.len() + 256);
    let mut reading = Reading::Copied;
    for (line, number) in old.split_inclusive(|byte| *byte == b'\n').zip(1u32..) {
        let text = line.trim_ascii_start();
        if text.is_empty() || text.starts_with(b"#") {
            new.extend_from_slice(line);
            continue;
        }
        if text.len() == line.len() {
            if let Reading::Gathered(entry, number) = &reading {
                changed(&mut new, entry, *number, path, orders, warnings)?;
            }
            reading = begun(&mut new, line, number, orders);
        }
        match &mut reading {
            Reading::Copied => new.extend_from_slice(line),
            Reading::Dropped => {}
            Reading::CommentedOut => {
                new.push(b'#');
                new.extend_from_slice(line);
            }
            Reading::Gathered(entry, _) => entry.push_str(String::from_utf8_lossy(line).trim_end_matches(['\r', '\n'])),
        }
    }
    if let Reading::Gathered(entry, number) = &reading {
        changed(&mut new, entry, *number, path, orders, warnings)?;
    }
    for order in orders.iter().filter(|order| !order.matched) {
        if let Change::Entry(entry) = &order.change {
            if !new.is_empty() && !new.ends_with(b"\n") {
                new.push(b'\n');
            }
            append(&mut new, entry);
        }
    }
    Ok(new)
}

/// What the orders say of an entry that begins with this line. An entry that takes its place is appended.
fn begun(new: &mut Vec<u8>, line: &[u8], number: u32, orders: &mut [Order]) -> Reading {
    let line = String::from_utf8_lossy(line);
    let words = tokens::split(&line, tokens::BLANKS);
    let (Some(service), Some(kind)) = (words.first(), words.get(1)) else { return Reading::Copied };
    let Some(order) = orders.iter_mut().find(|order| order.request.is_for(service, kind)) else {
        return Reading::Copied;
    };
    let first = !std::mem::replace(&mut order.matched, true);
    match &order.change {
        Change::Entry(entry) => {
            if first {
                append(new, entry);
            }
            Reading::Dropped
        }
        Change::Whole(Edit::CommentOut) => Reading::CommentedOut,
        Change::Whole(_) => Reading::Dropped,
        _ => Reading::Gathered(String::new(), number),
    }
}

/// Appends an entry with its new fields and parameters.
fn changed(
    new: &mut Vec<u8>,
    text: &str,
    line: u32,
    path: &Path,
    orders: &mut [Order],
    warnings: &mut Vec<Warning>,
) -> Result<()> {
    let place = Place { file: path.into(), line };
    let mut entry = MasterFields::parse(text, &place, warnings).map_err(|error| match error {
        FieldError::Count => anyhow!("file {}: line {line}: {error}", path.display()),
        FieldError::Value { .. } => anyhow!(error),
    })?;
    let (service, kind) = (entry.service().to_string(), entry.kind().to_string());
    for order in orders.iter_mut().filter(|order| order.request.is_for(&service, &kind)) {
        order.matched = true;
        match &order.change {
            Change::Field(column, value) => entry.set(*column, value, warnings)?,
            Change::Parameter(name, value) => entry.set_parameter(name, value),
            Change::NoParameter(name) => entry.remove_parameter(name),
            Change::Entry(_) | Change::Whole(_) => {}
        }
    }
    if !new.is_empty() && !new.ends_with(b"\n") {
        new.push(b'\n');
    }
    append(new, &entry);
    Ok(())
}

fn append(new: &mut Vec<u8>, entry: &MasterFields) {
    let mut text = String::new();
    print_entry(&mut text, entry, true);
    new.extend_from_slice(text.as_bytes());
}
