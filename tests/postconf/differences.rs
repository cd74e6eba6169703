//! The differences that there are to be, and the parameters that are not there yet.

use std::{collections::BTreeSet, path::Path, process::Command};

use crate::{Answer, answer, their_command, write};

/// Another default, as docs/postconf.md says.
const DIFFERENT_DEFAULTS: &[&str] =
    &["data_directory", "mail_name", "mail_release_date", "mail_version", "queue_directory", "process_id"];

/// What differs between the two programs on any configuration.
pub struct Different {
    /// Theirs alone.
    missing: BTreeSet<String>,
    /// Ours alone.
    own: BTreeSet<String>,
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
        let (missing, own) = (theirs.difference(&ours).cloned().collect(), ours.difference(&theirs).cloned().collect());
        Self { missing, own }
    }

    pub fn missing(&self) -> &BTreeSet<String> {
        &self.missing
    }

    pub fn own(&self) -> &BTreeSet<String> {
        &self.own
    }

    /// The answer without what is about these names.
    pub fn taken_out(&self, mut answer: Answer) -> Answer {
        answer.settings.retain(|line| {
            let name = line.split([' ', '\n']).next().unwrap_or_default();
            !(self.is_different(name) || DIFFERENT_DEFAULTS.contains(&name))
        });
        answer.messages.retain(|message| {
            let name = message.split(": ").nth(3).unwrap_or_default();
            let name = name.split('=').next().unwrap_or_default();
            let named = message.ends_with(": unknown parameter")
                && message.split(": ").nth(2).is_some_and(|name| self.is_different(name));
            !(named || self.is_different(name))
        });
        answer
    }

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
