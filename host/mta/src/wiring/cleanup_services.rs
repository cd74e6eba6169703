//! The cleanup services of master.cf, each with its own `-o`, and which of them cleanup_service_name asks for.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context, Result, bail};
use cleanup::{Cleanup, parameters::CLEANUP_SERVICE_NAME};
use config::{Config, ServiceKind};
use plugin::Registry;
use queue::Queue;
use rewrite::Rewrite;

/// What Postfix's master.cf calls its only one.
const USUAL: &str = "cleanup";

/// By service name.
pub struct CleanupServices(HashMap<String, Arc<Cleanup>>);

impl CleanupServices {
    /// A master.cf without any has the usual one.
    pub fn of(config: &Config, registry: &Arc<Registry>, rewrite: &Rewrite, queue: &Queue) -> Result<Self> {
        let mut services = HashMap::new();
        for entry in config.master().iter().filter(|e| e.kind != ServiceKind::Inet && e.command == "cleanup") {
            let made = one(&config.service(entry), registry, rewrite, queue);
            let made = made.with_context(|| format!("{}: service {}", entry.place, entry.service))?;
            services.insert(entry.service.clone(), made);
        }
        if !services.contains_key(USUAL) {
            services.insert(USUAL.to_string(), one(config, registry, rewrite, queue)?);
        }
        Ok(Self(services))
    }

    /// The one that a service with these settings hands its mail to.
    pub fn named_by(&self, view: &Config) -> Result<Arc<Cleanup>> {
        let name = view.get(&CLEANUP_SERVICE_NAME);
        if let Some(service) = self.0.get(&name) {
            return Ok(service.clone());
        }
        let place = view.place(CLEANUP_SERVICE_NAME.name).map(|place| format!("{place}: ")).unwrap_or_default();
        bail!(
            "{place}cleanup_service_name = {name}: no service of this name in master.cf has the command cleanup; add one"
        )
    }
}

fn one(view: &Config, registry: &Arc<Registry>, rewrite: &Rewrite, queue: &Queue) -> Result<Arc<Cleanup>> {
    let services = registry.services();
    let cleanup = Cleanup::new(view, rewrite.clone(), services.tables.clone(), queue.clone(), services.clock.clone())?;
    let cleanup = cleanup.with_checks(view, &**registry)?;
    Ok(Arc::new(cleanup.with_filters(view, &**registry, services.sockets.clone())?))
}
