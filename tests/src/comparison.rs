//! Cases for both servers, from text files: settings, each with its main.cf lines and tables, and dialogues in them.
//!
//! ```text
//! # a comment
//! [setting] what it sets
//! smtpd_delay_reject = no
//! [table access]                  a file of that name in $config_directory
//! bad.test REJECT
//! # rows: all-numerical           rows of rows.txt, see the module rows
//! [case] what happens             a script, see the module dialogue
//! EHLO client.test
//! @log is deprecated              how the first log line with these words goes on, since the setting began; last in a case
//! ```
//! Every reply of Waxwing must be Postfix's. What is different on purpose stands in [`Difference`]s with a reason.

use std::{collections::BTreeSet, env, fs, path::Path};

use crate::{
    dialogue::{self, Exchange},
    namespace::Place,
    needs, normal,
    rows::{self, Found},
    server::{Kind, Server},
    waiting,
};

#[derive(Debug, Default)]
pub struct Setting {
    pub name: String,
    pub main_cf: String,
    pub tables: Vec<(String, String)>,
    pub cases: Vec<Case>,
    /// Rows that its words do not tell.
    pub rows: Vec<String>,
}

#[derive(Debug, Default)]
pub struct Case {
    pub name: String,
    /// In the file, for the failure message.
    pub line: usize,
    pub script: Vec<String>,
    /// Rows that the words of the setting do not tell.
    pub rows: Vec<String>,
}

/// A case whose answers differ because Waxwing means it.
pub struct Difference {
    pub case: &'static str,
    pub reason: &'static str,
}

pub fn parse(text: &str) -> Vec<Setting> {
    enum In {
        Nothing,
        MainCf,
        Table,
        Script,
    }
    let mut settings: Vec<Setting> = Vec::new();
    let mut place = In::Nothing;
    for (number, line) in text.lines().enumerate() {
        let head = line.strip_prefix('[').and_then(|l| l.split_once(']'));
        let comment = line.starts_with('#') || (line.trim().is_empty() && !matches!(place, In::Script));
        match (head, settings.last_mut()) {
            (Some(("setting", name)), _) => {
                settings.push(Setting { name: name.trim().into(), ..Setting::default() });
                place = In::MainCf;
            }
            (Some((head, _)), Some(setting)) if head.starts_with("table ") => {
                setting.tables.push((head["table ".len()..].trim().into(), String::new()));
                place = In::Table;
            }
            (Some(("case", name)), Some(setting)) => {
                setting.cases.push(Case { name: name.trim().into(), line: number + 1, ..Case::default() });
                place = In::Script;
            }
            (_, Some(setting)) if line.starts_with("# rows:") => {
                let names = line["# rows:".len()..].split(';').map(|name| name.trim().to_string());
                match (&place, setting.cases.last_mut()) {
                    (In::Script, Some(case)) => case.rows.extend(names),
                    _ => setting.rows.extend(names),
                }
            }
            _ if comment => {}
            (_, Some(setting)) => match place {
                In::MainCf => setting.main_cf += &format!("{line}\n"),
                In::Table => setting.tables.last_mut().expect("a table began").1 += &format!("{line}\n"),
                In::Script => setting.cases.last_mut().expect("a case began").script.push(line.into()),
                In::Nothing => {}
            },
            (_, None) => panic!("line {}: before the first [setting]: {line}", number + 1),
        }
    }
    for case in settings.iter_mut().flat_map(|s| &mut s.cases) {
        while case.script.last().is_some_and(|l| l.trim().is_empty()) {
            case.script.pop();
        }
    }
    settings
}

