//! AUTH: RFC 4954.

use ::mail::{Reply, Status};
use hook::Inputs;
use net::LineEnd;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal};
use crate::{
    anvil::Counted,
    chat::{End, escaped, printable},
    conversation::Conversation,
    ehlo_keywords::EhloKeywords,
    sasl::{Answer, Question, Sasl},
};

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if c.service.settings.helo_required && c.session.helo.is_none() {
        return c.fail(refusal(503, (5, 1), "Error: send HELO/EHLO first")).await;
    }
    let service = c.service;
    let Some(sasl) = service.sasl.as_ref().filter(|_| c.sasl.is_some() && !c.discarded.contains(EhloKeywords::AUTH))
    else {
        return c.fail(refusal(503, (5, 1), "Error: authentication not enabled")).await;
    };
    if c.session.transaction.is_some() {
        return c.fail(refusal(503, (5, 1), "Error: MAIL transaction in progress")).await;
    }
    if c.session.sasl_username.is_some() {
        return c.fail(refusal(503, (5, 1), "Error: already authenticated")).await;
    }
    let words: Vec<&str> = argument.split_ascii_whitespace().collect();
    let (mechanism, initial) = match words[..] {
        [mechanism] => (mechanism, None),
        [mechanism, initial] => (mechanism, Some(initial)),
        _ => return c.fail(refusal(501, (5, 4), "Syntax: AUTH mechanism")).await,
    };
    if let Some(reply) = c.filter_other(false) {
        return c.fail(reply).await;
    }
    if let Some(reply) = too_often(c).await {
        return c.fail(reply).await;
    }
    authenticate(c, sasl, mechanism, initial).await
}

/// smtpd_client_auth_rate_limit.
async fn too_often<S: AsyncRead + AsyncWrite + Unpin>(c: &Conversation<'_, S>) -> Option<Reply> {
    let limit = c.service.settings.client_limits.auth_rate;
    let rate = c.counting.as_ref()?.count(Counted::Auth);
    if limit == 0 || rate <= limit || c.xclient || c.is_event_exception().await {
        return None;
    }
    let (label, service) = (&c.session.client.label, &c.service.settings.service);
    c.service.log.warning(format_args!("AUTH command rate limit exceeded: {rate} from {label} for service {service}"));
    Some(refusal(450, (7, 1), &format!("Error: too many AUTH commands from {}", c.session.client.address)))
}

async fn authenticate<S>(
    c: &mut Conversation<'_, S>,
    sasl: &Sasl,
    mechanism: &str,
    initial: Option<&str>,
) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let usable =
        c.sasl.as_ref().is_some_and(|offer| offer.usable.iter().any(|one| one.eq_ignore_ascii_case(mechanism)));
    if !usable {
        return failed(c, mechanism, "Invalid authentication mechanism", None).await;
    }
    let question = Question {
        mechanism,
        service: &sasl.service,
        server: &c.session.client.server_address.clone(),
        client: &c.session.client.address.clone(),
        secured: c.session.tls.is_some(),
        initial,
    };
    let (mut exchange, mut answer) = sasl.begin(&question).await;
    loop {
        match answer {
            Answer::Challenge(challenge) => {
                c.say(&format!("334 {challenge}")).await?;
                let Some(response) = response(c, sasl.response_limit).await? else {
                    return c.fail(refusal(500, (5, 6), "SASL response limit exceeded")).await;
                };
                if response == "*" {
                    let label = &c.session.client.label;
                    let mechanism = printable(mechanism);
                    c.service.log.warning(format_args!("{label}: SASL {mechanism} authentication aborted"));
                    return c.fail(refusal(501, (7, 0), "Authentication aborted")).await;
                }
                answer = match &mut exchange {
                    Some(exchange) => sasl.next(exchange, &response).await,
                    None => Answer::Temporary("Connection lost to authentication server".into(), None),
                };
            }
            Answer::Failed { reason, user } => return failed(c, mechanism, &reason, user).await,
            Answer::Temporary(reason, warning) => {
                if let Some(warning) = warning {
                    c.service.log.warning(format_args!("{warning}"));
                }
                log_failure(c, mechanism, &reason, None);
                let text = format!("Temporary authentication failure: {}", printable(&reason));
                return c.fail(Reply::new(454, Status::temporary(7, 0), &text)).await;
            }
            Answer::Done(user) => {
                log_in(c, mechanism, user);
                c.say("235 2.7.0 Authentication successful").await?;
                return Ok(Step::Done);
            }
        }
    }
}

