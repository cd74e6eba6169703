//! STARTTLS where smtpd_tls_security_level is empty.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal};
use crate::{chat::End, conversation::Conversation};

pub(crate) async fn run<S>(c: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if !argument.is_empty() {
        return c.fail(refusal(501, (5, 4), "Syntax: STARTTLS")).await;
    }
    c.fail(refusal(502, (5, 1), "Error: command not implemented")).await
}
