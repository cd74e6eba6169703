//! DATA: RFC 5321 section 4.1.1.4. The content goes to cleanup piece by piece as it comes in.

use ::mail::Reply;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal};
use crate::{
    Session,
    chat::End,
    content::{ContentReader, Piece},
    conversation::Conversation,
    restrict::Decision,
    settings::BareNewline,
    transcript::{ErrorClass, class_of_refused_content},
};

/// Order and syntax.
pub(crate) fn check(session: &Session, argument: &str) -> Result<(), Reply> {
    let recipients = session.transaction.as_ref().map(|t| t.recipients.len());
    match recipients {
        None => Err(refusal(503, (5, 1), "Error: need RCPT command")),
        // RFC 5321 section 3.3: a client that pipelined DATA behind refused recipients.
        Some(0) => Err(refusal(554, (5, 1), "Error: no valid recipients")),
        Some(_) if !argument.is_empty() => Err(refusal(501, (5, 4), "Syntax: DATA")),
        Some(_) => Ok(()),
    }
}

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if c.chunks.begun {
        return c.fail(refusal(503, (5, 1), "Error: DATA after BDAT")).await;
    }
    if let Err(reply) = check(&c.session, argument) {
        return c.fail(reply).await;
    }
    let decision = restrictions(c).await;
    if !c.heed(decision).await? {
        return Ok(Step::Failed);
    }
    if let Some(reply) = c.proxy_command("DATA", '3').await {
        return c.fail_by(ErrorClass::POLICY, reply).await;
    }
    let mut trouble = c.write_trace().await.err();
    c.say("354 End data with <CR><LF>.<CR><LF>").await?;
    c.content_bytes = Some(0);
    let (size, bare_newline) = receive(c, &mut trouble).await?;
    let step = content_is_in(c, size, bare_newline, trouble, "").await?;
    c.turn_page(None).await;
    Ok(step)
}

/// The end of DATA, and of the last BDAT: what it came to. `extra` stands in the reply before the queue id.
pub(crate) async fn content_is_in<S: AsyncRead + AsyncWrite + Unpin>(
    c: &mut Conversation<'_, S>,
    size: u64,
    bare_newline: bool,
    trouble: Option<cleanup::CleanupError>,
    extra: &str,
) -> Result<Step, End> {
    let limit = c.service.settings.message_size_limit;
    if limit > 0 && size > limit {
        return too_big(c).await;
    }
    if bare_newline && c.bare_newline == BareNewline::Reject {
        c.content_bytes = None;
        c.session_mut().place = super::END_OF_MESSAGE;
        c.refuse_bare_newline().await?;
        c.end_transaction();
        return Ok(Step::Failed);
    }
    if let Some(error) = trouble {
        let step = c.fail_by(class_of_refused_content(&error), error.reply()).await;
        c.end_transaction();
        return step;
    }
    c.finish_message(size, extra).await
}

/// smtpd_data_restrictions: with more than one recipient they are told of none.
pub(crate) async fn restrictions<S: AsyncRead + AsyncWrite + Unpin>(c: &mut Conversation<'_, S>) -> Decision {
    if c.session.transaction.as_ref().is_some_and(|t| t.recipients.len() > 1) {
        c.session_mut().recipient = None;
    }
    let decision = match c.session.stand_alone || c.service.lists.data.items.is_empty() {
        true => Decision::Go,
        false => c.evaluator(None).data().await,
    };
    if decision == Decision::Go && c.filters.is_some() { c.filter_data().await } else { decision }
}

/// What is larger than message_size_limit.
async fn too_big<S: AsyncRead + AsyncWrite + Unpin>(c: &mut Conversation<'_, S>) -> Result<Step, End> {
    c.content_bytes = None;
    c.session_mut().place = super::END_OF_MESSAGE;
    c.service.log.warning(format_args!("{}: queue file size limit exceeded", c.session.id()));
    let step = c.fail_by(ErrorClass::BOUNCE, refusal(552, (3, 4), "Error: message file too big")).await;
    c.end_transaction();
    step
}

/// Reads to the end of the message. What is too big, or what the queue does not take, is read and dropped. Gives the size
/// and whether there were line ends without CR.
async fn receive<S: AsyncRead + AsyncWrite + Unpin>(
    c: &mut Conversation<'_, S>,
    trouble: &mut Option<cleanup::CleanupError>,
) -> Result<(u64, bool), End> {
    let limit = c.service.settings.message_size_limit;
    let mut reader = ContentReader::new(c.bare_newline == BareNewline::Allow);
    let mut size = 0;
    let mut used = 0;
    loop {
        c.line.consume(used);
        let input = c.line.fill(&mut c.deadline).await?;
        let (piece, text) = match reader.data(input) {
            Piece::Text(len) => (len, &input[..len]),
            Piece::LineEnd(len) => (len, &b"\r\n"[..]),
            Piece::Skip(len) => (len, &b""[..]),
            Piece::End(len) => {
                c.line.consume(len);
                return Ok((size, reader.bare_newline));
            }
            Piece::More => {
                used = 0;
                c.line.fill_more(&mut c.deadline).await?;
                continue;
            }
        };
        used = piece;
        size += text.len() as u64;
        c.content_bytes = Some(size);
        if limit > 0 && size > limit {
            // No room is held for what will be refused.
            c.incoming = None;
        }
        if let Some(proxy) = c.proxy.as_mut().filter(|proxy| !proxy.failed) {
            // The rest of too big a message is read, and the connection closed without an end of data.
            let too_big = limit > 0 && size > limit;
            if too_big || proxy.content(text).await.is_err() {
                proxy.failed = true;
            }
        }
        if let (Some(incoming), None, false) = (&mut c.incoming, &trouble, text.is_empty()) {
            *trouble = incoming.write(text).await.err();
        }
    }
}
