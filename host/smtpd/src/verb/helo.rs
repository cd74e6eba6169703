//! HELO and EHLO: RFC 5321 section 4.1.1.1, with the list of what this server can do.

use hook::Inputs;
use mail::Reply;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Step;
use crate::{
    chat::{End, printable},
    conversation::Conversation,
    ehlo_keywords::EhloKeywords,
    transcript::ErrorClass,
};

/// The name: all words of the argument.
pub(crate) fn check(argument: &str, esmtp: bool) -> Result<String, Reply> {
    if argument.is_empty() {
        let verb = if esmtp { "EHLO" } else { "HELO" };
        return Err(Reply::plain(501, &format!("Syntax: {verb} hostname")));
    }
    let words: Vec<_> = argument.split_ascii_whitespace().collect();
    Ok(printable(&words.join(" ")))
}

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str, esmtp: bool) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = match check(argument, esmtp) {
        Ok(name) => name,
        Err(reply) => return c.fail(reply).await,
    };
    c.turn_page(None).await;
    // RFC 5321 section 4.1.4: EHLO also does what RSET does. A refused name is forgotten, as in Postfix.
    c.end_transaction();
    let changed = c.session.helo.as_deref() != Some(name.as_str());
    c.session_mut().helo = Some(name);
    if changed {
        c.reuse.changed(Inputs::HELO);
    }
    if !c.session.stand_alone {
        // The restrictions of HELO see the protocol the client used before it, and so does their log line.
        let decision = c.evaluator(None).helo().await;
        if !c.heed(decision).await? {
            c.session_mut().helo = None;
            c.reuse.changed(Inputs::HELO);
            return Ok(Step::Failed);
        }
    }
    if c.filters.is_some()
        && let Some(reply) = c.filter_helo().await
    {
        c.session_mut().helo = None;
        c.reuse.changed(Inputs::HELO);
        return c.fail_by(ErrorClass::POLICY, reply).await;
    }
    if esmtp && !c.session.esmtp {
        // A HELO after it takes nothing back, as in Postfix.
        c.session_mut().esmtp = true;
        c.reuse.changed(Inputs::HELO);
    }
    if esmtp {
        offer(c).await?;
    } else {
        let service = c.service;
        c.say(&format!("250 {}", service.settings.hostname)).await?;
    }
    Ok(Step::Done)
}

/// The EHLO reply, in Postfix's order.
async fn offer<S: AsyncRead + AsyncWrite + Unpin>(c: &mut Conversation<'_, S>) -> Result<(), End> {
    let settings = &c.service.settings;
    let starttls = settings.tls.offered && c.session.tls.is_none() && !c.session.stand_alone;
    let mut auth = [String::new(), String::new()];
    if let (Some(sasl), Some(offer)) = (&c.service.sasl, &c.sasl)
        && !sasl.is_exception(&c.session.client.name, &c.session.client.address).await
    {
        auth[0] = format!("AUTH {}", offer.text);
        auth[1] = if sasl.old_offer { format!("AUTH={}", offer.text) } else { String::new() };
    }
    let (xclient, xforward) = (c.xclient, c.xforward);
    let size = match settings.message_size_limit {
        0 => "SIZE".to_string(),
        limit => format!("SIZE {limit}"),
    };
    let offers = [
        (EhloKeywords::PIPELINING, true, "PIPELINING"),
        (EhloKeywords::SIZE, true, &size),
        (EhloKeywords::VRFY, !settings.disable_vrfy, "VRFY"),
        (EhloKeywords::ETRN, true, "ETRN"),
        (EhloKeywords::STARTTLS, starttls, "STARTTLS"),
        (EhloKeywords::AUTH, !auth[0].is_empty(), &auth[0]),
        (EhloKeywords::AUTH, !auth[1].is_empty(), &auth[1]),
        (EhloKeywords::XCLIENT, xclient, "XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT"),
        (EhloKeywords::XFORWARD, xforward, "XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT"),
        (EhloKeywords::ENHANCED_STATUS_CODES, true, "ENHANCEDSTATUSCODES"),
        (EhloKeywords::EIGHT_BIT_MIME, true, "8BITMIME"),
        (EhloKeywords::DSN, true, "DSN"),
        (EhloKeywords::SMTPUTF8, settings.smtputf8, "SMTPUTF8"),
        (EhloKeywords::CHUNKING, true, "CHUNKING"),
    ];
    // A client that filters refused learns of nothing it could use.
    let refused = c.filter_other(true).is_some_and(|reply| reply.code >= 500);
    let discarded = c.discarded;
    let named = discarded - EhloKeywords::SILENT;
    if !named.is_empty() && !discarded.contains(EhloKeywords::SILENT) {
        c.service.log.info(format_args!("discarding EHLO keywords: {}", named.names()));
    }
    let mut lines: Vec<&str> = vec![&settings.hostname];
    lines.extend(
        offers
            .iter()
            .filter(|(flag, on, _)| {
                *on && !discarded.contains(*flag) && (!refused || *flag == EhloKeywords::ENHANCED_STATUS_CODES)
            })
            .map(|(_, _, line)| *line),
    );
    let last = lines.len() - 1;
    let mut text = String::with_capacity(320);
    for (number, line) in lines.iter().enumerate() {
        text.push_str(if number == last { "250 " } else { "250-" });
        text.push_str(line);
        if number != last {
            text.push_str("\r\n");
        }
    }
    c.say(&text).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(check("a  b\x07", true), Ok("a b?".to_string()));
        assert_eq!(check("", false).map_err(|r| r.log_text()), Err("501 Syntax: HELO hostname".to_string()));
    }
}