/// The settings of a file of postfix/cases.
pub fn read(file: &str) -> Vec<Setting> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("postfix/cases").join(file);
    parse(&fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// Plays all cases of a file to both servers and says how many answers are the same. Panics with every difference.
pub fn compare(place: &Place, file: &str, differences: &[Difference]) {
    let only = env::var("WAXWING_CASE").unwrap_or_default();
    let mut settings = read(file);
    for setting in &mut settings {
        setting.cases.retain(|c| c.name.contains(&only));
    }
    settings.retain(|s| !s.cases.is_empty());
    let mut heard: Vec<Vec<Vec<Exchange>>> = [Kind::Postfix, Kind::Waxwing]
        .into_iter()
        .filter(|k| needs::asked_for(k.name()))
        .map(|kind| play_all(place, kind, &settings))
        .collect();
    if let (Some(directory), Some(postfix)) = (env::var_os("WAXWING_TRANSCRIPTS"), heard.first()) {
        let cases = settings.iter().flat_map(|s| &s.cases).zip(postfix);
        let text: String = cases.map(|(case, heard)| format!("== {}\n{}", case.name, transcript(heard))).collect();
        fs::write(Path::new(&directory).join(file), text).expect("write the transcript");
    }
    if let [postfix, waxwing] = &mut heard[..] {
        ask_postfix_again(place, &settings, differences, postfix, waxwing);
    }
    let [postfix, waxwing] = &heard[..] else { return };
    let (mut same, mut wrong, mut meant) = (0, Vec::new(), 0);
    let (rows, mut found_rows) = (rows::all(), Found::default());
    let pairs = settings.iter().flat_map(|s| s.cases.iter().map(move |c| (s, c)));
    for (((setting, case), theirs), ours) in pairs.zip(postfix).zip(waxwing) {
        let difference = differences.iter().find(|d| d.case == case.name);
        let found = diff(theirs, ours);
        if difference.is_none() {
            let covered: BTreeSet<&str> = rows::covered(&rows, setting, case);
            covered.into_iter().for_each(|row| found_rows.add(row, found.is_none()));
        }
        match (found, difference) {
            (None, None) => same += 1,
            (Some(_), Some(_)) => meant += 1,
            (Some(text), None) => wrong.push(format!("{file}:{}: {}\n{text}", case.line, case.name)),
            (None, Some(d)) => {
                wrong.push(format!("{file}:{}: {}\n  no longer differs: {}", case.line, case.name, d.reason));
            }
        }
    }
    if only.is_empty() {
        found_rows.keep(file);
    }
    let all = same + wrong.len() + meant;
    needs::say(&format!("RESULT {file}: {same} of {} as Postfix answers, {meant} different on purpose", all - meant));
    assert!(wrong.is_empty(), "{same} of {} as Postfix answers\n{}", all - meant, wrong.join("\n"));
}

/// After a reload an old smtpd of Postfix now and then serves one more client by the settings before. Where answers differ,
/// Postfix is asked once more; what Waxwing said stays.
fn ask_postfix_again(
    place: &Place,
    settings: &[Setting],
    differences: &[Difference],
    postfix: &mut [Vec<Exchange>],
    waxwing: &[Vec<Exchange>],
) {
    let mut first = 0;
    for setting in settings {
        let range = first..first + setting.cases.len();
        first = range.end;
        let doubtful = setting.cases.iter().zip(range.clone()).any(|(case, at)| {
            let meant = differences.iter().any(|difference| difference.case == case.name);
            !meant && diff(&postfix[at], &waxwing[at]).is_some()
        });
        if doubtful {
            let again = play_all(place, Kind::Postfix, std::slice::from_ref(setting));
            postfix[range].clone_from_slice(&again);
        }
    }
}

fn play_all(place: &Place, kind: Kind, settings: &[Setting]) -> Vec<Vec<Exchange>> {
    let mut server = Server::new(place, kind);
    server.start();
    let mut heard = Vec::new();
    for (number, setting) in settings.iter().enumerate() {
        for (name, text) in &setting.tables {
            server.table(name, text);
        }
        let before = server.log().len();
        server.reconfigure(&setting.main_cf, number + 1);
        for case in &setting.cases {
            let (asked, script): (Vec<&String>, Vec<&String>) =
                case.script.iter().partition(|line| line.starts_with("@log "));
            let script: Vec<String> = script.into_iter().cloned().collect();
            let mut answers = dialogue::play(&script, server.port);
            answers.extend(asked.into_iter().map(|line| logged(&server, before, line)));
            heard.push(answers);
        }
    }
    server.stop();
    heard
}

/// Answers `@log WORDS` with these and what follows them in the first such line behind that byte of the log: what stands
/// before them, such as the line of main.cf, is each server's own. Postfix's lines come late, through postlogd.
fn logged(server: &Server, before: usize, line: &str) -> Exchange {
    let words = &line["@log ".len()..];
    let find = || {
        let log = server.log();
        log.get(before..)?.lines().find_map(|line| line.find(words).map(|at| normal::reply(&line[at..])))
    };
    Exchange { sent: line.into(), reply: waiting::until(15, find).unwrap_or_else(|| "<not logged>".into()) }
}

fn transcript(heard: &[Exchange]) -> String {
    heard.iter().map(|e| format!("C: {}\nS: {}\n", e.sent, normal::reply(&e.reply).replace('\n', "\nS: "))).collect()
}

/// The first answers that differ, and of long replies only the lines that do.
fn diff(postfix: &[Exchange], waxwing: &[Exchange]) -> Option<String> {
    let at = |heard: &[Exchange], i: usize| heard.get(i).map_or("<nothing>".into(), |e| normal::reply(&e.reply));
    let differs: Vec<usize> =
        (0..postfix.len().max(waxwing.len())).filter(|i| at(postfix, *i) != at(waxwing, *i)).collect();
    let describe = |i: &usize| {
        let sent = postfix.get(*i).or(waxwing.get(*i)).map_or("", |e| &e.sent);
        let (theirs, ours) = (at(postfix, *i), at(waxwing, *i));
        let only = |of: &str, other: &str| {
            let lines: Vec<&str> = of.lines().filter(|l| !other.lines().any(|o| o == *l)).collect();
            if lines.is_empty() { "(no other line)".to_string() } else { lines.join("\n             ") }
        };
        format!(
            "  line {}, sent: {sent}\n    postfix: {}\n    waxwing: {}",
            i + 1,
            only(&theirs, &ours),
            only(&ours, &theirs)
        )
    };
    let shown: Vec<String> = differs.iter().take(5).map(describe).collect();
    (!shown.is_empty()).then(|| shown.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(reply: &str) -> Vec<Exchange> {
        vec![Exchange { sent: "NOOP".into(), reply: reply.into() }]
    }

    #[test]
    fn a_difference_shows() {
        assert_eq!(
            diff(&heard("250 2.0.0 Ok: queued as 4F00AA11BB"), &heard("250 2.0.0 Ok: queued as 3A00AA11BB")),
            None
        );
        let found = diff(&heard("250 2.0.0 Ok"), &heard("250 Ok")).expect("a difference");
        assert!(found.contains("postfix: 250 2.0.0 Ok") && found.contains("waxwing: 250 Ok"), "{found}");
        assert!(diff(&heard("250 Ok"), &[]).is_some());
    }

    #[test]
    fn cases_are_read() {
        let settings =
            parse("# c\n[setting] one\na = b\n\n[table t]\nk v\n[case] first\nEHLO x\n\nNOOP\n\n[case] second\nQUIT\n");
        assert_eq!(settings.len(), 1);
        assert_eq!(settings[0].main_cf, "a = b\n");
        assert_eq!(settings[0].tables, [("t".to_string(), "k v\n".to_string())]);
        assert_eq!(settings[0].cases[0].script, ["EHLO x", "", "NOOP"]);
        assert_eq!((settings[0].cases[1].name.as_str(), settings[0].cases[1].line), ("second", 12));
    }
}
