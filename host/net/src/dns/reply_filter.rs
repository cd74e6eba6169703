//! smtpd_dns_reply_filter, smtp_dns_reply_filter and lmtp_dns_reply_filter: tables that say which records of an answer to
//! leave out. They are asked with the record as a line of a zone file.

use std::{net::IpAddr, sync::Arc};

use hook::{
    BoxFuture, Dns, DnsAnswer, DnsFailure, DnsReason, MailLog, RecordType, ResourceRecord, SearchOrder, Tables,
};

use super::{failure, type_name};

/// A resolver whose answers lack what the tables say to ignore.
pub struct ReplyFilter {
    resolver: Arc<dyn Dns>,
    tables: Arc<dyn Tables>,
    maps: String,
    /// What `maps` is the value of.
    parameter: &'static str,
    log: MailLog,
}

impl ReplyFilter {
    /// `maps` is the parameter's value; without one, `resolver` itself. A table that cannot be opened fails at each lookup.
    pub fn over(
        resolver: Arc<dyn Dns>,
        tables: Arc<dyn Tables>,
        parameter: &'static str,
        maps: String,
        log: MailLog,
    ) -> Arc<dyn Dns> {
        if maps.is_empty() {
            return resolver;
        }
        if let Err(why) = tables.open(&maps) {
            log.error(format_args!("{why}"));
        }
        Arc::new(Self { resolver, tables, maps, parameter, log })
    }

    /// Whether the record stays. `Err`: the tables give no usable answer.
    async fn keeps(&self, kind: RecordType, record: &ResourceRecord) -> Result<bool, ()> {
        let line = zone_line(kind, record);
        match self.tables.find(SearchOrder::Exact, &self.maps, &line).wait().await {
            Ok(None) => Ok(true),
            Ok(Some(found)) if found.value.eq_ignore_ascii_case("IGNORE") => {
                self.log.info(format_args!("ignoring DNS RR: {line}"));
                Ok(false)
            }
            Ok(Some(found)) => {
                let (parameter, action) = (self.parameter, &found.value);
                self.log.warning(format_args!("{parameter}: unknown DNS filter action: \"{action}\""));
                Err(())
            }
            Err(error) => {
                self.log.warning(format_args!("{error}"));
                Err(())
            }
        }
    }

    async fn filter(&self, name: &str, kind: RecordType, mut answer: DnsAnswer) -> Result<DnsAnswer, DnsFailure> {
        let mut kept = Vec::with_capacity(answer.records.len());
        for record in answer.records {
            match self.keeps(kind, &record).await {
                Ok(true) => kept.push(record),
                Ok(false) => {}
                Err(()) => {
                    let kind = type_name(kind);
                    let text = format!("Error looking up name={name} type={kind}: Invalid DNS reply filter syntax");
                    return Err(DnsFailure { reason: DnsReason::Refused, secure: false, text });
                }
            }
        }
        if kept.is_empty() {
            return Err(failure(name, kind, DnsReason::Filtered));
        }
        answer.records = kept;
        Ok(answer)
    }
}

impl Dns for ReplyFilter {
    fn lookup<'a>(&'a self, name: &'a str, kind: RecordType) -> BoxFuture<'a, Result<DnsAnswer, DnsFailure>> {
        Box::pin(async move {
            let answer = self.resolver.lookup(name, kind).await?;
            self.filter(name.trim_end_matches('.'), kind, answer).await
        })
    }

    /// Names of addresses are not filtered: Postfix has them from the system.
    fn reverse(&self, address: IpAddr) -> BoxFuture<'_, Result<DnsAnswer, DnsFailure>> {
        self.resolver.reverse(address)
    }
}

/// RFC 1035 section 5.1, names with their dot at the end.
fn zone_line(kind: RecordType, record: &ResourceRecord) -> String {
    let ResourceRecord { name, ttl, preference, data } = record;
    let head = format!("{name}. {ttl} IN {} ", type_name(kind));
    match kind {
        RecordType::Mx | RecordType::Srv => format!("{head}{preference} {data}."),
        RecordType::Cname | RecordType::Ns | RecordType::Ptr => format!("{head}{data}."),
        RecordType::A | RecordType::Aaaa | RecordType::Soa | RecordType::Tlsa | RecordType::Txt => {
            format!("{head}{data}")
        }
    }
}
