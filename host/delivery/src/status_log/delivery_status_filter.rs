//! default_delivery_status_filter and its kin: tables that know a better status or text for the outcome of a delivery.

use std::sync::Arc;

use hook::{MailLog, Outcome, RecipientStatus, SearchOrder, Tables};
use mail::{Class, Status};

config::parameters! {
    /// Tables that may give the outcome of a delivery another status, or another text.
    DEFAULT_DELIVERY_STATUS_FILTER: Text = "default_delivery_status_filter", "";
    /// The same for local(8) alone.
    LOCAL_DELIVERY_STATUS_FILTER: Text = "local_delivery_status_filter", "$default_delivery_status_filter";
    /// The same for pipe(8) alone.
    PIPE_DELIVERY_STATUS_FILTER: Text = "pipe_delivery_status_filter", "$default_delivery_status_filter";
    /// The same for smtp(8) alone.
    SMTP_DELIVERY_STATUS_FILTER: Text = "smtp_delivery_status_filter", "$default_delivery_status_filter";
    /// The same for lmtp(8) alone.
    LMTP_DELIVERY_STATUS_FILTER: Text = "lmtp_delivery_status_filter", "$default_delivery_status_filter";
    /// The same for virtual(8) alone.
    VIRTUAL_DELIVERY_STATUS_FILTER: Text = "virtual_delivery_status_filter", "$default_delivery_status_filter";
}

/// The tables of one agent.
#[derive(Clone)]
pub struct DeliveryStatusFilter {
    tables: Arc<dyn Tables>,
    /// The parameter and its value.
    name: &'static str,
    maps: String,
}

impl DeliveryStatusFilter {
    /// `maps` is the parameter's value; None without one. A table that cannot be opened fails at each lookup.
    pub fn new(tables: Arc<dyn Tables>, name: &'static str, maps: String, log: &MailLog) -> Option<Self> {
        if maps.is_empty() {
            return None;
        }
        if let Err(why) = tables.open(&maps) {
            log.error(format_args!("{why}"));
        }
        Some(Self { tables, name, maps })
    }

    /// Failures may become temporary or permanent, but nothing failed becomes delivered or the other way round.
    pub(super) async fn apply(&self, one: &mut RecipientStatus, log: &MailLog) {
        let line = format!("{} {}", one.status, one.text);
        let found = match self.tables.find(SearchOrder::Exact, &self.maps, &line).wait().await {
            Ok(Some(found)) => found.value,
            Ok(None) => return,
            Err(error) => return log.warning(format_args!("{error}")),
        };
        let delivered = one.outcome == Outcome::Delivered;
        match Status::split(&found).filter(|(status, _)| (status.class == Class::Success) == delivered) {
            Some((status, text)) => {
                (one.status, one.text) = (status, text.to_string());
                one.outcome = match status.class {
                    Class::Success => Outcome::Delivered,
                    Class::Temporary => Outcome::Deferred,
                    Class::Permanent => Outcome::Bounced,
                };
            }
            None => log.warning(format_args!("{}: bad status code: {found}", self.name)),
        }
    }
}
