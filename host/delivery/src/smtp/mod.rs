//! smtp(8): delivery to other mail servers. This file is smtp_connect(3): which servers, in which order, and what is
//! left to say when none took the mail.

mod addresses;
mod body;
mod cache;
mod content;
mod destination;
pub mod lmtp;
pub mod parameters;
mod progress;
mod reply;
mod sasl;
mod session;
mod settings;
mod socket;
mod starttls;
pub mod tls_parameters;
mod tls_policy;
mod transaction;
mod xforward;

use std::sync::Arc;

use hook::{BoxFuture, Delivery, MailLog, RecipientStatus, Request, SearchOrder, Services};
use mail::{Class, Status};
use net::{
    dns::ReplyFilter,
    hosts::HostsFile,
    tls::{Client, ReadFile},
};

use crate::StatusLog;
use addresses::{Found, Lookup, Server};
use cache::{Cache, Visit};
pub use content::Rules;
use destination::Destination;
use progress::{Progress, Reason};
use reply::{Filter, Trouble};
use session::Session;
pub use settings::{AddressPreference, CacheSettings, LookupSettings, Settings, Timeouts};
use starttls::Way;
use tls_policy::Policy;
use transaction::{End, Transaction};

/// The port on which mail for this machine comes in: RFC 5321 section 4.5.4.2.
const SMTP_PORT: u16 = 25;

/// The agent.
pub struct Smtp {
    settings: Settings,
    services: Services,
    hosts: HostsFile,
    status_log: StatusLog,
    cache: Arc<Cache>,
    /// None: no destination gets TLS, or keys and authorities could not be loaded.
    tls_client: Option<Client>,
    rules: Rules,
}

/// Whether servers are left.
#[derive(PartialEq, Eq)]
enum Next {
    Destination,
    Nothing,
}

impl Smtp {
    /// `hosts` is [`HostsFile::system`] but in tests.
    pub fn new(
        settings: Settings,
        rules: Rules,
        mut services: Services,
        hosts: HostsFile,
        status_log: StatusLog,
    ) -> Self {
        let name = if settings.lmtp { "lmtp_dns_reply_filter" } else { "smtp_dns_reply_filter" };
        let (maps, log) = (settings.dns_reply_filter.clone(), status_log.log().clone());
        services.dns = ReplyFilter::over(services.dns, services.tables.clone(), name, maps, log);
        let cache = Cache::new(settings.cache.clone(), services.clock.clone());
        Self { settings, services, hosts, status_log, cache, rules, tls_client: None }
    }

    /// The same with TLS working, where the parameters ask for it; `read` reads its files. What is wrong with them is logged, and
    /// then there is no TLS: mail goes in the clear where TLS is optional, and waits where it is not.
    #[must_use]
    pub fn with_tls(mut self, read: &ReadFile) -> Self {
        let settings = &self.settings;
        let maps = [settings.discard_ehlo_keyword_maps.as_str(), &settings.reply_filter];
        for tables in [settings.tls.tables(), settings.sasl.tables()].into_iter().chain(maps).filter(|t| !t.is_empty())
        {
            if let Err(why) = self.services.tables.open(tables) {
                self.log().error(format_args!("{why}"));
            }
        }
        let tls = &self.settings.tls;
        if tls.is_used() {
            match Client::new(&tls.common, tls.verify_depth, read) {
                Ok(client) => self.tls_client = Some(client),
                Err(unavailable) => unavailable.0.iter().for_each(|text| self.log().warning(format_args!("{text}"))),
            }
        }
        self
    }

    fn log(&self) -> &MailLog {
        self.status_log.log()
    }

    /// The nexthops in turn, then the fallback relays.
    async fn deliver_all(&self, progress: &mut Progress<'_>) {
        let request = progress.request;
        let mut sites = destination::split(&request.nexthop);
        let own_sites = sites.len();
        sites.extend(self.settings.fallback_relay.iter().map(String::as_str));
        let visit = self.cache.visit(sites.first().copied().unwrap_or_default());
        let mut fallback = false;
        for (n, site) in sites.iter().enumerate() {
            fallback = n >= own_sites;
            let last = n + 1 == sites.len();
            let parsed = match self.settings.lmtp {
                true => Destination::parse_lmtp(site, self.settings.default_port, &self.settings.my_host_name),
                false => Destination::parse(site, self.settings.default_port),
            };
            let destination = match parsed {
                Ok(destination) => destination,
                Err(text) => {
                    // Ends a process of smtp(8); the queue manager then says of its transport what stands here.
                    self.log().fatal(format_args!("{text}"));
                    let reason = Reason::local(Status::temporary(3, 0), "unknown mail transport error");
                    progress.why = Some(reason);
                    continue;
                }
            };
            let next = self.deliver_to(progress, &destination, last, (n == 0).then_some(&visit)).await;
            if progress.is_finished() {
                return;
            }
            if next == Next::Nothing {
                break;
            }
        }
        self.give_up(progress, fallback, own_sites > 0 && sites[0] == self.settings.relayhost);
    }

