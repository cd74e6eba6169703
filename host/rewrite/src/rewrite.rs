//! The service: one for each configuration generation.

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::{Arc, Mutex},
};

use config::Config;
use hook::{AddressError, Addresses, BoxFuture, Listing, MailLog, Resolution, Tables};

use crate::{Context, Settings, listing::Role, settings::Routes};

/// The service could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// A table of main.cf cannot be opened; the text names it.
    #[error("{0}")]
    ConfigTable(String),
}

/// trivial-rewrite. Clones share.
#[derive(Clone)]
pub struct Rewrite {
    pub(crate) settings: Arc<Settings>,
    pub(crate) tables: Arc<dyn Tables>,
    pub(crate) log: MailLog,
    /// Domains of which the log has it that two lists name them.
    pub(crate) listed_twice: Arc<Mutex<HashSet<String>>>,
}

impl Rewrite {
    /// Reads the parameters and opens the tables.
    pub fn new(config: &Config, tables: Arc<dyn Tables>) -> Result<Self, RewriteError> {
        let settings = Settings::from(config);
        for names in settings.tables() {
            tables.open(names).map_err(RewriteError::ConfigTable)?;
        }
        let log = MailLog::new(&config.get(&config::parameters::SYSLOG_NAME), "trivial-rewrite");
        Ok(Self { settings: Arc::new(settings), tables, log, listed_twice: Arc::default() })
    }

    /// The canonical form of an internal address, as for envelopes and headers of local clients (`local`) or for headers
    /// of remote ones.
    pub fn rewrite(&self, address: &str, local: bool) -> String {
        self.canonical_form(address, if local { Context::Local } else { Context::Remote }).into_owned()
    }

    /// The same without a copy where nothing changes.
    pub fn canonical_form<'a>(&self, address: &'a str, context: Context) -> Cow<'a, str> {
        let form = self.settings.canonical_form(address, context);
        if let (Cow::Owned(form), true) = (&form, self.settings.append_dot_mydomain_by_level)
            && let Some(remark) = self.settings.remark(address, form)
        {
            self.log.info(format_args!("{remark}"));
        }
        form
    }

    async fn resolve_mail(&self, address: &str, sender: &str) -> Result<Resolution, AddressError> {
        self.resolve_by(address, sender, &self.settings.routes).await
    }

    async fn resolve_by(&self, address: &str, sender: &str, routes: &Routes) -> Result<Resolution, AddressError> {
        let address = self.canonical_form(address, Context::Local);
        self.resolve_canonical(&address, sender, routes).await
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Addresses for Rewrite {
    fn resolve<'a>(&'a self, address: &'a str, sender: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        Box::pin(self.resolve_mail(address, sender))
    }

    fn resolve_probe<'a>(
        &'a self,
        address: &'a str,
        sender: &'a str,
    ) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        Box::pin(self.resolve_by(address, sender, &self.settings.probe_routes))
    }

    fn find_recipient<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async move { self.listing(&self.resolve_mail(address, "").await?, Role::Recipient).await })
    }

    fn find_sender<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async move {
            // The null sender is always known: notices have no other.
            if address.is_empty() {
                return Ok(Listing::Listed);
            }
            self.listing(&self.resolve_mail(address, "").await?, Role::Sender).await
        })
    }
}
