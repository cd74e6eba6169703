//! Swapping generations: a changed plugins.cf or component is compiled and checked beside the running plugins, and takes
//! their place whole or not at all.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use config::{Config, PluginEntry};
use hook::{Catalogue, MailLog, Services};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    PluginError, Registry, cwasm,
    engine::Engine,
    load::Loader,
    registry::{Sources, build},
};

/// Makes what plugins may ask of the server from a configuration that knows the plugins' parameters.
pub type ServicesFactory = Arc<dyn Fn(&Config) -> Services + Send + Sync>;

/// The default plugins: name and component or module.
pub type Embedded = &'static [(&'static str, &'static [u8])];

/// A change is acted upon when nothing more has changed for so long: compilers write in pieces.
const QUIET: Duration = Duration::from_millis(200);

/// Keeps the current generation of plugins. Dropping it stops the watch; sessions keep the generation they hold.
pub struct PluginHost {
    shared: Arc<Shared>,
    watch: JoinHandle<()>,
}

struct Shared {
    loader: Loader,
    embedded: Embedded,
    services: ServicesFactory,
    log: MailLog,
    current: ArcSwap<Registry>,
    changed: watch::Sender<u64>,
    /// What the current generation was built from. Held while another is built, so that they come one after the other.
    basis: tokio::sync::Mutex<Basis>,
    watcher: Mutex<Watched>,
}

struct Basis {
    config: Config,
    entries: Vec<PluginEntry>,
    /// Contents of plugins.cf and the components at the last attempt.
    fingerprint: String,
}

/// The watcher and the directories it watches.
#[derive(Default)]
struct Watched {
    watcher: Option<RecommendedWatcher>,
    directories: BTreeSet<PathBuf>,
}

impl PluginHost {
    /// Loads the plugins of plugins.cf and the default ones. Call within a tokio runtime.
    ///
    /// # Errors
    /// The first thing that is wrong; nothing is left running.
    pub async fn start(
        config: Config,
        services: ServicesFactory,
        embedded: Embedded,
        log: MailLog,
    ) -> Result<Self, PluginError> {
        let data = config.get(&config::parameters::DATA_DIRECTORY);
        let loader = Loader::new(Engine::start()?, &Path::new(&data).join("cwasm"));
        let entries = config.plugins().to_vec();
        let fingerprint = fingerprint(&config, &entries).await;
        let first = build(Sources {
            loader: &loader,
            generation: 1,
            config: &config,
            entries: &entries,
            embedded,
            services: &services,
            log: &log,
        });
        let registry = first.await?;
        let shared = Arc::new(Shared {
            loader,
            embedded,
            services,
            log,
            current: ArcSwap::from_pointee(registry),
            changed: watch::Sender::new(1),
            basis: tokio::sync::Mutex::new(Basis { config, entries, fingerprint }),
            watcher: Mutex::default(),
        });
        let (sender, changes) = mpsc::channel(1);
        shared.watch(sender).await;
        let watch = tokio::spawn(follow(Arc::downgrade(&shared), changes));
        Ok(Self { shared, watch })
    }

    /// The current generation. A session takes it once and keeps it.
    pub fn current(&self) -> Arc<Registry> {
        self.shared.current.load_full()
    }

    /// Told the number of each new generation after it was swapped in.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// Builds a generation from another configuration and swaps it in.
    ///
    /// # Errors
    /// What is wrong with the new one; the running one stays.
    pub async fn reload(&self, config: Config) -> Result<(), PluginError> {
        let mut basis = self.shared.basis.lock().await;
        let entries = config.plugins().to_vec();
        let fingerprint = fingerprint(&config, &entries).await;
        self.shared.swap(&mut basis, Basis { config, entries, fingerprint }).await
    }
}

impl Drop for PluginHost {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl Shared {
    async fn swap(&self, basis: &mut Basis, next: Basis) -> Result<(), PluginError> {
        // Also when it fails: the same bad files need no second attempt.
        basis.fingerprint.clone_from(&next.fingerprint);
        let generation = self.current.load().generation() + 1;
        let built = build(Sources {
            loader: &self.loader,
            generation,
            config: &next.config,
            entries: &next.entries,
            embedded: self.embedded,
            services: &self.services,
            log: &self.log,
        });
        let registry = built.await?;
        self.loader.keep_only(registry.hashes());
        self.current.store(Arc::new(registry));
        *basis = next;
        self.watch_directories(basis);
        self.changed.send_replace(generation);
        Ok(())
    }

