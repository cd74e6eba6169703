//! RSET: RFC 5321 section 4.1.1.5.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal};
use crate::{chat::End, conversation::Conversation};

pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    c: &mut Conversation<'_, S>,
    argument: &str,
) -> Result<Step, End> {
    if !argument.is_empty() {
        return c.fail(refusal(501, (5, 4), "Syntax: RSET")).await;
    }
    c.turn_page(None).await;
    c.end_transaction();
    c.say("250 2.0.0 Ok").await?;
    Ok(Step::Done)
}
