//! MAIL FROM: RFC 5321 section 4.1.1.2, with SIZE (RFC 1870), BODY (RFC 6152), RET and ENVID (RFC 3461), SMTPUTF8 (RFC 6531).

use ::mail::{Reply, ReturnContent, path, xtext};
use std::time::UNIX_EPOCH;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal};
use crate::{
    Session, Settings,
    anvil::Counted,
    chat::{End, printable},
    conversation::Conversation,
    ehlo_keywords::EhloKeywords,
    restrict::{self, Decision},
    session::Transaction,
    transcript::ErrorClass,
};

/// What MAIL FROM asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub sender: String,
    /// With its brackets, for the log.
    pub external: String,
    pub size: Option<u64>,
    pub body_type: &'static str,
    pub return_content: Option<ReturnContent>,
    pub envelope_id: String,
    pub smtputf8: bool,
    /// AUTH=; `<>` is none.
    pub sasl_sender: Option<String>,
}

const BAD_ADDRESS: &str = "Bad sender address syntax";

/// Order and syntax. A refusal after an illegal address carries the address, for the log.
pub(crate) fn check(
    session: &Session,
    settings: &Settings,
    discarded: EhloKeywords,
    argument: &str,
) -> Result<Request, (Reply, Option<String>)> {
    let refuse = |code, status, text: &str| Err((refusal(code, status, text), None));
    if settings.helo_required && session.helo.is_none() {
        return refuse(503, (5, 1), "Error: send HELO/EHLO first");
    }
    if session.transaction.is_some() {
        return refuse(503, (5, 1), "Error: nested MAIL command");
    }
    let Some(argument) = ::mail::command::path_argument(argument, "FROM").filter(|a| !a.is_empty()) else {
        return refuse(501, (5, 4), "Syntax: MAIL FROM:<address>");
    };
    // RFC 6531 section 3.4: the parameter comes after the address it is about.
    let declared = argument.split_ascii_whitespace().skip(1).any(|word| word.eq_ignore_ascii_case("SMTPUTF8"));
    let syntax = path::Syntax { strict: settings.strict_envelopes, smtputf8: settings.smtputf8 && declared };
    let parsed = super::rcpt::parse_path(argument, syntax, true)
        .map_err(|illegal| (refusal(501, (1, 7), BAD_ADDRESS), illegal))?;
    if !settings.allow_min_user && parsed.address.starts_with('-') {
        return refuse(501, (1, 7), BAD_ADDRESS);
    }
    let mut request = Request { sender: parsed.address, external: parsed.external.to_string(), ..Request::default() };
    parameters(&mut request, settings, discarded, parsed.rest).map_err(|reply| (reply, None))?;
    if settings.strict_smtputf8 && !request.smtputf8 && !request.sender.is_ascii() {
        return refuse(553, (6, 7), "Must declare SMTPUTF8 to send unicode address");
    }
    Ok(request)
}

fn parameters(request: &mut Request, settings: &Settings, discarded: EhloKeywords, rest: &str) -> Result<(), Reply> {
    let mut seen = (false, false);
    for parameter in rest.split_ascii_whitespace() {
        let (name, value) = parameter.split_once('=').map_or((parameter, None), |(name, value)| (name, Some(value)));
        match (name.to_ascii_uppercase().as_str(), value) {
            ("BODY", Some(v)) if v.eq_ignore_ascii_case("8BITMIME") => request.body_type = "8BITMIME",
            ("BODY", Some(v)) if v.eq_ignore_ascii_case("7BIT") => request.body_type = "7BIT",
            ("SIZE", Some(value)) => request.size = Some(size(value)?),
            // RFC 4954 section 5: without AUTH the parameter is accepted and means nothing.
            ("AUTH", Some(_)) if request.sasl_sender.is_some() => {
                return Err(refusal(503, (5, 4), "Error: multiple AUTH= options"));
            }
            ("AUTH", Some(value)) => request.sasl_sender = (value != "<>").then(|| printable(value)),
            ("SMTPUTF8", None) if settings.smtputf8 && !discarded.contains(EhloKeywords::SMTPUTF8) => {
                request.smtputf8 = true
            }
            ("RET" | "ENVID", Some(_)) if discarded.contains(EhloKeywords::DSN) => {
                return Err(refusal(501, (7, 1), "DSN support is disabled"));
            }
            // RFC 3461 sections 4.3 and 4.4: once each.
            ("RET", Some(_)) if std::mem::replace(&mut seen.0, true) => {
                return Err(refusal(501, (5, 4), "Bad RET parameter syntax"));
            }
            ("ENVID", Some(_)) if std::mem::replace(&mut seen.1, true) => {
                return Err(refusal(501, (5, 4), "Bad ENVID parameter syntax"));
            }
            ("RET", Some(value)) => {
                request.return_content = Some(match value.to_ascii_uppercase().as_str() {
                    "FULL" => ReturnContent::Full,
                    "HDRS" => ReturnContent::Headers,
                    _ => return Err(refusal(501, (5, 4), "Bad RET parameter syntax")),
                });
            }
            ("ENVID", Some(value)) => {
                request.envelope_id = xtext::decode(value)
                    .ok()
                    .filter(|id| !id.is_empty() && !id.contains(|c: char| c.is_control()))
                    .ok_or_else(|| refusal(501, (5, 4), "Bad ENVID parameter syntax"))?;
            }
            _ => return Err(refusal(555, (5, 4), &format!("Unsupported option: {parameter}"))),
        }
    }
    Ok(())
}

