//! ETRN: RFC 1985, for the domains of fast_flush_domains.

use ::mail::{Reply, hostname};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Step;
use crate::{
    Session, Settings, chat::End, conversation::Conversation, restrict::Decision, service::Flushed,
    transcript::ErrorClass,
};

/// Order and syntax; the domain without its `@` or `#`. Replies without enhanced status: RFC 1985 is older than those.
pub(crate) fn check(session: &Session, settings: &Settings, argument: &str) -> Result<String, Reply> {
    let refuse = |code, text| Err(Reply::plain(code, text));
    if settings.helo_required && session.helo.is_none() {
        return refuse(503, "Error: send HELO/EHLO first");
    }
    if session.transaction.is_some() {
        return refuse(503, "Error: MAIL transaction in progress");
    }
    let mut words = argument.split_ascii_whitespace();
    let (Some(word), None) = (words.next(), words.next()) else {
        return refuse(500, "Syntax: ETRN domain");
    };
    let domain = word.strip_prefix(['@', '#']).unwrap_or(word);
    let valid = if domain.starts_with('[') {
        hostname::valid_mailhost_literal(domain)
    } else {
        hostname::valid_hostname(domain)
    };
    if valid { Ok(domain.to_string()) } else { refuse(501, "Error: invalid parameter syntax") }
}

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let domain = match check(&c.session, &c.service.settings, argument) {
        Ok(domain) => domain,
        Err(reply) => return c.fail(reply).await,
    };
    if let Some(reply) = c.filter_other(true) {
        return c.fail_by(ErrorClass::POLICY, reply).await;
    }
    c.session_mut().etrn_domain = Some(domain.clone());
    c.reuse.changed(hook::Inputs::CONTENT);
    let decision = if c.session.stand_alone { Decision::Go } else { c.evaluator(None).etrn().await };
    let go = c.heed(decision).await?;
    c.session_mut().etrn_domain = None;
    if !go {
        return Ok(Step::Failed);
    }
    match c.service.flush(&domain).await {
        Flushed::Started => {
            c.say("250 Queuing started").await?;
            Ok(Step::Done)
        }
        Flushed::NotAllowed => {
            let label = &c.session.client.label;
            c.service.log.warning(format_args!("reject: ETRN {domain}... from {label}"));
            c.fail(Reply::plain(459, &format!("<{domain}>: service unavailable"))).await
        }
        Flushed::Failed => {
            let label = &c.session.client.label;
            c.service.log.warning(format_args!("reject: ETRN {domain}... from {label}"));
            c.fail(Reply::plain(458, "Unable to queue messages")).await
        }
    }
}