/// The client's next line; none: it is too long.
async fn response<S>(c: &mut Conversation<'_, S>, limit: usize) -> Result<Option<String>, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    c.deadline.restart();
    let mut line = Vec::new();
    let end = c.line.read_line(limit, &mut c.deadline, &mut line).await?;
    // It may be a password.
    c.transcript.heard(b"...");
    if end == LineEnd::TooLong {
        let (label, front) = (&c.session.client.label, escaped(&line, 30));
        c.service.log.warning(format_args!("{label}: request longer than {limit}: {front}..."));
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_string()))
}

async fn failed<S>(
    c: &mut Conversation<'_, S>,
    mechanism: &str,
    reason: &str,
    user: Option<String>,
) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    log_failure(c, mechanism, reason, user);
    let text = format!("Error: authentication failed: {}", printable(reason));
    c.fail(refusal(535, (7, 8), &text)).await
}

/// Fail2ban and its like read this line.
fn log_failure<S: AsyncRead + AsyncWrite + Unpin>(
    c: &mut Conversation<'_, S>,
    mechanism: &str,
    reason: &str,
    user: Option<String>,
) {
    let user = c.sasl.as_mut().and_then(|offer| {
        offer.user = user.or(offer.user.take());
        offer.user.clone()
    });
    let cut = |text: &str| printable(text).chars().take(100).collect::<String>();
    let (mechanism, reason) = (cut(mechanism), printable(reason));
    let user = user.map_or_else(|| "(unavailable)".to_string(), |user| cut(&user));
    let label = &c.session.client.label;
    c.service
        .log
        .warning(format_args!("{label}: SASL {mechanism} authentication failed: {reason}, sasl_username={user}"));
}

fn log_in<S: AsyncRead + AsyncWrite + Unpin>(c: &mut Conversation<'_, S>, mechanism: &str, user: Option<String>) {
    let session = c.session_mut();
    session.sasl_method = user.is_some().then(|| printable(mechanism));
    session.sasl_username = user.map(|user| printable(&user));
    c.reuse.changed(Inputs::AUTH);
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S> {
    /// Finds out what AUTH may be offered now. Where nothing can be offered there is no session: as in Postfix a service that
    /// is to have AUTH and cannot have it does not serve.
    pub async fn activate_sasl(&mut self) -> Result<(), End> {
        let service = self.service;
        let under_tls = self.session.tls.is_some();
        self.sasl = None;
        self.session_mut().auth_available = false;
        let Some(sasl) = service.sasl.as_ref().filter(|_| !self.session.stand_alone) else { return Ok(()) };
        if self.tracer.is_some() {
            // `waxwing explain`: the login is imagined, and nobody is asked.
            self.session_mut().auth_available = true;
            return Ok(());
        }
        if service.settings.tls.auth_only && !under_tls {
            return Ok(());
        }
        match sasl.offer(under_tls).await {
            Ok(offer) => self.sasl = Some(offer),
            Err((warning, fatal)) => {
                if let Some(warning) = warning {
                    service.log.warning(format_args!("{warning}"));
                }
                service.log.fatal(format_args!("{fatal}"));
                return Err(End::Hangup);
            }
        }
        self.session_mut().auth_available = true;
        Ok(())
    }
}