fn size(value: &str) -> Result<u64, Reply> {
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refusal(501, (5, 4), "Bad message size syntax"));
    }
    let size = value.parse::<u64>().ok().filter(|size| i64::try_from(*size).is_ok());
    size.ok_or_else(|| refusal(552, (3, 4), "Message size exceeds file system imposed limit"))
}

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if c.session.transaction.is_none() && c.chunks.failed {
        return c.fail(refusal(503, (5, 1), "Error: MAIL after BDAT")).await;
    }
    let request = match check(&c.session, &c.service.settings, c.discarded, argument) {
        Ok(request) => request,
        Err((reply, illegal)) => {
            if let Some(address) = illegal {
                let (label, address) = (&c.session.client.label, super::rcpt::shown(&address, &c.service.settings));
                c.service.log.warning(format_args!("Illegal address syntax from {label} in MAIL command: {address}"));
            }
            let polite = c.session.helo.is_some() || !c.service.settings.helo_required;
            return c.fail_by(if polite { ErrorClass::PROTOCOL } else { ErrorClass::POLICY }, reply).await;
        }
    };
    super::rcpt::remark_on_utf8(c, "sender", &request.sender);
    if let Some(reply) = too_much_mail(c).await {
        return c.fail_by(ErrorClass::POLICY, reply).await;
    }
    c.announced_size = request.size.unwrap_or(c.announced_size);
    if !c.session.stand_alone
        && let Some(reply) = no_space(c, c.announced_size)
    {
        return c.fail_by(ErrorClass::RESOURCE, reply).await;
    }
    let Some(local_client) = c.is_local_client().await else {
        return c.fail_by(ErrorClass::DATA, refusal(451, (3, 0), "Temporary lookup error")).await;
    };
    let transaction = Transaction {
        sender: request.sender,
        instance: instance(c),
        size: c.announced_size,
        body_type: request.body_type,
        return_content: request.return_content,
        envelope_id: request.envelope_id,
        smtputf8: request.smtputf8,
        local_client,
        ..Transaction::default()
    };
    c.begin_transaction(transaction);
    let session = c.session_mut();
    session.sasl_sender = request.sasl_sender.filter(|_| session.auth_available);
    let size = c.announced_size;
    let decision = match too_big(c, size) {
        Some(reply) => Decision::Refuse(reply),
        None if c.session.stand_alone => Decision::Go,
        None => c.evaluator(None).mail().await,
    };
    let decision = match decision == Decision::Go && c.filters.is_some() {
        true => c.filter_mail(argument).await,
        false => decision,
    };
    if !c.heed(decision).await? {
        c.end_transaction();
        // Postfix remembers the size of a refused MAIL FROM until a transaction ends.
        c.announced_size = size;
        return Ok(Step::Failed);
    }
    if c.service.settings.proxy.is_some() {
        c.proxy_mail = argument.to_string();
    } else if !c.service.settings.delay_open {
        c.open_message().await;
    }
    c.say("250 2.1.0 Ok").await?;
    Ok(Step::Done)
}

/// smtpd_client_message_rate_limit.
async fn too_much_mail<S: AsyncRead + AsyncWrite + Unpin>(c: &Conversation<'_, S>) -> Option<Reply> {
    let limit = c.service.settings.client_limits.message_rate;
    let rate = c.counting.as_ref()?.count(Counted::Message);
    if limit == 0 || rate <= limit || c.xclient || c.is_event_exception().await {
        return None;
    }
    let (client, service) = (&c.session.client, &c.service.settings.service);
    let label = &client.label;
    c.service.log.warning(format_args!(
        "Message delivery request rate limit exceeded: {rate} from {label} for service {service}"
    ));
    Some(refusal(450, (7, 1), &format!("Error: too much mail from {}", client.address)))
}

/// queue_minfree, and room for one and a half messages of the largest size; for one more where a before-queue filter gets
/// them only when they are complete.
fn no_space<S: AsyncRead + AsyncWrite + Unpin>(c: &Conversation<'_, S>, size: u64) -> Option<Reply> {
    let settings = &c.service.settings;
    let free = c.service.free_space.bytes(c.service.services.clock.monotonic());
    let wanted = settings.message_size_limit.max(size);
    let kept = settings.proxy.as_ref().is_some_and(|proxy| proxy.speed_adjust.is_some());
    let (room, factor) = if kept { (free / 5 * 2, "2.5") } else { (free / 3 * 2, "1.5") };
    if free > settings.queue_minfree && room > wanted {
        return None;
    }
    let reply = refusal(452, (3, 1), "Insufficient system storage");
    restrict::log::happened(&c.service.log, &c.session, "reject", format_args!("{}", reply.log_text()));
    c.service
        .log
        .warning(format_args!("not enough free space in mail queue: {free} bytes < {factor}*message size limit"));
    Some(reply)
}

/// RFC 1870 section 6.1.
fn too_big<S: AsyncRead + AsyncWrite + Unpin>(c: &Conversation<'_, S>, size: u64) -> Option<Reply> {
    let limit = c.service.settings.message_size_limit;
    if limit == 0 || size <= limit {
        return None;
    }
    let mut reply = refusal(552, (3, 4), "Message size exceeds fixed limit");
    if c.service.settings.soft_bounce {
        restrict::eval::soften(&mut reply);
    }
    restrict::log::happened(&c.service.log, &c.session, "reject", format_args!("{}", reply.log_text()));
    Some(reply)
}

/// The policy attribute `instance`: unique to a transaction.
fn instance<S>(c: &Conversation<'_, S>) -> String {
    let now = c.service.services.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let number = c.service.services.randomness.number() as u32;
    format!("{:x}.{:x}.{:x}.{number:x}", std::process::id(), now.as_secs(), now.subsec_micros())
}
