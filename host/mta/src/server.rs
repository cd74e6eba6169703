//! The running mail system: start, privileges, reload, the orders of the admin commands, stop.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use config::{
    Config, MasterEntry,
    parameters::{
        DATA_DIRECTORY, INET_INTERFACES, INET_PROTOCOLS, MAIL_OWNER, MAIL_VERSION, MAILLOG_FILE, MESSAGE_SIZE_LIMIT,
        MYHOSTNAME, QUEUE_DIRECTORY, SYSLOG_FACILITY, SYSLOG_NAME,
    },
};
use hook::{Clock, MailLog};
use master::{
    Accepted, Connection, Endpoint, Listeners, SocketService,
    control::{self, Answer, Orders, Peer, Request},
    listen,
    pid_file::PidFile,
    privileged::{self, Parent},
};
use nix::unistd::{Gid, Uid, User};
use plugin::PluginHost;
use queue::Queue;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    commands::placed,
    default_plugins::DEFAULT_PLUGINS,
    key_files,
    maillog::{self, LogWriter, Target},
    system::{SystemClock, SystemRandomness},
    told::told,
    user_jobs::{ParentJobs, ThroughParent},
    wiring::{self, Daemons, Lasting, SmtpServer},
};

mod authorized;
mod orders;
mod pickup;
pub use orders::{submit_order, with_received};

/// The word after which the binary is the unprivileged server, not a command for people.
pub const SERVE: &str = "serve";

/// Sessions and deliveries under way get so long to end when the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

pub fn load(directory: &Path) -> Result<Config> {
    let loaded = Config::load(directory, crate::parameters::ROWS)
        .map_err(|e| anyhow!("{e}"))
        .with_context(|| format!("configuration directory {}", directory.display()))?;
    for warning in &loaded.warnings {
        eprintln!("postfix/master: warning: {warning}");
    }
    Ok(loaded.config)
}

/// `start-fg`: as root becomes the privileged parent of a server that runs as mail_owner; as anyone else is the server.
pub fn start_in_foreground(directory: &Path, verbose: bool) -> Result<u8> {
    let config = load(directory)?;
    if !Uid::effective().is_root() {
        prepare_directories(&config, None)?;
        return serve(directory, verbose, None);
    }
    let owner = mail_owner(&config)?;
    prepare_directories(&config, Some(&owner))?;
    let mut server = Command::new(std::env::current_exe().context("own program file")?);
    if verbose {
        server.arg("-v");
    }
    server.arg("-c").arg(directory).arg(SERVE);
    let directory = directory.to_path_buf();
    let (uid, gid) = (owner.uid, owner.gid);
    let keys_directory = directory.clone();
    let last_good = std::sync::Mutex::new(config.get(&MAILLOG_FILE));
    let open_log = Box::new(move || {
        let mut path = last_good.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // While main.cf is broken the log is where it was: the line that says so must get there.
        if let Ok(config) = load(&directory) {
            *path = config.get(&MAILLOG_FILE);
        }
        let file = maillog::append(path.as_ref())?;
        std::os::unix::fs::fchown(&file, Some(uid.as_raw()), Some(gid.as_raw()))?;
        Ok(file)
    });
    let files = privileged::Files { log: open_log, key: Box::new(move |path| key_files::open(&keys_directory, path)) };
    Ok(privileged::supervise(server, Arc::new(ParentJobs::from_config(&config)), files)? as u8)
}

fn mail_owner(config: &Config) -> Result<User> {
    let name = config.get(&MAIL_OWNER);
    let place = config.place("mail_owner").map_or_else(String::new, |p| format!("{p}: "));
    let user = User::from_name(&name)?.with_context(|| {
        format!("{place}mail_owner: no such user: {name}; make one, or set mail_owner to a user of its own")
    })?;
    if user.uid.is_root() {
        bail!("{place}mail_owner: {name} is root: the server must run as a user of its own");
    }
    Ok(user)
}

/// queue_directory and data_directory exist and are the server's.
fn prepare_directories(config: &Config, owner: Option<&User>) -> Result<()> {
    for name in [config.get(&QUEUE_DIRECTORY), config.get(&DATA_DIRECTORY)] {
        let path = PathBuf::from(&name);
        std::fs::create_dir_all(&path).with_context(|| name.clone())?;
        if let Some(owner) = owner {
            own(&path, owner).with_context(|| name.clone())?;
        }
    }
    Ok(())
}

/// `set-permissions`: as root all of both directories goes to mail_owner.
pub fn set_permissions(config: &Config) -> Result<()> {
    let owner = mail_owner(config)?;
    if !Uid::effective().is_root() {
        bail!("set-permissions needs root: files of other users are given to {}", owner.name);
    }
    prepare_directories(config, Some(&owner))?;
    for name in [config.get(&QUEUE_DIRECTORY), config.get(&DATA_DIRECTORY)] {
        own_all(Path::new(&name), &owner).with_context(|| name.clone())?;
    }
    Ok(())
}

