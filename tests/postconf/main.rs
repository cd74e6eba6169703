//! postconf of this tree and Debian's on the same directories: same output, same warnings, same exit status, same files
//! after an edit.
//!
//! What may differ is listed in [`differences`] and nowhere else. The number of parameters that Postfix has and we have not
//! is printed; lines about them are left out of the comparison, so that it becomes complete when they are there.

mod configurations;
mod differences;
mod edits;
mod shown;
mod templates;

use std::{
    fs::{self, File, FileTimes},
    os::unix::process::CommandExt,
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use waxwing_tests::needs::{self, Need};

/// What a call gave.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: Option<i32>,
    /// One setting a line; a folded one with its continuation.
    pub settings: Vec<String>,
    /// Sorted and each once: Postfix's order is that of its hash tables, and a syntax error is told each time it is met.
    pub messages: Vec<String>,
}

/// Both programs.
pub struct Programs {
    ours: std::path::PathBuf,
    different: differences::Different,
}

impl Programs {
    pub fn find(test: &str) -> Option<Self> {
        if !needs::present(test, &[Need::Postfix, Need::Waxwing]) {
            return None;
        }
        let ours = needs::waxwing().clone().expect("present, as was asked");
        Some(Self { different: differences::Different::find(&ours), ours })
    }

    /// Runs both on one directory.
    pub fn run(&self, directory: &Path, words: &[&str]) -> (Answer, Answer) {
        (
            self.different.taken_out(answer(their_command(), directory, words), words),
            self.different.taken_out(answer(self.our_command(), directory, words), words),
        )
    }

    fn our_command(&self) -> Command {
        let mut command = Command::new(&self.ours);
        command.arg("postconf");
        command
    }
}

/// Debian's, called by its plain name, which its messages have.
pub fn their_command() -> Command {
    let mut command = Command::new("/usr/sbin/postconf");
    command.arg0("postconf");
    command
}

/// One call of `command -c directory words`.
pub fn answer(mut command: Command, directory: &Path, words: &[&str]) -> Answer {
    let output = command.arg("-c").arg(directory).args(words).output().expect("postconf runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut settings: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        match settings.last_mut() {
            Some(last) if line.starts_with(' ') => last.push_str(line),
            _ => settings.push(line.to_string()),
        }
    }
    let mut messages: Vec<String> = String::from_utf8_lossy(&output.stderr).lines().map(str::to_string).collect();
    messages.sort();
    messages.dedup();
    Answer { status: output.status.code(), settings, messages }
}

/// Writes a file that is not of today: Postfix reads a file again that changed a moment ago, and warns again.
pub fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::write(path, text).expect("a directory to write to");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let file = File::options().write(true).open(path).expect("the file just written");
    file.set_times(FileTimes::new().set_modified(old)).expect("the owner sets times");
}

/// The lines of both that the other has not.
pub fn difference(theirs: &[String], ours: &[String]) -> String {
    let mut text = String::new();
    for line in theirs.iter().filter(|line| !ours.contains(line)) {
        text += &format!("  - {}\n", line.trim_end());
    }
    for line in ours.iter().filter(|line| !theirs.contains(line)) {
        text += &format!("  + {}\n", line.trim_end());
    }
    if text.is_empty() && theirs != ours {
        text = format!("  order or number of lines:\n  - {theirs:?}\n  + {ours:?}\n");
    }
    text
}
