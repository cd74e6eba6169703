//! BDAT: RFC 3030, without BINARYMIME.

use ::mail::Reply;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, data, refusal};
use crate::{
    chat::{End, escaped},
    content::{ContentReader, Piece},
    conversation::Conversation,
    ehlo_keywords::EhloKeywords,
    transcript::ErrorClass,
};

/// The chunks of the message in progress.
#[derive(Default)]
pub(crate) struct Chunks {
    /// There was a good one, and more are to come.
    pub begun: bool,
    /// One was refused: those that follow are thrown away.
    pub failed: bool,
    reader: Option<ContentReader>,
    size: u64,
    trouble: Option<cleanup::CleanupError>,
}

/// `count [LAST]`.
pub(crate) fn check(argument: &str) -> Option<(u64, bool)> {
    let mut words = argument.split_ascii_whitespace();
    let (count, last) = (words.next()?, words.next());
    let last = match last {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return None,
    };
    let good = words.next().is_none() && count.bytes().all(|b| b.is_ascii_digit());
    let count = count.parse().ok().filter(|count| i64::try_from(*count).is_ok())?;
    good.then_some((count, last))
}

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if c.discarded.contains(EhloKeywords::CHUNKING) {
        // What follows is content: there is no going on.
        return c.fail(refusal(521, (5, 1), "Error: command not implemented")).await;
    }
    let label = c.session.client.label.clone();
    let Some((count, last)) = check(argument) else {
        let text = escaped(format!("BDAT {argument}").trim_end().as_bytes(), 100);
        c.service.log.warning(format_args!("{}: malformed BDAT command syntax from {label}: {text}", c.session.id()));
        return c.fail(refusal(521, (5, 4), "Syntax: BDAT count [LAST]")).await;
    };
    if c.chunks.failed {
        let text = format!("Discarded {count} bytes after earlier error");
        return refuse(c, count, last, ErrorClass::PROTOCOL, refusal(551, (0, 0), &text)).await;
    }
    if !c.chunks.begun
        && let Err(reply) = data::check(&c.session, "")
    {
        return refuse(c, count, last, ErrorClass::PROTOCOL, reply).await;
    }
    if count == 0 && !last {
        c.service.log.warning(format_args!("{}: null BDAT request from {label}", c.session.id()));
        return refuse(c, count, last, ErrorClass::PROTOCOL, refusal(551, (7, 1), "Null BDAT request")).await;
    }
    let limit = c.service.settings.message_size_limit;
    if limit > 0 && count > limit.saturating_sub(c.chunks.size) {
        c.service.log.warning(format_args!("{}: BDAT request from {label} exceeds message size limit", c.session.id()));
        let reply = refusal(552, (3, 4), "Chunk exceeds message size limit");
        return refuse(c, count, last, ErrorClass::POLICY, reply).await;
    }
    if !c.chunks.begun {
        match data::restrictions(c).await {
            crate::restrict::Decision::Go => {}
            crate::restrict::Decision::Refuse(reply) => {
                let class = c.transcript.cause();
                return refuse(c, count, last, class, reply).await;
            }
            crate::restrict::Decision::Hangup => return Err(End::Hangup),
        }
        if let Some(reply) = c.proxy_command("DATA", '3').await {
            return refuse(c, count, last, ErrorClass::POLICY, reply).await;
        }
        c.chunks.begun = true;
        c.chunks.reader = Some(ContentReader::new(false));
        c.chunks.trouble = c.write_trace().await.err();
    }
    receive(c, count).await?;
    if last {
        return finish(c).await;
    }
    c.say(&format!("250 2.0.0 Ok: {count} bytes")).await?;
    Ok(Step::Done)
}

/// Throws the chunk away and refuses it.
async fn refuse<S>(
    c: &mut Conversation<'_, S>,
    count: u64,
    last: bool,
    class: ErrorClass,
    reply: Reply,
) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut left = count;
    while left > 0 {
        let some = c.line.fill(&mut c.deadline).await?.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        c.line.consume(some);
        left -= some as u64;
    }
    // The message is lost; commands of its transaction are answered as if it never was.
    c.end_transaction();
    c.chunks.failed = !last;
    c.fail_by(class, reply).await
}

/// Hands one chunk to cleanup.
async fn receive<S: AsyncRead + AsyncWrite + Unpin>(c: &mut Conversation<'_, S>, count: u64) -> Result<(), End> {
    let mut left = count;
    c.content_bytes = Some(c.chunks.size);
    while left > 0 {
        let buffered = c.line.fill(&mut c.deadline).await?;
        let input = &buffered[..buffered.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
        let Some(reader) = &mut c.chunks.reader else { break };
        let (used, text) = match reader.chunk(input) {
            Piece::Text(len) => (len, &input[..len]),
            Piece::LineEnd(len) => (len, &b"\r\n"[..]),
            // Chunks have no dots to take away and no end but their count.
            Piece::Skip(len) | Piece::End(len) => (len, &b""[..]),
            Piece::More => (input.len(), input),
        };
        c.chunks.size += text.len() as u64;
        c.content_bytes = Some(c.chunks.size);
        if let Some(proxy) = c.proxy.as_mut().filter(|proxy| !proxy.failed) {
            proxy.failed = proxy.content(text).await.is_err();
        }
        if let (Some(incoming), None) = (&mut c.incoming, &c.chunks.trouble) {
            c.chunks.trouble = incoming.write(text).await.err();
        }
        c.line.consume(used);
        left -= used as u64;
    }
    Ok(())
}

/// The last chunk is in.
async fn finish<S: AsyncRead + AsyncWrite + Unpin>(c: &mut Conversation<'_, S>) -> Result<Step, End> {
    let closing = c.chunks.reader.as_ref().map_or(&b""[..], ContentReader::closing);
    c.proxy_content(closing).await;
    if let (Some(incoming), None) = (&mut c.incoming, &c.chunks.trouble) {
        c.chunks.trouble = incoming.write(closing).await.err();
    }
    c.chunks.size += closing.len() as u64;
    let size = c.chunks.size;
    let bare_newline = c.chunks.reader.as_ref().is_some_and(|r| r.bare_newline);
    let trouble = c.chunks.trouble.take();
    let step = data::content_is_in(c, size, bare_newline, trouble, &format!("{size} bytes ")).await?;
    c.turn_page(None).await;
    Ok(step)
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts() {
        assert_eq!(super::check("5"), Some((5, false)));
        assert_eq!(super::check("0 last"), Some((0, true)));
        for bad in ["", "x", "-5", "1x", "5 FOO", "5 LAST x", "99999999999999999999"] {
            assert_eq!(super::check(bad), None, "{bad:?}");
        }
    }
}
