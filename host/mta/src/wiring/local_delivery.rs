//! local(8) among the others: it hands mail to other transports, and back to cleanup.

use std::sync::{Arc, OnceLock, PoisonError, Weak};

use anyhow::{Result, anyhow};
use cleanup::{Cleanup, CleanupError};
use config::{Config, MasterEntry, parameters::SYSLOG_NAME};
use delivery::{
    DeliveryError, Local, StatusLog,
    local::{NotForwarded, OtherTransports, Resubmit, Settings, Surroundings, SystemWorld},
    status_log::delivery_status_filter::LOCAL_DELIVERY_STATUS_FILTER,
};
use hook::{BoxFuture, Delivery, MailLog, Services};
use mail::Envelope;

use super::{Agents, Lasting, open_tables};

/// The transports of a generation, of which local(8) is one: connected once they are all there.
#[derive(Default)]
pub struct LateAgents(OnceLock<Weak<Agents>>);

impl LateAgents {
    pub fn connect(&self, agents: &Arc<Agents>) {
        // Each generation has one of its own, which is connected once.
        let _ = self.0.set(Arc::downgrade(agents));
    }
}

impl OtherTransports for LateAgents {
    fn find(&self, transport: &str) -> Option<Arc<dyn Delivery>> {
        self.0.get()?.upgrade()?.by_transport.get(transport).cloned()
    }
}

/// Forwarded mail goes through cleanup like all mail.
struct Forwarding {
    config: Config,
    cleanup: Arc<Cleanup>,
}

impl Resubmit for Forwarding {
    fn submit(&self, envelope: Envelope, content: Vec<u8>) -> BoxFuture<'_, Result<String, NotForwarded>> {
        Box::pin(async move {
            let id = self.cleanup.new_queue_id();
            let content = crate::server::with_received(&self.config, &id.to_string(), None, envelope.arrival, &content);
            self.cleanup.submit_as(id, envelope, &content).await.map_err(|error| NotForwarded {
                for_good: matches!(
                    error,
                    CleanupError::PeerMessageTooBig | CleanupError::PeerTooManyHops | CleanupError::PeerNoRecipients
                ),
                text: error.to_string(),
            })?;
            Ok(id.to_string())
        })
    }
}

/// The agent of one entry.
pub fn local(
    config: &Config,
    entry: &MasterEntry,
    services: &Services,
    lasting: &Lasting,
    cleanup: &Arc<Cleanup>,
    others: Arc<LateAgents>,
) -> Result<Arc<dyn Delivery>> {
    let view = config.service(entry);
    let bad = |e: DeliveryError| anyhow!("{e}");
    let settings = Settings::from_config(&view, &entry.service).map_err(bad)?;
    let known = lasting.tables.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let tables = match known {
        Some(tables) => tables,
        None => open_tables(config, lasting)?,
    };
    let rights = lasting.rights.clone();
    let world = SystemWorld::open(&settings, &tables, services.addresses.clone(), rights.clone()).map_err(bad)?;
    let surroundings = Surroundings {
        world: Arc::new(world),
        services: services.clone(),
        rights,
        others,
        resubmit: Arc::new(Forwarding { config: config.clone(), cleanup: cleanup.clone() }),
    };
    let status_log = StatusLog::new(&view, MailLog::new(&view.get(&SYSLOG_NAME), "local")).with_filter(
        &services.tables,
        LOCAL_DELIVERY_STATUS_FILTER.name,
        view.get(&LOCAL_DELIVERY_STATUS_FILTER),
    );
    Ok(Arc::new(Local::new(settings, surroundings, status_log)))
}
