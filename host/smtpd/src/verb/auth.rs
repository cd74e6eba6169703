//! AUTH where smtpd_sasl_auth_enable = no.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal};
use crate::{chat::End, conversation::Conversation};

pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(c: &mut Conversation<'_, S>) -> Result<Step, End> {
    if c.service.settings.helo_required && c.session.helo.is_none() {
        return c.fail(refusal(503, (5, 1), "Error: send HELO/EHLO first")).await;
    }
    c.fail(refusal(503, (5, 1), "Error: authentication not enabled")).await
}
