//! The rows of postfix/rows.txt: every restriction, access(5) action and fixed reply by its name, and whether the cases
//! for both servers cover it.
//!
//! A case is one of a row if its main.cf lines, its tables or its `@policy` lines have the row's name as a word: small
//! letters for a restriction, capitals for an action. Rows whose names are no words are named before the first case of
//! a setting, or in a case:
//!
//! ```text
//! # rows: all-numerical; (empty result)
//! ```
//! A third column in rows.txt names the test of postfix/rows.rs that stands for the row instead.
//!
//! Each file of cases is a process of its own, so what it found goes to a file next to the test binary, marked with the
//! run; the last one counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    thread,
};

use crate::{
    comparison::{self, Case, Setting},
    namespace, needs,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub kind: String,
    pub name: String,
    /// The test of postfix/rows.rs, if it is not for the cases.
    pub test: Option<String>,
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("postfix")
}

pub fn all() -> Vec<Row> {
    let path = directory().join("rows.txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let row = |line: &str| {
        let mut columns = line.split('\t').map(str::to_string);
        let kind = columns.next().filter(|k| ["restriction", "access-action", "reply"].contains(&k.as_str()));
        let name = columns.next().unwrap_or_else(|| panic!("rows.txt: no name: {line}"));
        Row { kind: kind.unwrap_or_else(|| panic!("rows.txt: no kind: {line}")), name, test: columns.next() }
    };
    text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(row).collect()
}

/// The names of the rows that a case is one of.
pub fn covered<'r>(rows: &'r [Row], setting: &Setting, case: &Case) -> BTreeSet<&'r str> {
    let policy = case.script.iter().filter(|line| line.starts_with("@policy "));
    let texts = setting.tables.iter().map(|(_, text)| text).chain(policy).chain([&setting.main_cf]);
    let words: BTreeSet<&str> =
        texts.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).collect();
    let tagged: BTreeSet<&str> = setting.rows.iter().chain(&case.rows).map(String::as_str).collect();
    if let Some(name) = tagged.iter().find(|name| !rows.iter().any(|row| row.name == **name)) {
        panic!("rows.txt has no {name}, which the case {} names", case.name);
    }
    let names = rows.iter().filter(|row| row.test.is_none()).map(|row| row.name.as_str());
    names.filter(|name| words.contains(name) || tagged.contains(name)).collect()
}

fn case_files() -> Vec<String> {
    let entries = fs::read_dir(directory().join("cases")).expect("postfix/cases");
    let names = entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".cases")).collect()
}

/// The rows that no case and no test stands for.
pub fn without_case() -> Vec<String> {
    let rows = all();
    let files = case_files().into_iter().map(|file| comparison::read(&file));
    let settings: Vec<Setting> = files.flatten().collect();
    let pairs = settings.iter().flat_map(|setting| setting.cases.iter().map(move |case| (setting, case)));
    let found: BTreeSet<&str> = pairs.flat_map(|(setting, case)| covered(&rows, setting, case)).collect();
    let missing = rows.iter().filter(|row| row.test.is_none() && !found.contains(row.name.as_str()));
    missing.map(|row| format!("{} {}", row.kind, row.name)).collect()
}

/// Whether all of a row's answers were Postfix's, so far.
#[derive(Default)]
pub struct Found(BTreeMap<String, bool>);

impl Found {
    pub fn add(&mut self, row: &str, same: bool) {
        *self.0.entry(row.to_string()).or_insert(true) &= same;
    }

    /// Keeps it for the count at the end; `part` is a file of cases or a test.
    pub fn keep(&self, part: &str) {
        let rows: String = self.0.iter().map(|(row, same)| format!("{same}\t{row}\n")).collect();
        fs::create_dir_all(kept_in()).expect("a directory next to the test binary");
        fs::write(kept_in().join(part), format!("{}\n{rows}", namespace::run())).expect("write what was found");
    }

