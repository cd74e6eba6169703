//! RCPT TO: RFC 5321 section 4.1.1.3, with NOTIFY and ORCPT (RFC 3461). Here also: which addresses the server can take.

use std::borrow::Cow;

use ::mail::{EnvelopeRecipient, Reply, address, hostname, path, uxtext, xtext};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal};
use crate::{
    Session, Settings, anvil::Counted, chat::End, conversation::Conversation, ehlo_keywords::EhloKeywords,
    restrict::Decision, transcript::ErrorClass,
};

const BAD_ADDRESS: &str = "Bad recipient address syntax";

/// What RCPT TO asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub recipient: String,
    /// As given, without its brackets.
    pub given: String,
    /// ORCPT as `type;address`, decoded.
    pub original: String,
    /// NOTIFY as given, and as bits.
    pub notify_text: String,
    pub notify: u8,
}

/// An address the server can work with, or the text to log as illegal (none when it was not even a token).
pub(crate) fn parse_path<'a>(
    argument: &'a str,
    syntax: path::Syntax,
    null_allowed: bool,
) -> Result<path::ParsedPath<'a>, Option<String>> {
    use path::PathError;
    // An address that ends nowhere is no token at all; the others are illegal, and logged.
    let illegal = || {
        let inside = if argument.starts_with('<') { argument.find('>').unwrap_or(0) } else { 0 };
        let end = argument[inside..].find(|c: char| c.is_ascii_whitespace()).map_or(argument.len(), |at| inside + at);
        Some(argument[..end].to_string())
    };
    let parsed = path::parse(argument, syntax).map_err(|error| match error {
        PathError::Missing | PathError::Unbalanced => None,
        _ => illegal(),
    })?;
    let fits = match parsed.address.as_str() {
        "" => null_allowed && parsed.external == "<>",
        address => is_usable(address),
    };
    if fits { Ok(parsed) } else { Err(Some(parsed.external.to_string())) }
}

/// What trivial-rewrite(8) can resolve: a valid host name or address literal after the `@`.
fn is_usable(address: &str) -> bool {
    match address::split_domain(address) {
        (local, None) => !local.is_empty(),
        (_, Some(domain)) if domain.starts_with('[') => hostname::valid_mailhost_literal(domain),
        (_, Some(domain)) => {
            let domain = domain.strip_suffix('.').unwrap_or(domain);
            if domain.is_ascii() { hostname::valid_hostname(domain) } else { !domain.split('.').any(str::is_empty) }
        }
    }
}

/// An illegal address in the log: without smtputf8_enable each 8-bit byte is a question mark.
pub(crate) fn shown<'a>(address: &'a str, settings: &Settings) -> Cow<'a, str> {
    if settings.smtputf8 || address.is_ascii() {
        return address.into();
    }
    address.bytes().map(|byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect()
}

/// Order and syntax. A refusal after an illegal address carries the address, for the log.
pub(crate) fn check(
    session: &Session,
    settings: &Settings,
    discarded: EhloKeywords,
    argument: &str,
) -> Result<Request, (Reply, Option<String>)> {
    let refuse = |code, status, text: &str| Err((refusal(code, status, text), None));
    let Some(transaction) = &session.transaction else {
        return refuse(503, (5, 1), "Error: need MAIL command");
    };
    let Some(argument) = ::mail::command::path_argument(argument, "TO").filter(|a| !a.is_empty()) else {
        return refuse(501, (5, 4), "Syntax: RCPT TO:<address>");
    };
    let syntax =
        path::Syntax { strict: settings.strict_envelopes, smtputf8: settings.smtputf8 && transaction.smtputf8 };
    let bad = |illegal| (refusal(501, (1, 3), BAD_ADDRESS), illegal);
    let parsed = parse_path(argument, syntax, false).map_err(bad)?;
    if !settings.allow_min_user && parsed.address.starts_with('-') {
        return Err(bad(Some(parsed.external.to_string())));
    }
    let given = parsed.external.strip_prefix('<').and_then(|given| given.strip_suffix('>')).unwrap_or(parsed.external);
    let mut request = Request { recipient: parsed.address, given: given.to_string(), ..Request::default() };
    parameters(&mut request, discarded, parsed.rest).map_err(|reply| (reply, None))?;
    if settings.strict_smtputf8 && !transaction.smtputf8 && !request.recipient.is_ascii() {
        return refuse(553, (6, 7), "Must declare SMTPUTF8 to send unicode address");
    }
    Ok(request)
}

