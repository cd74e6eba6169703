//! Orders of the admin commands to the running server, and the two other ways into it: maildrop and ETRN.

use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail};
use config::parameters::MAIL_OWNER;
use hook::{BoxFuture, Randomness};
use mail::{Envelope, EnvelopeRecipient, ReturnContent};
use queue::{QueueId, QueueName, Which};

use super::{authorized::Use, *};
use crate::commands::json_of;

/// sysexits(3).
const EX_USAGE: i32 = 64;
const EX_NOPERM: i32 = 77;
const EX_TEMPFAIL: i32 = 75;
const EX_UNAVAILABLE: i32 = 69;

/// The queue's settings from main.cf.
pub fn queue_settings(config: &Config, randomness: Arc<dyn Randomness>) -> queue::Settings {
    let mut settings = queue::Settings::new(config.get(&QUEUE_DIRECTORY), randomness);
    settings.long_ids = config.get(&queue::parameters::ENABLE_LONG_QUEUE_IDS);
    settings.hash_depth = config.get(&queue::parameters::HASH_QUEUE_DEPTH) as usize;
    settings.hash_names = config.get(&queue::parameters::HASH_QUEUE_NAMES);
    settings.active_limit = config.get(&qmgr::parameters::QMGR_MESSAGE_ACTIVE_LIMIT) as usize;
    settings
}

/// The words of a `submit` order: sender, ENVID, RET, then NOTIFY and address of each recipient.
pub fn submit_order(envelope: &Envelope) -> Result<Vec<String>> {
    let ret = match envelope.return_content {
        None => "",
        Some(ReturnContent::Full) => "full",
        Some(ReturnContent::Headers) => "hdrs",
    };
    let mut words = vec!["submit".to_string(), envelope.sender.clone(), envelope.envelope_id.clone(), ret.to_string()];
    for recipient in &envelope.recipients {
        words.push(recipient.notify.to_string());
        words.push(recipient.address.clone());
    }
    let size: usize = words.iter().map(|w| w.len() + 8).sum();
    // control::serve reads one line of at most 64 KiB.
    if size > 60 * 1024 {
        bail!("too many recipients for one message: {}; split them", envelope.recipients.len());
    }
    Ok(words)
}

fn envelope_of(words: &[String], now: std::time::SystemTime) -> Result<Envelope> {
    let [sender, envelope_id, ret, recipients @ ..] = words else { bail!("submit: words are missing") };
    let mut envelope = Envelope::new(sender.clone(), now);
    envelope.envelope_id = envelope_id.clone();
    envelope.return_content = match ret.as_str() {
        "full" => Some(ReturnContent::Full),
        "hdrs" => Some(ReturnContent::Headers),
        _ => None,
    };
    envelope.client.local = true;
    for pair in recipients.chunks(2) {
        let [notify, address] = pair else { bail!("submit: a recipient without an address") };
        let notify = notify.parse().context("submit: NOTIFY")?;
        envelope.recipients.push(EnvelopeRecipient { address: address.clone(), notify, ..Default::default() });
    }
    Ok(envelope)
}

impl Orders for Server {
    fn order(&self, peer: Peer, request: Request, content: Vec<u8>, answer: Answer) -> BoxFuture<'_, i32> {
        Box::pin(async move {
            match self.carry_out(peer, &request.words, content, &answer).await {
                Ok(status) => status,
                Err(error) => {
                    answer.line(told(&error)).await;
                    EX_TEMPFAIL
                }
            }
        })
    }

    fn content_limit(&self) -> u64 {
        match self.current.load().config.get(&MESSAGE_SIZE_LIMIT) {
            0 => u64::MAX,
            limit => limit,
        }
    }
}