/// Never through a symbolic link, nor a file that has another name elsewhere: whoever could place one would be given what
/// it stands for.
fn own_all(directory: &Path, owner: &User) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    own(directory, owner)?;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let facts = entry.metadata()?;
        if facts.is_dir() {
            own_all(&entry.path(), owner)?;
        } else if facts.nlink() == 1 {
            own(&entry.path(), owner)?;
        }
    }
    Ok(())
}

/// Gives a directory and what a server that ran as root left in it to the owner.
fn own(path: &Path, owner: &User) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let facts = path.symlink_metadata()?;
    if facts.uid() != owner.uid.as_raw() {
        std::os::unix::fs::lchown(path, Some(owner.uid.as_raw()), Some(owner.gid.as_raw()))?;
    }
    Ok(())
}

/// The hidden command `serve`: standard input is the way to the parent.
pub fn serve_for_parent(directory: &Path, verbose: bool) -> Result<u8> {
    // The parent waits for its signals with all of them blocked, and a child inherits that.
    nix::sys::signal::SigSet::all().thread_unblock().context("signal mask")?;
    let parent = Arc::new(Parent::on_standard_input()?);
    let owner = mail_owner(&load(directory)?)?;
    nix::unistd::setgroups(&[owner.gid]).context("giving up root's groups")?;
    nix::unistd::setgid(owner.gid).context("giving up root's group")?;
    nix::unistd::setuid(owner.uid).context("giving up root")?;
    // The kernel must agree that there is no way back.
    if nix::unistd::setuid(Uid::from_raw(0)).is_ok() || nix::unistd::setgid(Gid::from_raw(0)).is_ok() {
        bail!("root could not be given up");
    }
    // Without its parent the server could neither bind nor write mailboxes: it ends with it. Set after setuid(2), which clears it.
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM).context("parent death signal")?;
    serve(directory, verbose, Some(parent))
}

