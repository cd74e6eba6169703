//! waxwing(1): the mail system and its admin commands, postfix(1), postconf(1), postmap(1), postqueue(1), postcat(1),
//! postsuper(1), sendmail(1), in one binary.
//!
//! What comes in: a command line. The first word names the command (`waxwing postconf -c DIR -n`), or the name the binary
//! is called by does (a link `postconf` to it). Options before the command word are -c DIR and -v.
//! What goes out: what the Postfix command of that name prints, and its exit status.
//!
//! `commands/` has one thin file a command. `wiring` is the only place where the daemons, the plugin host and the
//! configuration meet; `server` runs what it made and answers the commands' orders.
//!
//! The order of crates, and what each does, is drawn in docs/design.md.
//!
//! What it must never do: hold policy or mail logic of its own. Errors of all crates end here as `anyhow`, with what was
//! attempted; nothing below the binary uses it.
#![forbid(unsafe_code)]

mod commands;
mod compatibility;
mod default_plugins;
mod key_files;
mod maillog;
mod options;
mod parameters;
mod server;
mod store_view;
mod system;
mod told;
mod user_jobs;
mod verification;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os().map(|w| w.to_string_lossy().into_owned()).collect();
    let invocation = match commands::Invocation::parse(&words) {
        Ok(invocation) => invocation,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(1);
        }
    };
    match (invocation.command.run)(&invocation) {
        Ok(status) => ExitCode::from(status),
        // A reader that closed its end of a pipe has seen what it wanted.
        Err(error) if told::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: fatal: {}", invocation.name, told::told(&error));
            ExitCode::from(1)
        }
    }
}
