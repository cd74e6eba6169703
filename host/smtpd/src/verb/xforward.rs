//! XFORWARD: what an upstream server knows of the client, for the log and the queue. XFORWARD_README.

use ::mail::Reply;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal, xattribute};
use crate::{Settings, chat::End, conversation::Conversation, session::Forwarded};

const ATTRIBUTES: &[&str] = &["NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"];

/// What is known after the command, on top of what was known before.
pub(crate) fn check(known: &Forwarded, settings: &Settings, argument: &str) -> Result<Forwarded, Reply> {
    let mut forwarded = known.clone();
    for attribute in xattribute::parse("XFORWARD", argument, ATTRIBUTES)? {
        let unknown = || "unknown".to_string();
        match attribute.name.as_str() {
            "NAME" => forwarded.name = attribute.hostname()?.unwrap_or_else(unknown),
            "ADDR" => forwarded.address = attribute.address(settings.ipv4, settings.ipv6)?.unwrap_or_else(unknown),
            "PORT" => forwarded.port = attribute.port()?.unwrap_or_default(),
            "PROTO" => forwarded.protocol = attribute.text().unwrap_or_default(),
            "HELO" => forwarded.helo = attribute.text().unwrap_or_default(),
            "IDENT" => forwarded.ident = attribute.text().unwrap_or_default().replace(' ', "?"),
            _ => {
                forwarded.local = match attribute.given.to_ascii_uppercase().as_str() {
                    "LOCAL" => Some(true),
                    "REMOTE" => Some(false),
                    _ => return Err(attribute.bad()),
                }
            }
        }
    }
    Ok(forwarded)
}

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if c.session.transaction.is_some() {
        return c.fail(refusal(503, (5, 1), "Error: MAIL transaction in progress")).await;
    }
    if !c.xforward {
        return c.fail(refusal(550, (7, 0), "Error: insufficient authorization")).await;
    }
    match check(&c.session.forwarded, &c.service.settings, argument) {
        Ok(forwarded) => c.session_mut().forwarded = forwarded,
        Err(reply) => return c.fail(reply).await,
    }
    c.say("250 2.0.0 Ok").await?;
    Ok(Step::Done)
}
