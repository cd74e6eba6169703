//! STARTTLS: RFC 3207.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal};
use crate::{chat::End, conversation::Conversation, ehlo_keywords::EhloKeywords};

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if !argument.is_empty() {
        return c.fail(refusal(501, (5, 4), "Syntax: STARTTLS")).await;
    }
    if c.session.tls.is_some() {
        return c.fail(refusal(554, (5, 1), "Error: TLS already active")).await;
    }
    if let Some(reply) = c.filter_other(false) {
        return c.fail(reply).await;
    }
    let service = c.service;
    if !service.settings.tls.offered || c.session.stand_alone || c.discarded.contains(EhloKeywords::STARTTLS) {
        return c.fail(refusal(502, (5, 1), "Error: command not implemented")).await;
    }
    if c.over_tls_rate(false).await.is_some() {
        let (label, name) = (c.session.client.label.clone(), &service.settings.service);
        service.log.warning(format_args!("Refusing STARTTLS request from {label} for service {name}"));
        return c.fail(temporary(&format!("Error: too many new TLS sessions from {label}"))).await;
    }
    let Some(server) = &service.tls_server else {
        return c.fail(temporary("TLS not available due to local problem")).await;
    };
    c.say("220 2.0.0 Ready to start TLS").await?;
    c.start_tls(server).await?;
    if !c.hangup {
        c.activate_sasl().await?;
    }
    Ok(Step::Done)
}

fn temporary(text: &str) -> ::mail::Reply {
    ::mail::Reply::new(454, ::mail::Status::temporary(7, 0), text)
}
