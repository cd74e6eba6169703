//! docs/parameters.md, made from the rows.

use std::fmt::Write as _;

use config::{Config, KindTag, Limits, Row, Unit};

use super::{INERT, Numbers, OBEYED, not_yet, numbers, old_names::OLD_NAMES};

/// One line of a table of the page.
struct Line {
    name: String,
    kind: String,
    default: String,
    doc: String,
}

/// The whole page. `config` was loaded from an empty main.cf and knows the rows of the default plugins.
pub fn page(config: &Config) -> String {
    let Numbers { obeyed, inert, not_yet } = numbers(config);
    let mut page = format!(
        "# Parameters\n\n\
         Made by `waxwing parameters > docs/parameters.md` from the rows that the server reads; do not edit it.\n\n\
         | parameters | |\n|---|---|\n\
         | [obeyed](#obeyed) | {obeyed} |\n\
         | [not yet obeyed](#not-yet-obeyed) | {not_yet} |\n\
         | [without effect](#without-effect) | {inert} |\n\
         | [old names](#old-names) | {} |\n\n\
         All are known to `postconf` and checked when the configuration is loaded. A `NAME_` in front stands for each\n\
         service of master.cf that delivers mail (smtp, lmtp, pipe, local, virtual, error, and plugins); it counts once.\n\
         Every other name in main.cf that nothing refers to is an `unused parameter`, as in Postfix.\n\n\
         `$name` in a default is the value of that parameter; a time without a unit is in the unit given here.\n",
        OLD_NAMES.len()
    );
    let mut lines: Vec<Line> = OBEYED.iter().chain(delivery::PARAMETERS).copied().flatten().map(line).collect();
    lines.extend(config.plugin_rows().iter().map(|row| Line {
        name: row.name.clone(),
        kind: kind(row.kind, &row.limits),
        default: code(&row.default),
        doc: row.doc.clone(),
    }));
    section(&mut page, "Obeyed", "", "what it says", lines);
    let warning = "\nA server whose main.cf or master.cf sets one of these goes on as if it were not set.\n\
        `waxwing check --unimplemented` lists them with file and line. **Protects** marks those that keep something secret\n\
        or out: a setting other than the default is warned of in the log, at every start and reload.\n";
    let lines = not_yet::TABLES.iter().copied().flatten().map(line).collect();
    section(&mut page, "Not yet obeyed", warning, "what it says", lines);
    let lines = INERT.iter().copied().flatten().map(line).collect();
    section(&mut page, "Without effect", "", "why", lines);
    page += "\n## Old names\n\nNames of earlier versions, which the defaults of their successors name.\n\n| name | now |\n|---|---|\n";
    for (old, new) in OLD_NAMES {
        let _ = writeln!(page, "| `{old}` | `{new}` |");
    }
    page
}

fn section(page: &mut String, title: &str, intro: &str, last: &str, mut lines: Vec<Line>) {
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    let _ = write!(page, "\n## {title}\n{intro}\n| name | type | default | {last} |\n|---|---|---|---|\n");
    for Line { name, kind, default, doc } in lines {
        let doc = doc.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        let _ = writeln!(page, "| `{name}` | {kind} | {default} | {doc} |");
    }
}

fn line(row: &Row) -> Line {
    let default = match row.computed {
        _ if row.name == "mail_version" => "the version".to_string(),
        Some(_) => "computed".to_string(),
        None => code(row.default),
    };
    let mark = if row.protects { "**Protects.** " } else { "" };
    Line {
        name: format!("{}{}", if row.template { "NAME" } else { "" }, row.name),
        kind: kind(row.kind, &row.limits),
        default,
        doc: format!("{mark}{}", row.doc),
    }
}

fn code(text: &str) -> String {
    if text.is_empty() { "empty".to_string() } else { format!("`{}`", text.replace('|', "\\|")) }
}

fn kind(kind: KindTag, limits: &Limits) -> String {
    let (word, numeric) = match kind {
        KindTag::Text => ("text", false),
        KindTag::Raw => ("text, not expanded", false),
        KindTag::List => ("list", false),
        KindTag::Boolean => ("yes or no", false),
        KindTag::Count => ("number", true),
        KindTag::Size => ("bytes", true),
        KindTag::ReplyCode => ("reply code", false),
        KindTag::Time => ("time in", true),
    };
    let unit = match (kind, limits.unit) {
        (KindTag::Time, Unit::Seconds) => " s",
        (KindTag::Time, Unit::Minutes) => " m",
        (KindTag::Time, Unit::Hours) => " h",
        (KindTag::Time, Unit::Days) => " d",
        (KindTag::Time, Unit::Weeks) => " w",
        _ => "",
    };
    let seconds = if kind == KindTag::Time { " s" } else { "" };
    let bound = match (limits.min, limits.max) {
        _ if !numeric => String::new(),
        (Some(min), Some(max)) => format!(", {min} to {max}{seconds}"),
        (Some(min), None) if min != 0 => format!(", from {min}{seconds}"),
        (None, Some(max)) => format!(", to {max}{seconds}"),
        _ => String::new(),
    };
    format!("{word}{unit}{bound}")
}
