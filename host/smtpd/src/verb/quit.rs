//! QUIT: RFC 5321 section 4.1.1.10.

use tokio::io::{AsyncRead, AsyncWrite};

use super::Step;
use crate::{chat::End, conversation::Conversation};

pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(c: &mut Conversation<'_, S>) -> Result<Step, End> {
    c.say("221 2.0.0 Bye").await?;
    Ok(Step::Quit)
}