fn parameters(request: &mut Request, discarded: EhloKeywords, rest: &str) -> Result<(), Reply> {
    for parameter in rest.split_ascii_whitespace() {
        let unsupported = || refusal(555, (5, 4), &format!("Unsupported option: {parameter}"));
        let (name, value) = parameter.split_once('=').ok_or_else(unsupported)?;
        let notify = name.eq_ignore_ascii_case("NOTIFY");
        if !notify && !name.eq_ignore_ascii_case("ORCPT") {
            return Err(unsupported());
        }
        if discarded.contains(EhloKeywords::DSN) {
            return Err(refusal(501, (7, 1), "DSN support is disabled"));
        }
        // RFC 3461 sections 4.1 and 4.2: once each.
        let again = if notify { !request.notify_text.is_empty() } else { !request.original.is_empty() };
        let value = if again { "" } else { value };
        if notify {
            request.notify =
                notify_bits(value).ok_or_else(|| refusal(501, (5, 4), "Error: Bad NOTIFY parameter syntax"))?;
            request.notify_text = value.to_ascii_uppercase();
        } else {
            request.original =
                original(value).ok_or_else(|| refusal(501, (5, 4), "Error: Bad ORCPT parameter syntax"))?;
        }
    }
    Ok(())
}

/// RFC 3461 section 4.1: NEVER stands alone.
fn notify_bits(value: &str) -> Option<u8> {
    let mut bits = 0;
    for word in value.split(',') {
        bits |= match word.to_ascii_uppercase().as_str() {
            "NEVER" => 1,
            "SUCCESS" => 2,
            "FAILURE" => 4,
            "DELAY" => 8,
            _ => return None,
        };
    }
    (bits & 1 == 0 || bits == 1).then_some(bits)
}

/// RFC 3461 section 4.2: `type;xtext`; RFC 6533 section 3: another encoding under `utf-8`.
fn original(value: &str) -> Option<String> {
    let (kind, coded) = value.split_once(';')?;
    let decoded = match kind.eq_ignore_ascii_case("utf-8") {
        true => uxtext::decode(coded),
        false => xtext::decode(coded),
    };
    let decoded = decoded.ok()?;
    (!kind.is_empty() && !decoded.contains(|c: char| c.is_control())).then(|| format!("{kind};{decoded}"))
}

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if c.session.transaction.is_some() && c.chunks.begun {
        return c.fail(refusal(503, (5, 1), "Error: RCPT after BDAT")).await;
    }
    let request = match check(&c.session, &c.service.settings, c.discarded, argument) {
        Ok(request) => request,
        Err((reply, illegal)) => {
            if let Some(address) = illegal {
                let (label, address) = (&c.session.client.label, shown(&address, &c.service.settings));
                c.service.log.warning(format_args!("Illegal address syntax from {label} in RCPT command: {address}"));
            }
            return c.fail(reply).await;
        }
    };
    remark_on_utf8(c, "recipient", &request.recipient);
    if let Some(step) = over_limits(c).await? {
        return Ok(step);
    }
    let Request { mut recipient, given, original, notify_text, notify } = request;
    // The sender of our own probes is never refused, whoever writes to it: another server may be probing it back, and each
    // would take the other's refusal for that of an address.
    let probe_sender = c.service.services.addresses.probe_sender(&recipient).filter(|_| !c.session.stand_alone);
    let exempt = probe_sender.is_some();
    if let Some(address) = probe_sender {
        recipient = address;
    }
    let session = c.session_mut();
    let kept = session.recipient.replace(recipient.clone());
    session.recipient_options = (original.clone(), notify_text);
    let decision = if c.session.stand_alone || exempt { Decision::Go } else { c.evaluator(None).rcpt().await };
    let decision = if c.filters.is_some() { c.filter_rcpt(argument, decision).await } else { decision };
    let go = c.heed(decision).await?;
    // At DATA plugins see the first recipient accepted, when it is the only one.
    c.session_mut().recipient = kept;
    if !go {
        return Ok(Step::Failed);
    }
    if c.service.settings.proxy.is_some()
        && let Some(reply) = c.proxy_rcpt(&recipient, argument).await
    {
        return c.fail_by(ErrorClass::POLICY, reply).await;
    }
    let session = c.session_mut();
    session.recipient.get_or_insert_with(|| recipient.clone());
    c.open_message().await;
    if let Some(transaction) = &mut c.session_mut().transaction {
        // RFC 3461 section 5.2.1: without ORCPT the address in RCPT TO is the original one.
        let dsn_original = if original.is_empty() { format!("rfc822;{given}") } else { original };
        let accepted = EnvelopeRecipient { address: recipient, dsn_original, notify, ..Default::default() };
        transaction.recipients.push(accepted);
    }
    c.say("250 2.1.5 Ok").await?;
    Ok(Step::Done)
}

