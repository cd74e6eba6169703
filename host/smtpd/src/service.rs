//! One smtpd service of master.cf in one configuration generation.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use cleanup::Cleanup;
use config::Config;
use hook::{BoxFuture, Catalogue, FilterSource, MailLog, SearchOrder, Services, Tables};
use net::hosts::HostsFile;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    Anvil, Client, Session, Settings, SmtpdError,
    anvil::Counting,
    conversation::Conversation,
    ehlo_keywords::EhloKeywords,
    filters::ServiceFilters,
    free_space::FreeSpace,
    haproxy::{self, Upstream},
    restrict::list::{Lists, Reader},
    sasl::Sasl,
    tls::TlsUse,
    transcript::PostNotice,
};

/// What became of an ETRN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// The queue manager tries mail for the domain now.
    Started,
    /// fast_flush_domains does not hold the domain.
    NotAllowed,
    Failed,
}

/// Has the queue manager try mail for a domain now; false when it cannot.
pub type Flush = Arc<dyn Fn(String) -> BoxFuture<'static, bool> + Send + Sync>;

/// Serves clients. Clones share.
#[derive(Clone)]
pub struct Service(pub(crate) Arc<Generation>);

/// What all sessions of a service share.
pub(crate) struct Generation {
    pub settings: Arc<Settings>,
    pub lists: Arc<Lists>,
    pub services: Services,
    pub cleanup: Arc<Cleanup>,
    pub anvil: Arc<Anvil>,
    pub log: MailLog,
    pub free_space: FreeSpace,
    pub sasl: Option<Arc<Sasl>>,
    /// None: no TLS, or not for now.
    pub tls_server: Option<Arc<net::tls::Server>>,
    /// smtpd_milters and smtpd_milter_maps.
    pub filters: Option<Arc<ServiceFilters>>,
    config: Config,
    service: Arc<str>,
    hosts: HostsFile,
    flush: Option<Flush>,
    /// None: postmaster gets no transcripts.
    pub post_notice: Option<PostNotice>,
}

impl Service {
    /// Reads parameters and lists, opens their tables, and checks relay protection. `config` is the service's view (with its
    /// `-o` overrides), `service` its name in master.cf. Tables that cannot be opened and items that cannot work are logged,
    /// and answer 451 4.3.5 when a client comes to them.
    pub async fn new(
        config: Config,
        catalogue: Arc<dyn Catalogue>,
        services: Services,
        cleanup: Arc<Cleanup>,
        anvil: Arc<Anvil>,
        service: &str,
    ) -> Result<Self, SmtpdError> {
        let settings = Settings::from(&config, service)?;
        let log = MailLog::new(&settings.syslog_name, "smtpd");
        let reader = Reader::new(&config, catalogue, services.clone(), log.clone())?;
        let lists = Arc::new(Lists::read(&config, &settings, reader).await);
        if !lists.relay.guards_relay() && !lists.recipient.guards_relay() {
            log.fatal(format_args!("{}", SmtpdError::ConfigNoRelayProtection));
            return Err(SmtpdError::ConfigNoRelayProtection);
        }
        let rewrite = settings.header_rewrite_clients.iter().filter(|word| word.contains(':'));
        let own = [&settings.discard_maps, &settings.reject_footer_maps, &settings.command_filter];
        for tables in own.into_iter().chain(rewrite) {
            if let (false, Err(why)) = (tables.is_empty(), services.tables.open(tables)) {
                log.error(format_args!("{why}"));
            }
        }
        let free_space = FreeSpace::new(settings.queue_directory.clone());
        let warn_log = log.clone();
        let warn: dict::Warn = Arc::new(move |text| warn_log.warning(format_args!("{text}")));
        let sasl = Sasl::new(&config, &services, warn)?.map(Arc::new);
        Ok(Self(Arc::new(Generation {
            settings: Arc::new(settings),
            lists,
            services,
            cleanup,
            anvil,
            log,
            free_space,
            sasl,
            tls_server: None,
            filters: None,
            config,
            service: service.into(),
            hosts: HostsFile::system(),
            flush: None,
            post_notice: None,
        })))
    }

