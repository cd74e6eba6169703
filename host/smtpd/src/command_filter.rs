//! smtpd_command_filter: a table that replaces what clients say before it is read as a command.

use hook::SearchOrder;
use mail::Status;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    chat::{End, printable},
    conversation::Conversation,
};

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S> {
    /// Puts what the table says in the place of the line. False: the table failed, and the session ends, since the line
    /// may be what the table is there to keep away.
    pub async fn filter_command(&mut self) -> Result<bool, End> {
        let (service, table) = (self.service, &self.service.settings.command_filter);
        let line = String::from_utf8_lossy(&self.command).into_owned();
        let key = line.trim_start_matches([' ', '\t']);
        let label = &self.session.client.label;
        match service.services.tables.find(SearchOrder::Exact, table, key).wait().await {
            Ok(None) => Ok(true),
            Ok(Some(found)) => {
                let (before, after) = (printable(&line), &found.value);
                service.log.info(format_args!("{label}: replacing command \"{before:.100}\" with \"{after:.100}\""));
                self.command = found.value.as_bytes().to_vec();
                Ok(true)
            }
            Err(error) => {
                service.log.warning(format_args!("{label}: {table}: {error}"));
                self.close_with(Status::temporary(3, 0), "Server local error").await?;
                self.hangup = true;
                Ok(false)
            }
        }
    }
}
