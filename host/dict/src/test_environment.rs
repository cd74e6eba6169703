//! What the tests of this crate put in the place of the running server.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use hook::{Lookup, Table, TableError, TableKind};

use crate::Environment;

/// A clock ahead of the file system's, so that a file just written counts as settled, and quick, so that each lookup looks
/// at the file.
#[derive(Default)]
pub struct Ahead {
    asked: AtomicU64,
}

impl hook::Clock for Ahead {
    fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_secs(5)
    }
    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.asked.fetch_add(1, Ordering::Relaxed))
    }
}

struct Fixed;

impl hook::Randomness for Fixed {
    fn number(&self) -> u64 {
        4
    }
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(4);
    }
}

/// An environment, and the warnings given in it.
pub fn environment(utf8: bool) -> (Environment, Arc<Mutex<Vec<String>>>) {
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let into = warnings.clone();
    let environment = Environment {
        clock: Arc::new(Ahead::default()),
        randomness: Arc::new(Fixed),
        warn: Arc::new(move |text: &str| into.lock().unwrap().push(text.to_string())),
        utf8,
        plugin_tables: Some(Arc::new(|name, argument| match name {
            "slow" => Ok(Arc::new(Slow { title: format!("wasm:{name}:{argument}"), value: argument.to_string() })),
            _ => Err(format!("no plugin {name}")),
        })),
    };
    (environment, warnings)
}

/// A table that makes its callers wait: finds `known` and fails for `broken`.
struct Slow {
    title: String,
    value: String,
}

impl Table for Slow {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        Lookup::Later(Box::pin(async move {
            match key {
                "known" | "known.example" => Ok(Some(self.value.clone())),
                "broken" => Err(TableError::Temporary("out of order".into())),
                _ => Ok(None),
            }
        }))
    }
}

/// The answer of a lookup that must not have to wait.
pub fn now<T>(lookup: Lookup<'_, T>) -> Result<T, TableError> {
    match lookup {
        Lookup::Now(answer) => answer,
        Lookup::Later(_) => panic!("this lookup should be answered at once"),
    }
}

/// As `postmap FILE` writes, and the warnings given.
pub fn writing() -> (crate::Writing, Arc<Mutex<Vec<String>>>) {
    let (environment, warnings) = environment(true);
    let writing = crate::Writing {
        format: crate::Format::Postmap,
        fold_case: true,
        utf8: true,
        duplicates: crate::Duplicates::Warn,
        null: None,
        incremental: false,
        files: false,
        mode: 0o644,
        lmdb_map_size: 1 << 24,
        marks: Vec::new(),
        warn: environment.warn,
    };
    (writing, warnings)
}

/// Debian's postmap and a text for it.
pub struct DebianPostmap {
    directory: tempfile::TempDir,
    /// `type:path` of the text.
    pub title: String,
}

/// None, and says so, where Debian's postmap does not know the type.
pub fn debian_postmap(kind: &str, text: &str) -> Option<DebianPostmap> {
    let types = std::process::Command::new("postconf").arg("-m").output();
    let known = types.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).lines().any(|line| line == kind));
    if !known {
        assert!(std::env::var_os("WAXWING_REQUIRE_ALL").is_none(), "postfix-{kind} is missing");
        eprintln!("SKIPPED: there is no postmap here that knows {kind}: tables (package postfix-{kind})");
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("main.cf"), "compatibility_level = 3.6\nmyhostname = mx.example.org\n")
        .unwrap();
    std::fs::write(directory.path().join("t"), text).unwrap();
    let title = format!("{kind}:{}/t", directory.path().display());
    Some(DebianPostmap { directory, title })
}

impl DebianPostmap {
    pub fn path(&self) -> String {
        self.directory.path().join("t").display().to_string()
    }

    /// Standard output, and the lines of standard error without `postmap: warning: `.
    pub fn run(&self, words: &[String]) -> (String, Vec<String>) {
        let mut command = std::process::Command::new("postmap");
        let output =
            command.arg("-c").arg(self.directory.path()).arg("-o").args(words).output().expect("postmap starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = said.lines().map(|line| line.trim_start_matches("postmap: ").trim_start_matches("warning: "));
        (String::from_utf8_lossy(&output.stdout).into_owned(), said.map(str::to_string).collect())
    }
}