    /// One destination. Connections are kept only for the first one.
    async fn deliver_to(
        &self,
        progress: &mut Progress<'_>,
        destination: &Destination,
        last: bool,
        visit: Option<&Visit<'_>>,
    ) -> Next {
        let mut visited = None;
        if let Some(visit) = visit {
            while let Some(session) = visit.take() {
                progress.final_server = last && session.only_server;
                progress.session_begins(session.peer());
                visited = Some(session.address);
                if self.converse(progress, session, Some(visit)).await != End::Stale {
                    break;
                }
                visited = None;
            }
            progress.next_server();
            if progress.is_finished() {
                return Next::Nothing;
            }
        }
        let detect_loops = destination.port == SMTP_PORT && !self.settings.lmtp;
        let lookup = Lookup {
            settings: &self.settings.lookup,
            services: &self.services,
            hosts: &self.hosts,
            log: self.log(),
            detect_loops,
        };
        let found = match destination.mx && self.settings.lookup.mx {
            _ if destination.socket.is_some() => Found::here(&destination.host),
            true => lookup.domain(&destination.host).await,
            false => lookup.host(&destination.host).await,
        };
        let last = last || found.i_am_mx || found.loops;
        self.remember(progress, &found);
        let alone = found.servers.len() == 1;
        let servers = found.servers.into_iter().filter(|server| Some(server.address) != visited).collect();
        self.try_servers(progress, servers, destination, last, alone, visit).await;
        if last { Next::Nothing } else { Next::Destination }
    }

    /// Why the lookup found nothing.
    fn remember(&self, progress: &mut Progress<'_>, found: &Found) {
        if let Some((status, text)) = found.why.0.clone().filter(|_| found.servers.is_empty()) {
            progress.why = Some(Reason::local(status, text));
        }
    }

    /// smtp_mx_address_limit and smtp_mx_session_limit bound how long this takes.
    async fn try_servers(
        &self,
        progress: &mut Progress<'_>,
        servers: Vec<Server>,
        destination: &Destination,
        last: bool,
        alone: bool,
        visit: Option<&Visit<'_>>,
    ) {
        let policy = match self.settings.tls.policy(&self.services, destination).await {
            Ok(policy) => policy,
            Err(why) => {
                self.log().warning(format_args!("{why}"));
                progress.final_server = true;
                let reason = Reason::local(Status::temporary(7, 5), "client TLS configuration problem");
                progress.all_failed(reason.throttling());
                return;
            }
        };
        let best = servers.first().map(|server| server.preference);
        let limit = if self.settings.address_limit == 0 { usize::MAX } else { self.settings.address_limit };
        let count = servers.len().min(limit);
        let mut sessions = 0;
        for (n, server) in servers.into_iter().take(limit).enumerate() {
            progress.final_server = last && n + 1 == count;
            let best_mx = Some(server.preference) == best;
            let Some((mut session, ready)) = self.begin(progress, &server, destination, &policy, best_mx).await else {
                continue;
            };
            session.only_server = alone;
            if ready {
                sessions += 1;
                let enough = sessions == self.settings.session_limit;
                progress.final_server |= last && enough;
                progress.session_begins(session.peer());
                self.converse(progress, session, visit).await;
                progress.next_server();
                if enough {
                    return;
                }
            } else {
                session.quit(&self.settings, self.log(), &progress.request.queue_id).await;
                progress.next_server();
            }
            if progress.is_finished() {
                return;
            }
        }
    }

    /// Connects and says hello, in the clear where opportunistic TLS fails. None: no connection. False: the recipients were
    /// dealt with.
    async fn begin(
        &self,
        progress: &mut Progress<'_>,
        server: &Server,
        destination: &Destination,
        policy: &Policy,
        best_mx: bool,
    ) -> Option<(Session, bool)> {
        let (sasl, sender) = (&self.settings.sasl, &progress.request.sender);
        let credentials = match sasl.credentials(&self.services, sender, &server.host, &destination.text).await {
            Ok(credentials) => credentials,
            Err(why) => {
                self.log().warning(format_args!("{why}"));
                progress.why = Some(Reason::local(Status::temporary(3, 0), "SASL password lookup failed").throttling());
                return None;
            }
        };
        let plain = self.settings.tls.no_tls();
        for policy in [policy, &plain] {
            let now = self.services.clock.monotonic();
            let mut session = match Session::connect(server, destination, &self.settings, now).await {
                Ok(session) => session,
                Err(text) => {
                    self.log().info(format_args!("{text}"));
                    progress.why = Some(Reason::local(Status::temporary(4, 1), text).throttling());
                    return None;
                }
            };
            progress.connecting(session.peer());
            if let Err(trouble) = self.prepare(&mut session).await {
                progress.broken(trouble, "");
                return Some((session, false));
            }
            let way = Way {
                settings: &self.settings,
                log: self.log(),
                clock: &*self.services.clock,
                destination,
                policy,
                client: self.tls_client.as_ref(),
                credentials: credentials.as_ref(),
                detect_loops: destination.port == SMTP_PORT && !self.settings.lmtp,
                best_mx,
            };
            let ready = session.handshake(progress, &way).await;
            if !session.plain_again {
                return Some((session, ready));
            }
        }
        None
    }