fn serve(directory: &Path, verbose: bool, parent: Option<Arc<Parent>>) -> Result<u8> {
    let config = load(directory)?;
    let queue_directory = PathBuf::from(config.get(&QUEUE_DIRECTORY));
    std::fs::create_dir_all(queue_directory.join("pid")).with_context(|| queue_directory.display().to_string())?;
    let _pid_file = PidFile::take(&queue_directory.join("pid/master.pid"))?;
    let open_file: Box<maillog::OpenFile> = match &parent {
        Some(parent) => {
            let parent = parent.clone();
            Box::new(move |_path| parent.log_file())
        }
        None => Box::new(maillog::append),
    };
    let target = Target::of(&config.get(&MAILLOG_FILE), &config.get(&SYSLOG_FACILITY));
    let log_writer = Arc::new(LogWriter::install(target, &config.get(&MYHOSTNAME), verbose, open_file)?);
    let workers = std::thread::available_parallelism().map_or(2, |n| n.get());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    let ended = runtime.block_on(run(config.clone(), parent, log_writer));
    if let Err(error) = &ended {
        MailLog::new(&config.get(&SYSLOG_NAME), "master").fatal(format_args!("{}", told(error)));
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// The parts of a running server that orders and reloads work on.
pub struct Server {
    directory: PathBuf,
    lasting: Lasting,
    queue: Queue,
    plugins: Arc<PluginHost>,
    manager: Arc<qmgr::Manager>,
    listeners: tokio::sync::Mutex<Listeners>,
    current: arc_swap::ArcSwap<Daemons>,
    this: std::sync::Weak<Server>,
    log_writer: Arc<LogWriter>,
    log: MailLog,
    sessions: Arc<tokio::sync::Semaphore>,
    stop: tokio::sync::Notify,
    flush: smtpd::Flush,
    maildrop: pickup::Maildrop,
}

/// Sessions that may run at all: a bound for memory when master.cf sets none.
const ALL_SESSIONS: usize = 100_000;

async fn run(config: Config, parent: Option<Arc<Parent>>, log_writer: Arc<LogWriter>) -> Result<u8> {
    let log = MailLog::new(&config.get(&SYSLOG_NAME), "master");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let randomness = Arc::new(SystemRandomness::open().context("/dev/urandom")?);
    let data_directory = config.get(&DATA_DIRECTORY);
    let lasting = Lasting {
        clock: clock.clone(),
        randomness: randomness.clone(),
        store: Arc::new(plugin::Stores::open(Path::new(&data_directory), clock.clone())?),
        anvil: wiring::anvil(&config),
        tables: Arc::default(),
        rights: match &parent {
            Some(parent) => Arc::new(ThroughParent::new(parent.clone())),
            None => Arc::new(delivery::OwnRights),
        },
        wasm_tables: Arc::default(),
        verification: Arc::default(),
        key_files: key_files::reader(parent.clone()),
    };
    // What is wrong with tables and addresses is told before anything starts.
    wiring::services(&config, &lasting)?;
    let settings = orders::queue_settings(&config, randomness);
    let queue_log = MailLog::new(&config.get(&SYSLOG_NAME), "qmgr");
    let queue = tokio::task::spawn_blocking(move || Queue::open(settings, queue_log)).await??;
    let factory = wiring::services_factory(lasting.clone());
    let plugins = Arc::new(PluginHost::start(config.clone(), factory, DEFAULT_PLUGINS, log.clone()).await?);
    lasting.wasm_tables.connect(&plugins);
    let (flush, flush_manager) = orders::etrn_flush(&queue);
    let first = wiring::generation(plugins.current(), &lasting, &queue, flush.clone()).await?;
    let active_limit = config.get(&qmgr::parameters::QMGR_MESSAGE_ACTIVE_LIMIT) as usize;
    let (first, first_qmgr) = first.split();
    lasting.verification.replace(first.verify.clone());
    for warning in first.config.unused() {
        log.warning(format_args!("{}", placed(&warning)));
    }
    remark(&config, &log);
    let manager = qmgr::Manager::new(queue.clone(), clock, first_qmgr, active_limit);
    // Set once, before the first session.
    let _ = flush_manager.set(manager.clone());
    let bind: Box<listen::Bind> = match parent {
        Some(parent) => Box::new(move |address| parent.bind(address)),
        None => Box::new(listen::bind),
    };
    let listeners_log = log.clone();
    let warn: Arc<listen::Warn> = Arc::new(move |text| listeners_log.warning(format_args!("{text}")));
    let server = Arc::new_cyclic(|this| Server {
        this: this.clone(),
        directory: config.directory().to_path_buf(),
        lasting,
        queue,
        plugins,
        manager: manager.clone(),
        listeners: tokio::sync::Mutex::new(Listeners::new(bind, warn)),
        current: arc_swap::ArcSwap::from_pointee(first),
        log_writer,
        log: log.clone(),
        sessions: Arc::new(tokio::sync::Semaphore::new(ALL_SESSIONS)),
        stop: tokio::sync::Notify::new(),
        flush,
        maildrop: pickup::Maildrop::default(),
    });
    server.listen().await?;
    let queue_directory = PathBuf::from(config.get(&QUEUE_DIRECTORY));
    let _control = control::serve(&queue_directory, server.clone())?;
    let delivering = tokio::spawn(manager.run());
    let pickup = tokio::spawn(pickup::pickup(server.clone()));
    let following = tokio::spawn(follow_plugins(server.clone()));
    let statistics = tokio::spawn(log_statistics(server.clone()));
    log.info(format_args!(
        "daemon started -- version {}, configuration {}",
        config.get(&MAIL_VERSION),
        config.directory().display()
    ));
    server.until_stopped().await?;
    log.info(format_args!("terminating on signal 15"));
    server.listeners.lock().await.close();
    for task in [&pickup, &following, &statistics] {
        task.abort();
    }
    // Sessions that end now need no second attempt; those that do not have lost nothing: no 250 was said.
    let _ = tokio::time::timeout(STOP_PATIENCE, server.sessions.acquire_many(ALL_SESSIONS as u32)).await;
    delivering.abort();
    server.lasting.anvil.log_statistics();
    server.queue.close().await?;
    Ok(0)
}

/// What every start and reload says of the configuration.
fn remark(config: &Config, log: &MailLog) {
    let postfix = MailLog::new(&config.get(&SYSLOG_NAME), "postfix");
    for line in crate::compatibility::remark(config) {
        postfix.info(format_args!("{line}"));
    }
    for warning in crate::parameters::unmet_protection(config) {
        log.warning(format_args!("{warning}"));
    }
}

/// anvil_status_update_time: the peaks go to the log, and clients that have left are forgotten.
async fn log_statistics(server: Arc<Server>) {
    loop {
        let interval = server.current.load().config.get(&smtpd::parameters::ANVIL_STATUS_UPDATE_TIME);
        tokio::time::sleep(interval).await;
        server.lasting.anvil.log_statistics();
    }
}

async fn follow_plugins(server: Arc<Server>) {
    let mut changes = server.plugins.subscribe();
    while changes.changed().await.is_ok() {
        if let Err(error) = server.rebuild().await {
            server.log.error(format_args!("plugins changed, but the old ones stay: {}", told(&error)));
        }
    }
}

impl Server {
    /// Runs until SIGTERM or SIGINT; SIGHUP reloads.
    async fn until_stopped(self: &Arc<Self>) -> Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                () = self.stop.notified() => return Ok(()),
                _ = hangup.recv() => {
                    // The log has what was wrong.
                    let _ = self.reload().await;
                }
            }
        }
    }

    /// Reads everything anew. An error leaves all as it was, and is logged.
    pub async fn reload(self: &Arc<Self>) -> Result<()> {
        let result = self.try_reload().await;
        match &result {
            Ok(()) => self.log.info(format_args!(
                "reload -- version {}, configuration {}",
                self.current.load().config.get(&MAIL_VERSION),
                self.directory.display()
            )),
            Err(error) => self.log.error(format_args!("reload refused, the old configuration stays: {}", told(error))),
        }
        result
    }

    async fn try_reload(self: &Arc<Self>) -> Result<()> {
        let directory = self.directory.clone();
        let config = tokio::task::spawn_blocking(move || load(&directory)).await??;
        // As in Postfix, a reload reads every table anew.
        *self.lasting.tables.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        wiring::services(&config, &self.lasting)?;
        self.plugins.reload(config.clone()).await?;
        self.log_writer.retarget(Target::of(&config.get(&MAILLOG_FILE), &config.get(&SYSLOG_FACILITY)));
        self.rebuild().await?;
        remark(&config, &self.log);
        // As when Postfix's anvil(8) ends at a reload; here it does not forget who is connected.
        self.lasting.anvil.log_statistics();
        Ok(())
    }

    /// Daemons for the current plugins and their configuration.
    async fn rebuild(self: &Arc<Self>) -> Result<()> {
        let next = wiring::generation(self.plugins.current(), &self.lasting, &self.queue, self.flush.clone()).await?;
        let (next, qmgr) = next.split();
        let verify = next.verify.clone();
        let before = self.current.swap(Arc::new(next));
        if let Err(error) = self.listen().await {
            self.current.store(before);
            return Err(error);
        }
        self.manager.replace(qmgr);
        self.lasting.verification.replace(verify);
        self.maildrop.reloaded();
        Ok(())
    }

    /// Makes the listeners those of the current generation.
    async fn listen(self: &Arc<Self>) -> Result<()> {
        let generation = self.current.load_full();
        let mut services = Vec::new();
        for server in &generation.smtpd {
            services.push(SocketService {
                name: server.entry.service.clone(),
                endpoints: endpoints(&generation.config, &server.entry)?,
                limit: limit(&generation.config, &server.entry),
                serve: self.serve_smtp(server),
            });
        }
        self.listeners.lock().await.apply(&services)?;
        Ok(())
    }

    fn serve_smtp(self: &Arc<Self>, server: &SmtpServer) -> Arc<listen::Serve> {
        let sessions = self.sessions.clone();
        let (normal, stressed) = (server.normal.clone(), server.stressed.clone());
        Arc::new(move |accepted: Accepted, place| {
            // Closed only when the process ends; then a client is turned away by the closing socket.
            let Ok(session) = sessions.clone().try_acquire_owned() else { return };
            let service = if accepted.stress { stressed.clone() } else { normal.clone() };
            tokio::spawn(async move {
                match accepted.connection {
                    Connection::Inet { stream, peer, local } => service.serve(stream, peer, local).await,
                    Connection::Unix(stream) => service.serve_unix(stream).await,
                }
                drop((place, session));
            });
        })
    }
}

