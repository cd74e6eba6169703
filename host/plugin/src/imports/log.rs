//! `log`: the one interface that always answers.

use hook::{Level, LogLine};

use crate::{
    bindings::waxwing::plugin::log,
    state::{Phase, State, log_text},
};

impl log::Host for State {
    fn write(&mut self, level: log::Level, text: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warning => Level::Warning,
            log::Level::Error => Level::Error,
        };
        self.log_line(LogLine::Write { level, text: log_text(&text) });
        Ok(())
    }

    fn info_action(&mut self, text: String) -> wasmtime::Result<()> {
        self.action(LogLine::Info(log_text(&text)))
    }

    fn warn_action(&mut self, text: String) -> wasmtime::Result<()> {
        self.action(LogLine::Warn(log_text(&text)))
    }
}

impl State {
    /// INFO and WARN name client, sender and recipient, so they need a call.
    fn action(&mut self, line: LogLine) -> wasmtime::Result<()> {
        if self.phase == Phase::Call {
            self.current()?;
        }
        self.needs("log.info-action", false)?;
        self.log_line(line);
        Ok(())
    }
}
