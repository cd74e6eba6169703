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