/// An address that another compatibility_level would have refused.
pub(crate) fn remark_on_utf8<S>(c: &Conversation<'_, S>, whose: &str, address: &str) {
    let settings = &c.service.settings;
    if settings.smtputf8_by_level && !address.is_ascii() {
        c.service.log.info(format_args!(
            "using backwards-compatible default setting smtputf8_enable=no to accept non-ASCII {whose} address \"{}\" from {}",
            shown(address, settings),
            c.session.client.label
        ));
    }
}

/// smtpd_client_recipient_rate_limit, smtpd_recipient_limit, smtpd_recipient_overshoot_limit.
async fn over_limits<S: AsyncRead + AsyncWrite + Unpin>(c: &mut Conversation<'_, S>) -> Result<Option<Step>, End> {
    let limits = &c.service.settings.client_limits;
    let rate = c.counting.as_ref().map_or(0, |counting| counting.count(Counted::Recipient));
    if limits.recipient_rate > 0 && rate > limits.recipient_rate && !c.xclient && !c.is_event_exception().await {
        let (label, service) = (&c.session.client.label, &c.service.settings.service);
        c.service
            .log
            .warning(format_args!("Recipient address rate limit exceeded: {rate} from {label} for service {service}"));
        let text = format!("Error: too many recipients from {}", c.session.client.address);
        return c.fail_by(ErrorClass::POLICY, refusal(450, (7, 1), &text)).await.map(Some);
    }
    let (limit, overshoot_limit) = (c.service.settings.recipient_limit, c.service.settings.recipient_overshoot_limit);
    let Some(transaction) = &mut c.session_mut().transaction else { return Ok(None) };
    if transaction.recipients.len() < limit {
        return Ok(None);
    }
    transaction.overshoot += 1;
    let counts = transaction.overshoot > overshoot_limit;
    c.reply(refusal(452, (5, 3), "Error: too many recipients")).await?;
    Ok(Some(if counts { Step::Failed } else { Step::Done }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notify_and_original() {
        assert_eq!(notify_bits("SUCCESS,delay"), Some(10));
        assert_eq!(notify_bits("NEVER"), Some(1));
        for bad in ["", "never,success", "x", "SUCCESS,"] {
            assert_eq!(notify_bits(bad), None, "{bad}");
        }
        assert_eq!(original("rfc822;a+2Bb@c"), Some("rfc822;a+b@c".to_string()));
        assert_eq!(original("UTF-8;\\x{E9}+41@c"), Some("UTF-8;\u{e9}+41@c".to_string()));
        for bad in ["", "x", ";a", "rfc822;+", "rfc822;+0A", "utf-8;\\x{0A}", "utf-8;\\x{}"] {
            assert_eq!(original(bad), None, "{bad}");
        }
    }

    #[test]
    fn usable_addresses() {
        for (address, usable) in [
            ("a", true),
            ("a@b_c", true),
            ("a@b.c.", true),
            ("a@[1.2.3.4]", true),
            ("a@[1.2.3]", false),
            ("a@b..c", false),
            ("a@", false),
            ("@", false),
            ("a@-b", false),
            ("a@é.example", true),
        ] {
            assert_eq!(is_usable(address), usable, "{address}");
        }
    }
}
