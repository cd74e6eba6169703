//! XCLIENT: an authorized client speaks for another one. XCLIENT_README.

use ::mail::Reply;
use hook::{Inputs, NameStatus};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal, xattribute};
use crate::{Session, Settings, chat::End, conversation::Conversation};

const ATTRIBUTES: &[&str] = &["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT", "REVERSE_NAME"];

/// The session as the attributes make it.
pub(crate) fn check(session: &Session, settings: &Settings, argument: &str) -> Result<Session, Reply> {
    let attributes = xattribute::parse("XCLIENT", argument, ATTRIBUTES)?;
    let mut changed = session.clone();
    // RFC-like rule of the README: the session starts over, so what HELO said is gone unless it is given.
    (changed.helo, changed.esmtp) = (None, false);
    let client = &mut changed.client;
    for attribute in &attributes {
        let status = match (&attribute.value, attribute.temporary) {
            (Some(_), _) => NameStatus::Verified,
            (None, true) => NameStatus::TemporaryFailure,
            (None, false) => NameStatus::NotFound,
        };
        let unknown = || "unknown".to_string();
        match attribute.name.as_str() {
            "NAME" => {
                client.name = attribute.hostname()?.unwrap_or_else(unknown);
                client.name_status = status;
                client.reverse_name = client.name.clone();
                client.reverse_status = status;
            }
            "REVERSE_NAME" => {
                client.reverse_name = attribute.hostname()?.unwrap_or_else(unknown);
                client.reverse_status = status;
            }
            "ADDR" => {
                client.set_address(attribute.address(settings.ipv4, settings.ipv6)?.unwrap_or_else(unknown));
                client.over_unix = false;
            }
            "PORT" => {
                client.port = number(attribute.port()?);
                client.port_known = client.port != 0;
            }
            "DESTADDR" => client.server_address = attribute.address(settings.ipv4, settings.ipv6)?.unwrap_or_default(),
            "DESTPORT" => client.server_port = number(attribute.port()?),
            "HELO" => changed.helo = attribute.text(),
            "PROTO" => match attribute.given.to_ascii_uppercase().as_str() {
                "SMTP" => changed.esmtp = false,
                "ESMTP" => changed.esmtp = true,
                _ => return Err(attribute.bad()),
            },
            "LOGIN" if session.auth_available => {
                changed.sasl_username = attribute.text();
                changed.sasl_method = changed.sasl_username.is_some().then(|| "XCLIENT".to_string());
            }
            // Without AUTH nobody is logged in.
            _ => {}
        }
    }
    changed.client.relabel(settings.port_logging);
    Ok(changed)
}

/// Postfix keeps any five digits; a port no connection can have counts as not known.
fn number(port: Option<String>) -> u16 {
    port.and_then(|p| p.parse().ok()).unwrap_or(0)
}

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if c.session.transaction.is_some() {
        return c.fail(refusal(503, (5, 1), "Error: MAIL transaction in progress")).await;
    }
    if !c.xclient {
        return c.fail(refusal(550, (7, 0), "Error: insufficient authorization")).await;
    }
    let session = match check(&c.session, &c.service.settings, argument) {
        Ok(session) => session,
        Err(reply) => return c.fail(reply).await,
    };
    c.end_transaction();
    *c.session_mut() = session;
    c.session_mut().pipelined_early = false;
    c.reuse.changed(Inputs::all());
    c.defer = Default::default();
    Ok(Step::Restart)
}
