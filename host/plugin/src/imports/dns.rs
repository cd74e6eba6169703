//! `dns`.

use hook::{DnsReason, RecordType};

use crate::{bindings::waxwing::plugin::dns, state::State};

impl dns::Host for State {
    async fn lookup(
        &mut self,
        name: String,
        kind: dns::RecordType,
    ) -> wasmtime::Result<Result<dns::Answer, dns::Failure>> {
        self.needs("dns", false)?;
        let kind = match kind {
            dns::RecordType::A => RecordType::A,
            dns::RecordType::Aaaa => RecordType::Aaaa,
            dns::RecordType::Cname => RecordType::Cname,
            dns::RecordType::Mx => RecordType::Mx,
            dns::RecordType::Ns => RecordType::Ns,
            dns::RecordType::Ptr => RecordType::Ptr,
            dns::RecordType::Soa => RecordType::Soa,
            dns::RecordType::Srv => RecordType::Srv,
            dns::RecordType::Tlsa => RecordType::Tlsa,
            dns::RecordType::Txt => RecordType::Txt,
        };
        Ok(answer(self.plugin.services()?.smtpd_dns.lookup(&name, kind).await))
    }

    async fn reverse(&mut self, address: String) -> wasmtime::Result<Result<dns::Answer, dns::Failure>> {
        self.needs("dns", false)?;
        let Ok(address) = address.parse() else {
            return Ok(Err(dns::Failure { reason: dns::Reason::Malformed, secure: false }));
        };
        Ok(answer(self.plugin.services()?.smtpd_dns.reverse(address).await))
    }
}

fn answer(outcome: Result<hook::DnsAnswer, hook::DnsFailure>) -> Result<dns::Answer, dns::Failure> {
    match outcome {
        Ok(answer) => Ok(dns::Answer {
            records: answer
                .records
                .into_iter()
                .map(|r| dns::ResourceRecord { name: r.name, ttl: r.ttl, preference: r.preference, data: r.data })
                .collect(),
            secure: answer.secure,
        }),
        Err(failure) => Err(dns::Failure { reason: reason(failure.reason), secure: failure.secure }),
    }
}

fn reason(reason: DnsReason) -> dns::Reason {
    match reason {
        DnsReason::NoSuchDomain => dns::Reason::NoSuchDomain,
        DnsReason::NoData => dns::Reason::NoData,
        DnsReason::NullMx => dns::Reason::NullMx,
        DnsReason::Malformed => dns::Reason::Malformed,
        DnsReason::Refused => dns::Reason::Refused,
        DnsReason::ServerFailure => dns::Reason::ServerFailure,
        DnsReason::Timeout => dns::Reason::Timeout,
        DnsReason::Filtered => dns::Reason::Filtered,
    }
}