impl Server {
    async fn carry_out(&self, peer: Peer, words: &[String], content: Vec<u8>, answer: &Answer) -> Result<i32> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["status"] => Ok(0),
            ["list"] => match self.forbidden(peer, Use::List, answer).await {
                Some(status) => Ok(status),
                None => self.list(answer).await,
            },
            ["flush", rest @ ..] => match self.forbidden(peer, Use::Flush, answer).await {
                Some(status) => Ok(status),
                None => self.flush(rest, answer).await,
            },
            ["submit", rest @ ..] => {
                if let Some(status) = self.forbidden(peer, Use::Submit, answer).await {
                    return Ok(status);
                }
                let rest: Vec<String> = rest.iter().map(|w| w.to_string()).collect();
                self.submit(peer, &rest, &content, answer).await
            }
            // What postdrop(1) says to pickup(8).
            ["pickup"] => {
                self.maildrop.wake();
                Ok(0)
            }
            ["log", tag, severity, line] => Ok(write_log_line(tag, severity, line)),
            _ if !self.is_administrator(peer) => {
                answer.line("use of this command is reserved for the superuser").await;
                Ok(EX_NOPERM)
            }
            ["reload"] => match self.reload_by_order().await {
                Ok(()) => Ok(0),
                Err(error) => {
                    answer.line(format!("fatal: reload refused, the old configuration stays: {}", told(&error))).await;
                    Ok(1)
                }
            },
            ["stop"] => {
                self.stop.notify_one();
                Ok(0)
            }
            ["kick", class, service, request] => self.kick(class, service, request, answer).await,
            ["postsuper", letter, id, queues @ ..] => self.postsuper(letter, id, queues, answer).await,
            other => {
                answer.line(format!("unknown order: {}", other.join(" "))).await;
                Ok(EX_USAGE)
            }
        }
    }

    /// root, mail_owner, and whoever the server runs as.
    pub(super) fn is_administrator(&self, peer: Peer) -> bool {
        let owner = self.current.load().config.get(&MAIL_OWNER);
        peer.uid == 0
            || peer.uid == Uid::effective().as_raw()
            || User::from_name(&owner).ok().flatten().is_some_and(|u| u.uid.as_raw() == peer.uid)
    }

    async fn reload_by_order(&self) -> Result<()> {
        let Some(server) = self.this.upgrade() else { bail!("the server is stopping") };
        server.reload().await
    }

    /// postkick(1). The letters are those of qmgr(8) and pickup(8): A and F try deferred mail at once; a scan of incoming or
    /// deferred mail needs no request here.
    async fn kick(&self, class: &str, service: &str, request: &str, answer: &Answer) -> Result<i32> {
        match (class, service) {
            ("public", "qmgr") => {
                if request.contains(['A', 'F']) {
                    self.manager.flush(&Which::All);
                }
            }
            ("public", "pickup") => {
                self.maildrop.wake();
            }
            // Postfix wakes these two for work that is done here when it is due.
            ("public", "flush") | ("private", "tlsmgr") => {}
            _ => {
                answer.line(format!("unable to look up {class}/{service}: No such file or directory")).await;
                return Ok(1);
            }
        }
        Ok(0)
    }

    /// In the order of showq(8), which begins with maildrop.
    async fn list(&self, answer: &Answer) -> Result<i32> {
        let directory = PathBuf::from(self.current.load().config.get(&QUEUE_DIRECTORY));
        let mut listed = tokio::task::spawn_blocking(move || queue::maildrop::list(&directory)).await??;
        listed.extend(self.queue.list().await?);
        for message in listed {
            if !answer.line(json_of(&message).to_string()).await {
                break;
            }
        }
        Ok(0)
    }

    async fn flush(&self, words: &[&str], answer: &Answer) -> Result<i32> {
        match words {
            [] => {
                self.manager.flush(&Which::All);
            }
            ["id", id] => {
                let Ok(id) = id.parse::<QueueId>() else {
                    answer.line(format!("fatal: malformed queue id: {id}")).await;
                    return Ok(EX_USAGE);
                };
                self.manager.flush(&Which::Id(id));
            }
            ["site", site] => {
                self.flush_site(site).await?;
            }
            _ => {
                answer.line("flush: unknown words").await;
                return Ok(EX_USAGE);
            }
        }
        Ok(0)
    }

    /// Mail with a recipient in that domain.
    async fn flush_site(&self, site: &str) -> Result<()> {
        flush_site(&self.queue, &self.manager, site).await
    }

    async fn submit(&self, peer: Peer, words: &[String], content: &[u8], answer: &Answer) -> Result<i32> {
        let envelope = match envelope_of(words, self.lasting.clock.now()) {
            Ok(envelope) => envelope,
            Err(error) => {
                answer.line(told(&error)).await;
                return Ok(EX_USAGE);
            }
        };
        match self.take_local(peer.uid, envelope, content).await {
            Ok(id) => {
                answer.line(id).await;
                Ok(0)
            }
            Err(error) => {
                answer.line(told(&error)).await;
                let later = error.downcast_ref::<cleanup::CleanupError>().is_some_and(|e| e.reply().code < 500);
                Ok(if later { EX_TEMPFAIL } else { EX_UNAVAILABLE })
            }
        }
    }

    /// pickup(8): local mail on its way to cleanup.
    pub(super) async fn take_local(&self, uid: u32, mut envelope: Envelope, content: &[u8]) -> Result<String> {
        let generation = self.current.load_full();
        envelope.content_filter.clone_from(&generation.pickup.content_filter);
        let log = MailLog::new(&generation.config.get(&SYSLOG_NAME), "pickup");
        let sender = envelope.sender.clone();
        let id = generation.pickup.cleanup.new_queue_id();
        log.info(format_args!("{id}: uid={uid} from=<{sender}>"));
        let trace = with_received(&generation.config, &id.to_string(), Some(uid), envelope.arrival, b"");
        let full_name = full_name(uid);
        let mail = cleanup::LocalMail {
            envelope: &envelope,
            trace: &trace,
            content,
            full_name: &full_name,
            overrides: generation.pickup.overrides,
        };
        generation.pickup.cleanup.submit_local(id, mail).await?;
        Ok(id.to_string())
    }

    async fn postsuper(&self, letter: &str, id: &str, queues: &[&str], answer: &Answer) -> Result<i32> {
        let which = if id == "ALL" { Which::All } else { Which::Id(id.parse().context("queue id")?) };
        let queues = queues.iter().map(|q| q.parse()).collect::<Result<Vec<QueueName>, _>>().context("queue name")?;
        let changed = match letter {
            "d" => self.queue.delete(&which, &queues).await?,
            "h" => self.queue.hold(&which, &queues).await?,
            "H" => self.queue.release(&which, self.lasting.clock.now()).await?,
            "r" => self.queue.requeue(&which, &queues).await?,
            // -f differs from -e only in that it also takes the flush for granted.
            "e" | "f" => self.queue.expire(&which, &queues).await?,
            other => bail!("unknown postsuper option: -{other}"),
        };
        if letter == "f" {
            self.manager.flush(&which);
        }
        for id in changed {
            answer.line(id.to_string()).await;
        }
        Ok(0)
    }
}

