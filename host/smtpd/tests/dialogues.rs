//! Plays tests/dialogues/*.txt, and plugins/*.txt beside this file, against the server in memory: every reply, and the log
//! lines they name. Those in plugins/ need the stand-ins of `world`.

#[allow(dead_code)]
mod dialogue;
#[allow(dead_code)]
mod world;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use dialogue::Dialogue;
use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, layer::SubscriberExt};
use world::World;

/// Collects mail log lines without program and time.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.0);
    }
}

async fn play(dialogue: &Dialogue, lines: &Lines) -> Result<(), String> {
    let world = World::new(&dialogue.settings).await.map_err(|error| format!("{}: {error}", dialogue.title))?;
    let (client, server) = tokio::io::duplex(64 * 1024);
    let peer = World::peer();
    let (played, ()) = tokio::join!(dialogue.play(client), world.service.serve(server, peer, peer));
    played?;
    dialogue.check_log(&lines.all())
}

#[test]
fn dialogues() {
    let only = std::env::var("DIALOGUE").unwrap_or_default();
    let mut paths = Vec::new();
    for folder in ["../../tests/dialogues", "tests/plugins"] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
        paths.extend(
            std::fs::read_dir(&folder).expect("a folder of dialogues").map(|entry| entry.expect("an entry").path()),
        );
    }
    paths.retain(|path| path.extension().is_some_and(|e| e == "txt") && path.to_string_lossy().contains(&only));
    paths.sort();
    let mut played = 0;
    let mut differences = Vec::new();
    for path in paths {
        let dialogue = Dialogue::read(&path);
        if dialogue.needs_server {
            continue;
        }
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let result = tracing::subscriber::with_default(subscriber, || runtime.block_on(play(&dialogue, &lines)));
        played += 1;
        differences.extend(result.err());
    }
    assert!(played > 0, "no dialogue was played");
    assert!(differences.is_empty(), "{} of {played} dialogues differ:\n{}", differences.len(), differences.join("\n"));
}