    /// Files may have changed: if they did, builds a new generation.
    async fn look(&self) {
        let mut basis = self.basis.lock().await;
        let entries = match reread(&basis.config).await {
            Ok(entries) => entries,
            Err(text) => {
                if basis.fingerprint != text {
                    self.log.error(format_args!("{}; the plugins in use stay", text.replace('\n', "; ")));
                    basis.fingerprint = text;
                }
                return;
            }
        };
        let fingerprint = fingerprint(&basis.config, &entries).await;
        if fingerprint == basis.fingerprint {
            return;
        }
        let next = Basis { config: basis.config.clone(), entries, fingerprint };
        match self.swap(&mut basis, next).await {
            Ok(()) => self.log.info(format_args!("plugins reloaded: generation {}", self.current.load().generation())),
            Err(error) => {
                self.log.error(format_args!("{error}; the plugins in use stay"));
                self.watch_directories(&basis);
            }
        }
    }

    async fn watch(&self, sender: mpsc::Sender<()>) {
        let made = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let changed = event.map_or(true, |event| !matches!(event.kind, EventKind::Access(_)));
            if changed {
                // Full: the change before is not acted upon yet, and this one will be seen with it.
                let _ = sender.try_send(());
            }
        });
        match made {
            Ok(watcher) => self.watched().watcher = Some(watcher),
            Err(error) => self.log.warning(format_args!("cannot watch for changed plugins, use reload: {error}")),
        }
        let basis = self.basis.lock().await;
        self.watch_directories(&basis);
    }

    /// Watches directories, not files: a file that is renamed over another would be lost from sight.
    fn watch_directories(&self, basis: &Basis) {
        let mut wanted = BTreeSet::from([basis.config.directory().to_path_buf()]);
        wanted.insert(PathBuf::from(basis.config.get(&config::parameters::PLUGIN_DIRECTORY)));
        for file in self.current.load().files() {
            wanted.extend(file.parent().map(Path::to_path_buf));
        }
        for entry in &basis.entries {
            let file = crate::registry::component_path(&basis.config, entry);
            wanted.extend(file.parent().map(Path::to_path_buf));
        }
        let mut watched = self.watched();
        let Watched { watcher: Some(watcher), directories } = &mut *watched else { return };
        for gone in directories.difference(&wanted) {
            let _ = watcher.unwatch(gone);
        }
        let mut now = BTreeSet::new();
        for directory in wanted {
            // One that does not exist yet is tried again after the next change of the others.
            if directories.contains(&directory) && directory.is_dir()
                || watcher.watch(&directory, RecursiveMode::NonRecursive).is_ok()
            {
                now.insert(directory);
            }
        }
        *directories = now;
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn follow(shared: std::sync::Weak<Shared>, mut changes: mpsc::Receiver<()>) {
    while changes.recv().await.is_some() {
        while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {}
        let Some(shared) = shared.upgrade() else { return };
        shared.look().await;
    }
}

/// The entries of plugins.cf as it is now. main.cf stays as it was read: it takes a reload.
async fn reread(config: &Config) -> Result<Vec<PluginEntry>, String> {
    let config = config.clone();
    let read = tokio::task::spawn_blocking(move || {
        let path = config.directory().join("plugins.cf");
        if !path.exists() {
            return Ok(Vec::new());
        }
        let rows: Vec<&'static [config::Row]> = config.rows().map(std::slice::from_ref).collect();
        Config::load(config.directory(), &rows)
            .map(|loaded| loaded.config.plugins().to_vec())
            .map_err(|errors| errors.to_string())
    });
    read.await.map_err(|error| error.to_string())?
}

/// Contents of the entries and their components; what cannot be read counts as empty.
async fn fingerprint(config: &Config, entries: &[PluginEntry]) -> String {
    let mut text = format!("{entries:?}");
    for entry in entries {
        let wasm = tokio::fs::read(crate::registry::component_path(config, entry)).await.unwrap_or_default();
        text.push_str(&cwasm::hash(&wasm));
    }
    text
}