    /// What tables say of the server.
    async fn prepare(&self, session: &mut Session) -> Result<(), Trouble> {
        let (maps, tables) = (&self.settings.reply_filter, &self.services.tables);
        session.reply_filter = (!maps.is_empty()).then(|| Filter { tables: tables.clone(), maps: maps.clone() });
        let maps = &self.settings.discard_ehlo_keyword_maps;
        if maps.is_empty() {
            return Ok(());
        }
        match tables.find(SearchOrder::Exact, maps, &session.address.to_string()).wait().await {
            Ok(found) => {
                let words = found.map(|found| found.value.split([' ', '\t', ',']).map(str::to_string).collect());
                session.discard = words.map(settings::upper);
                Ok(())
            }
            Err(error) => {
                self.log().warning(format_args!("{maps}: {error}"));
                Err(Trouble::LocalData)
            }
        }
    }

    /// One message over an open session, which is then kept or closed.
    async fn converse(&self, progress: &mut Progress<'_>, mut session: Session, visit: Option<&Visit<'_>>) -> End {
        let keep =
            visit.is_some_and(|visit| visit.wants(&session)) && (session.tls.is_none() || self.settings.tls.reuse);
        let keep = keep && !self.settings.sasl.is_by_sender();
        let queue_id = progress.request.queue_id.clone();
        let end = match self.generic_envelope(progress.request).await {
            Ok(addresses) => {
                let (settings, rules, log) = (&self.settings, &self.rules, self.log());
                let session = &mut session;
                Transaction { session, progress, settings, log, rules, addresses, keep }.run().await
            }
            Err(why) => {
                self.log().warning(format_args!("{queue_id}: {why}"));
                progress.all_failed(Reason::local(Status::temporary(3, 0), "smtp_generic_maps lookup error"));
                End::Quit
            }
        };
        match (end, visit) {
            (End::Ready, Some(visit)) => visit.keep(&self.cache, session),
            (End::Ready, None) | (End::Quit, _) => session.quit(&self.settings, self.log(), &queue_id).await,
            (End::Closed | End::Stale, _) => {}
        }
        end
    }

    /// The sender, then all recipients, by smtp_generic_maps.
    async fn generic_envelope(&self, request: &Request) -> Result<Vec<String>, String> {
        let mut addresses = Vec::with_capacity(request.recipients.len() + 1);
        let given = std::iter::once(&request.sender).chain(request.recipients.iter().map(|one| &one.address));
        for address in given {
            let mapped = self.rules.generic().map(address).await?;
            addresses.push(mapped.unwrap_or_else(|| address.clone()));
        }
        Ok(addresses)
    }

    /// Recipients no server took: what could be a mistake in the configuration does not bounce.
    fn give_up(&self, progress: &mut Progress<'_>, fallback: bool, relayhost: bool) {
        let mut reason = progress
            .why
            .take()
            .unwrap_or_else(|| Reason::local(Status::temporary(3, 0), "server unavailable or unable to receive mail"));
        let loops = (reason.status.subject, reason.status.detail) == (4, 6);
        if reason.status.class == Class::Permanent && (fallback || (relayhost && !loops)) {
            let parameter = if fallback { "smtp_fallback_relay" } else { "relayhost" };
            self.log().warning(format_args!("{parameter} configuration problem"));
            reason.status = Status::temporary(3, 5);
        }
        progress.next_server();
        progress.final_server = true;
        progress.all_failed(reason.throttling());
    }
}

impl Delivery for Smtp {
    fn deliver(&self, request: Request) -> BoxFuture<'_, Vec<RecipientStatus>> {
        Box::pin(async move {
            let clock = self.services.clock.clone();
            let mut progress = Progress::new(&request, self.log(), &*clock);
            self.deliver_all(&mut progress).await;
            let attempts = progress.into_attempts();
            self.status_log.finish(&request, attempts, clock.now()).await
        })
    }
}

#[cfg(test)]
mod tests;
