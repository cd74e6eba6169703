//! smtpd_dns_reply_filter: what restrictions see of the DNS.

use std::sync::Arc;

use config::{Config, parameters::SYSLOG_NAME};
use hook::{Dns, MailLog, Tables};
use net::dns::ReplyFilter;

use crate::parameters::SMTPD_DNS_REPLY_FILTER;

/// The resolver restrictions ask.
pub fn restriction_dns(config: &Config, dns: Arc<dyn Dns>, tables: Arc<dyn Tables>) -> Arc<dyn Dns> {
    let maps = config.get(&SMTPD_DNS_REPLY_FILTER);
    let log = MailLog::new(&config.get(&SYSLOG_NAME), "smtpd");
    ReplyFilter::over(dns, tables, SMTPD_DNS_REPLY_FILTER.name, maps, log)
}
