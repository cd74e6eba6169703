//! What is no command: smtpd_forbidden_commands, and mail headers from a client that lost the thread.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Step, refusal};
use crate::{
    chat::{End, escaped},
    conversation::Conversation,
};

pub(crate) async fn run<S>(
    c: &mut Conversation<'_, S>,
    line: &str,
    name: &str,
    access_denied: bool,
) -> Result<Step, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    c.session_mut().place = "UNKNOWN";
    let header = ::mail::header::name_length(name.as_bytes()).is_some();
    let forbidden = header
        || c.service.settings.has_forbidden_commands && c.service.lists_word("smtpd_forbidden_commands", name).await;
    if forbidden {
        let label = &c.session.client.label;
        c.service.log.warning(format_args!("non-SMTP command from {label}: {}", escaped(line.as_bytes(), 100)));
        c.say("221 2.7.0 Error: I can break rules, too. Goodbye.").await?;
        return Ok(Step::Quit);
    }
    if access_denied {
        c.deny_access().await?;
        return Ok(Step::Failed);
    }
    let filtered = c.filter_unknown(name).await;
    c.fail(filtered.unwrap_or_else(|| refusal(500, (5, 2), "Error: command not recognized"))).await
}