/// Where the entry listens. It is master(8) that does, so the entry's own `-o` count for nothing here, as in Postfix.
fn endpoints(config: &Config, entry: &MasterEntry) -> Result<Vec<Endpoint>> {
    let queue_directory = config.get(&QUEUE_DIRECTORY);
    let settings = listen::Settings {
        queue_directory: Path::new(&queue_directory),
        inet_interfaces: &config.get(&INET_INTERFACES),
        inet_protocols: &config.get(&INET_PROTOCOLS),
    };
    Ok(listen::endpoints(entry, &settings)?)
}

/// maxproc as a limit of sessions; 0 is none, `-` is default_process_limit.
fn limit(config: &Config, entry: &MasterEntry) -> Option<u32> {
    match entry.maxproc {
        Some(0) => None,
        Some(limit) => Some(limit),
        None => Some(config.get(&config::parameters::DEFAULT_PROCESS_LIMIT) as u32),
    }
}

/// `check`: what a start would refuse, and what it would warn of.
pub fn check(config: &Config) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    match wiring::describe_plugins(config) {
        Ok(registry) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            if let Err(error) = runtime.block_on(wiring::check(registry)) {
                problems.push(told(&error));
            }
        }
        Err(error) => problems.push(told(&error)),
    }
    for entry in wiring::smtp_servers(config) {
        if let Err(error) = endpoints(config, entry) {
            problems.push(told(&error));
        }
    }
    Ok(problems)
}