    /// The same service with other settings, for stress=yes (STRESS_README): the restriction lists stay those of `self`.
    pub fn with_settings(&self, config: &Config) -> Result<Self, SmtpdError> {
        let calm = &*self.0;
        let settings = Arc::new(Settings::from(config, &calm.service)?);
        Ok(Self(Arc::new(Generation {
            settings,
            lists: calm.lists.clone(),
            services: calm.services.clone(),
            cleanup: calm.cleanup.clone(),
            anvil: calm.anvil.clone(),
            log: calm.log.clone(),
            sasl: calm.sasl.clone(),
            tls_server: calm.tls_server.clone(),
            filters: calm.filters.clone(),
            config: config.clone(),
            free_space: FreeSpace::new(calm.settings.queue_directory.clone()),
            service: calm.service.clone(),
            hosts: calm.hosts.clone(),
            flush: calm.flush.clone(),
            post_notice: calm.post_notice.clone(),
        })))
    }

    /// The same with TLS working, where the parameters ask for it; `read` reads its files. What is wrong with them is logged, and
    /// then STARTTLS is refused. To be called before the first session and before [`Service::with_settings`].
    #[must_use]
    pub fn with_tls(self, read: &net::tls::ReadFile) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(mut generation) => {
                if let Ok((tls, warnings)) = TlsUse::from(&generation.config) {
                    warnings.iter().for_each(|text| generation.log.warning(format_args!("{text}")));
                    generation.tls_server = tls.server(&generation.config, read, &generation.log);
                }
                Self(Arc::new(generation))
            }
            Err(shared) => Self(shared),
        }
    }

    /// The same with smtpd_milters and smtpd_milter_maps. To be called before the first session and before
    /// [`Service::with_settings`].
    ///
    /// # Errors
    /// A list that cannot be read, or a plugin that is no filter.
    pub fn with_filters(self, source: Arc<dyn FilterSource>) -> Result<Self, SmtpdError> {
        match Arc::try_unwrap(self.0) {
            Ok(mut generation) => {
                let no_milters = generation.settings.overrides.contains(cleanup::Overrides::NO_MILTERS);
                generation.filters = ServiceFilters::read(&generation.config, no_milters, source)?;
                let maps = generation.filters.as_ref().map(|filters| filters.maps()).unwrap_or_default();
                if let (false, Err(why)) = (maps.is_empty(), generation.services.tables.open(maps)) {
                    generation.log.error(format_args!("{why}"));
                }
                Ok(Self(Arc::new(generation)))
            }
            Err(shared) => Ok(Self(shared)),
        }
    }

    /// The same with ETRN working. To be called before the first session.
    #[must_use]
    pub fn with_flush(self, flush: Flush) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(mut generation) => {
                generation.flush = Some(flush);
                Self(Arc::new(generation))
            }
            Err(shared) => Self(shared),
        }
    }

    /// The same with transcripts for postmaster (notify_classes). To be called before the first session.
    #[must_use]
    pub fn with_notices(self, post: PostNotice) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(mut generation) => {
                generation.post_notice = Some(post);
                Self(Arc::new(generation))
            }
            Err(shared) => Self(shared),
        }
    }

    /// One session from greeting to end.
    pub async fn serve<S>(&self, mut stream: S, peer: SocketAddr, local: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut client, understood) = self.0.arrival(&mut stream, Client::new(peer, local)).await;
        if let Ok(address) = client.address.parse() {
            self.0.find_name(&mut client, address).await;
        }
        self.converse(stream, client, understood).await;
    }

    /// The same with a client of a unix-domain listener.
    pub async fn serve_unix<S>(&self, mut stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut client, understood) = self.0.arrival(&mut stream, self.0.local_client()).await;
        if let (false, Ok(address)) = (client.over_unix, client.address.parse()) {
            self.0.find_name(&mut client, address).await;
        }
        self.converse(stream, client, understood).await;
    }

    async fn converse<S>(&self, stream: S, client: Client, understood: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let service = &*self.0;
        let session = Session::new(service.settings.clone(), service.own_tables(), client);
        let mut conversation = Conversation::new(service, stream, session);
        conversation.local_error = !understood;
        conversation.run().await;
    }

    /// `sendmail -bs`: the same conversation with the user at a terminal or pipe, without access restrictions.
    pub async fn serve_stand_alone<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut session = Session::new(self.0.settings.clone(), self.0.own_tables(), self.0.local_client());
        session.stand_alone = true;
        Conversation::new(&self.0, stream, session).run().await;
    }
}

