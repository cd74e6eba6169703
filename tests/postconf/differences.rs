//! The differences that there are to be, and the parameters that are not there yet.

use std::{collections::BTreeSet, path::Path, process::Command};

use crate::{Answer, answer, their_command, write};

/// Another default, as docs/postconf.md says.
const DIFFERENT_DEFAULTS: &[&str] = &["mail_release_date", "mail_version", "process_id", "smtpd_forbid_bare_newline"];

/// Ours, theirs: `mail_name`, `queue_directory`, `data_directory`, wherever they are expanded.
const DIFFERENT_WORDS: &[(&str, &str)] = &[
    ("Waxwing", "Postfix"),
    ("/var/spool/waxwing", "/var/spool/postfix"),
    ("/var/lib/waxwing", "/var/lib/postfix"),
    ("/etc/waxwing", "/etc/postfix"),
];

/// What differs between the two programs on any configuration.
pub struct Different {
    /// Theirs alone.
    missing: BTreeSet<String>,
    /// Ours alone.
    own: BTreeSet<String>,
    /// Theirs whose defaults make use of what is missing or different.
    touched: BTreeSet<String>,
}

impl Different {
    pub fn find(ours: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        write(&directory.path().join("main.cf"), "");
        write(&directory.path().join("master.cf"), crate::configurations::DEBIAN_MASTER);
        let names = |command| -> BTreeSet<String> {
            let answer = answer(command, directory.path(), &["-d", "-H"]);
            assert_eq!(answer.status, Some(0), "postconf -dH: {:?}", answer.messages);
            answer.settings.iter().map(|line| line.trim().to_string()).collect()
        };
        let mut waxwing = Command::new(ours);
        waxwing.arg("postconf");
        let (theirs, ours) = (names(their_command()), names(waxwing));
        let missing: BTreeSet<String> = theirs.difference(&ours).cloned().collect();
        let own = ours.difference(&theirs).cloned().collect();
        let touched = touched(&answer(their_command(), directory.path(), &["-d"]).settings, &missing);
        Self { missing, own, touched }
    }

    pub fn missing(&self) -> &BTreeSet<String> {
        &self.missing
    }

    pub fn own(&self) -> &BTreeSet<String> {
        &self.own
    }

    /// The answer without what is about these names.
    pub fn taken_out(&self, mut answer: Answer, words: &[&str]) -> Answer {
        let expanded = words.iter().any(|word| word.starts_with('-') && word.contains('x'));
        answer.settings.retain(|line| {
            let name = line.split([' ', '\n']).next().unwrap_or_default();
            // $process_id and $mail_version are others for each.
            if expanded && (self.touched.contains(name) || ["debugger_command", "milter_macro_v"].contains(&name)) {
                return false;
            }
            !(self.is_different(name) || DIFFERENT_DEFAULTS.contains(&name))
        });
        for line in &mut answer.settings {
            *line = DIFFERENT_WORDS.iter().fold(line.clone(), |line, (ours, theirs)| line.replace(ours, theirs));
        }
        answer.messages.retain(|message| {
            let name = message.split(": ").nth(4).unwrap_or_default();
            let name = name.split('=').next().unwrap_or_default();
            let named = message.ends_with(": unknown parameter")
                && message.split(": ").nth(2).is_some_and(|name| self.is_different(name));
            !(named || self.is_different(name))
        });
        answer
    }

    /// What keeps the long lists from being compared as a whole.
    fn is_different(&self, name: &str) -> bool {
        // A parameter of a service is missing with those of the services that Debian's master.cf has.
        let of_service = |name: &str| {
            name.match_indices('_').any(|(at, _)| {
                self.missing.contains(&format!("relay{}", &name[at..]))
                    || self.missing.contains(&format!("uucp{}", &name[at..]))
            })
        };
        self.missing.contains(name) || self.own.contains(name) || of_service(name)
    }
}

/// The names whose values lead to one of `missing`, at once or through others.
fn touched(settings: &[String], missing: &BTreeSet<String>) -> BTreeSet<String> {
    let mut touched = missing.clone();
    loop {
        let before = touched.len();
        for setting in settings {
            let Some((name, value)) = setting.split_once(" = ") else { continue };
            let names = value.split('$').skip(1).map(|rest| rest.trim_start_matches(['{', '(']));
            let names = names.map(|rest| rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next());
            if names.flatten().any(|name| touched.contains(name)) {
                touched.insert(name.to_string());
            }
        }
        if touched.len() == before {
            return touched;
        }
    }
}