/// postlogd(8): a line of postlog(1) run by a user who may not write to maillog_file.
fn write_log_line(tag: &str, severity: &str, line: &str) -> i32 {
    match crate::commands::postlog::level(severity) {
        Some(level) => {
            MailLog::named(tag).line(level, format_args!("{line}"));
            0
        }
        None => EX_USAGE,
    }
}

/// The user's name in passwd(5): what stands before the first comma, `&` for the login name.
fn full_name(uid: u32) -> String {
    let Ok(Some(user)) = nix::unistd::User::from_uid(uid.into()) else { return String::new() };
    let gecos = user.gecos.to_string_lossy();
    let name = gecos.split(',').next().unwrap_or_default();
    let mut login = user.name.chars();
    let capital: String = login.next().into_iter().flat_map(char::to_uppercase).chain(login).collect();
    name.replace('&', &capital)
}

/// The content under the Received: header of mail that came without SMTP: from a local user, or made here.
pub fn with_received(
    config: &Config,
    id: &str,
    uid: Option<u32>,
    time: std::time::SystemTime,
    content: &[u8],
) -> Vec<u8> {
    let from_user = uid.map_or_else(String::new, |uid| format!(", from userid {uid}"));
    let (host, name) = (config.get(&MYHOSTNAME), config.get(&config::parameters::MAIL_NAME));
    let date = mail::date::rfc5322(time);
    let line = format!("Received: by {host} ({name}{from_user})\r\n\tid {id}; {date}\r\n");
    [line.as_bytes(), content].concat()
}

/// postqueue -s and ETRN.
async fn flush_site(queue: &Queue, manager: &qmgr::Manager, site: &str) -> Result<()> {
    let domain = site.trim_start_matches(['[', '@']).trim_end_matches(']');
    for message in queue.list().await? {
        let goes_there =
            |address: &str| mail::address::split_domain(address).1.is_some_and(|d| d.eq_ignore_ascii_case(domain));
        if message.recipients.iter().any(|r| goes_there(&r.address)) {
            manager.flush(&Which::Id(message.id));
        }
    }
    Ok(())
}

/// What ETRN asks for. The queue manager is there before the first session is.
pub fn etrn_flush(queue: &Queue) -> (smtpd::Flush, Arc<OnceLock<Arc<qmgr::Manager>>>) {
    let manager = Arc::new(OnceLock::<Arc<qmgr::Manager>>::new());
    let (queue, connected) = (queue.clone(), manager.clone());
    let flush: smtpd::Flush = Arc::new(move |site: String| {
        let (queue, manager) = (queue.clone(), connected.get().cloned());
        Box::pin(async move {
            match manager {
                Some(manager) => flush_site(&queue, &manager, &site).await.is_ok(),
                None => false,
            }
        })
    });
    (flush, manager)
}
