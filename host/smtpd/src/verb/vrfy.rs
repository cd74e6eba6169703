//! VRFY: RFC 5321 section 4.1.1.6. It says what RCPT TO would, and otherwise 252.

use ::mail::path;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, rcpt, refusal};
use crate::{chat::End, conversation::Conversation, transcript::ErrorClass};

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let settings = &c.service.settings;
    if settings.disable_vrfy {
        return c.fail_by(ErrorClass::POLICY, refusal(502, (5, 1), "VRFY command is disabled")).await;
    }
    if let Some(reply) = c.filter_other(true).filter(|_| !argument.is_empty()) {
        return c.fail_by(ErrorClass::POLICY, reply).await;
    }
    // RFC 6531 section 3.7.4.2: the parameter of VRFY.
    let words: Vec<_> = argument.split_ascii_whitespace().collect();
    let mut declared = false;
    let address = match words.as_slice() {
        [] => {
            let option = if settings.smtputf8 { " [SMTPUTF8]" } else { "" };
            return c.fail(refusal(501, (5, 4), &format!("Syntax: VRFY address{option}"))).await;
        }
        [front @ .., last] if !front.is_empty() && settings.smtputf8 && last.eq_ignore_ascii_case("SMTPUTF8") => {
            declared = true;
            front.join(" ")
        }
        all => all.join(" "),
    };
    // Without brackets a space ends the address; Postfix takes a lone word as it is.
    let text = if words.len() == 1 && address.starts_with('<') && !address.ends_with('>') {
        address.trim_start_matches('<').to_string()
    } else {
        address.clone()
    };
    let syntax = path::Syntax { strict: false, smtputf8: declared };
    let recipient = match rcpt::parse_path(&text, syntax, false) {
        Ok(parsed) if parsed.rest.is_empty() => parsed.address,
        _ => {
            let (label, address) = (&c.session.client.label, rcpt::shown(&address, settings));
            c.service.log.warning(format_args!("Illegal address syntax from {label} in VRFY command: {address}"));
            return c.fail(refusal(501, (1, 3), "Bad recipient address syntax")).await;
        }
    };
    let kept = c.session_mut().recipient.replace(recipient);
    let decision = if c.session.stand_alone { crate::restrict::Decision::Go } else { c.evaluator(None).rcpt().await };
    let go = c.heed(decision).await?;
    c.session_mut().recipient = kept;
    if !go {
        return Ok(Step::Failed);
    }
    c.say(&format!("252 2.0.0 {address}")).await?;
    Ok(Step::Done)
}