    /// What a part of this run kept.
    fn of(part: &str) -> Option<Self> {
        let text = fs::read_to_string(kept_in().join(part)).ok()?;
        let (run, rows) = text.split_once('\n')?;
        let rows = rows.lines().filter_map(|line| line.split_once('\t'));
        (run == namespace::run()).then(|| Self(rows.map(|(same, row)| (row.to_string(), same == "true")).collect()))
    }
}

fn kept_in() -> PathBuf {
    env::current_exe().expect("own path").with_extension("rows")
}

/// Counts when it is dropped, if all files and tests of this run are through: to be held by each of their tests.
pub struct Count;

impl Drop for Count {
    fn drop(&mut self) {
        if namespace::is_inside() {
            return;
        }
        let rows = all();
        let parts = case_files().into_iter().chain(rows.iter().filter_map(|row| row.test.clone()));
        let Some(found) = parts.map(|part| Found::of(&part)).collect::<Option<Vec<Found>>>() else { return };
        let (line, wrong) = count(&rows, &found);
        needs::say(&format!("RESULT {line}"));
        if !thread::panicking() {
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        }
    }
}

/// The line of the count, and what is wrong with which row.
fn count(rows: &[Row], found: &[Found]) -> (String, Vec<String>) {
    let answers = |row: &Row| found.iter().filter_map(|part| part.0.get(&row.name)).copied().collect::<Vec<bool>>();
    let none: Vec<&Row> = rows.iter().filter(|row| answers(row).is_empty()).collect();
    let differs: Vec<&Row> = rows.iter().filter(|row| answers(row).contains(&false)).collect();
    let all = rows.len();
    let have = all - none.len();
    let same = have - differs.len();
    let line = format!("rows: {have} of {all} have a case; {same} of {all} as Postfix answers");
    let none = none.into_iter().map(|row| format!("{} {}: no answer was compared", row.kind, row.name));
    let differs = differs.into_iter().map(|row| format!("{} {}: an answer differs", row.kind, row.name));
    (line, none.chain(differs).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, test: Option<&str>) -> Row {
        Row { kind: "restriction".into(), name: name.into(), test: test.map(str::to_string) }
    }

    #[test]
    fn names_are_whole_words() {
        let rows = [row("reject", None), row("REJECT", None), row("sleep", None), row("HOLD", None), row("(x)", None)];
        let text = "[setting] s\nlist = reject_rbl, sleep 1\n# rows: (x)\n[table t]\na REJECT, b\n[case] c\n@policy HOLD\nEHLO DUNNO\n";
        let settings = comparison::parse(text);
        let found = covered(&rows, &settings[0], &settings[0].cases[0]);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["(x)", "HOLD", "REJECT", "sleep"]);
    }

    #[test]
    fn a_row_of_a_test_is_no_cases() {
        let settings = comparison::parse("[setting] s\nlist = sleep 1\n[case] c\nNOOP\n");
        assert!(covered(&[row("sleep", Some("sleeps"))], &settings[0], &settings[0].cases[0]).is_empty());
    }

    #[test]
    fn one_difference_is_enough() {
        let mut found = Found::default();
        found.add("a", true);
        found.add("a", false);
        found.add("a", true);
        found.add("b", true);
        assert_eq!(found.0.into_iter().collect::<Vec<_>>(), [("a".into(), false), ("b".into(), true)]);
    }

    #[test]
    fn rows_are_counted() {
        let part =
            |answers: &[(&str, bool)]| Found(answers.iter().map(|(row, same)| (row.to_string(), *same)).collect());
        let found = [part(&[("a", true), ("b", true)]), part(&[("b", false)])];
        let (line, wrong) = count(&[row("a", None), row("b", None), row("c", None)], &found);
        assert_eq!(line, "rows: 2 of 3 have a case; 1 of 3 as Postfix answers");
        assert_eq!(wrong, ["restriction c: no answer was compared", "restriction b: an answer differs"]);
    }
}