impl Generation {
    /// The client a proxy speaks for (smtpd_upstream_proxy_protocol); without a proxy, the one that is connected. False: the
    /// proxy was not understood.
    async fn arrival<S: AsyncRead + Unpin>(&self, stream: &mut S, connected: Client) -> (Client, bool) {
        let Some(limit) = self.settings.upstream_proxy else { return (connected, true) };
        match haproxy::read(stream, limit).await {
            Ok(Upstream::Client { client, server }) => (Client::new(client, server), true),
            Ok(Upstream::Itself) => (connected, true),
            Err(problem) => {
                self.log.warning(format_args!("{problem}"));
                (connected, false)
            }
        }
    }

    /// A client without an address.
    fn local_client(&self) -> Client {
        Client::local(self.settings.ipv6 && !self.settings.ipv4)
    }

    /// smtpd_peername_lookup.
    pub async fn find_name(&self, client: &mut Client, address: IpAddr) {
        if !self.settings.peername_lookup {
            return;
        }
        let found = net::peer::lookup(&*self.services.dns, &self.hosts.table(), address).await;
        if let Some(warning) = &found.warning {
            self.log.warning(format_args!("{warning}"));
        }
        client.name = found.name;
        client.reverse_name = found.reverse_name;
        client.name_status = found.name_status;
        client.reverse_status = found.reverse_status;
    }

    /// The tables of a service with overrides, for its sessions.
    pub fn own_tables(&self) -> Option<Arc<dyn Tables>> {
        self.config.has_overrides().then(|| self.services.tables.clone())
    }

    /// Counts a connection until the answer is dropped.
    pub fn count_connection(&self, client: IpAddr) -> Counting {
        self.anvil.connect(&self.service, client)
    }

    /// Whether a list of hosts holds the client. A list that cannot be searched holds nobody.
    pub async fn lists_client(&self, parameter: &str, client: &Client) -> bool {
        match self.services.tables.match_host(parameter, &client.name, &client.address).wait().await {
            Ok(found) => found,
            Err(error) => {
                self.log.warning(format_args!("{parameter}: {error}"));
                false
            }
        }
    }

    /// Whether a list of words holds one.
    pub async fn lists_word(&self, parameter: &str, word: &str) -> bool {
        match self.services.tables.match_domain(parameter, word).wait().await {
            Ok(found) => found,
            Err(error) => {
                self.log.warning(format_args!("{parameter}: {error}"));
                false
            }
        }
    }

    /// smtpd_discard_ehlo_keyword_address_maps, else smtpd_discard_ehlo_keywords.
    pub async fn discarded_keywords(&self, address: &str) -> EhloKeywords {
        let maps = &self.settings.discard_maps;
        if maps.is_empty() {
            return self.settings.discarded;
        }
        match self.services.tables.find(SearchOrder::Exact, maps, address).wait().await {
            Ok(Some(found)) => EhloKeywords::parse(&found.value),
            Ok(None) => self.settings.discarded,
            Err(error) => {
                self.log.warning(format_args!("{error}"));
                self.settings.discarded
            }
        }
    }

    /// ETRN of a domain.
    pub async fn flush(&self, domain: &str) -> Flushed {
        if !self.lists_word("fast_flush_domains", domain).await {
            return Flushed::NotAllowed;
        }
        match &self.flush {
            Some(flush) if flush(domain.to_string()).await => Flushed::Started,
            _ => Flushed::Failed,
        }
    }
}
