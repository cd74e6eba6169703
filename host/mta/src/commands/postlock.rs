//! postlock(1): runs a command while a mailbox is locked as the mail system locks it.

use std::{
    path::Path,
    process::{Command, ExitStatus},
    time::SystemTime,
};

use anyhow::{Context, Result, anyhow};
use delivery::mailbox::{Exclusive, Locking};

use super::Invocation;
use crate::{options::Options, told::told};

const USAGE: &str = "usage: postlock [-c config_dir] [-l lock_style] [-v] folder command...";
/// sysexits.h: what postlock could not do itself, the caller may try later.
const EX_TEMPFAIL: u8 = 75;

pub fn run(invocation: &Invocation) -> Result<u8> {
    let (lock, mut command) = match locked(invocation) {
        Ok(locked) => locked,
        Err(error) => {
            eprintln!("{}: fatal: {}", invocation.name, told(&error));
            return Ok(EX_TEMPFAIL);
        }
    };
    let name = command.get_program().to_string_lossy().into_owned();
    let ended = command.status().map_err(|error| {
        let number = error.raw_os_error().unwrap_or_default();
        anyhow!("execvp {name}: {}", nix::errno::Errno::from_raw(number).desc())
    });
    drop(lock);
    Ok(status(ended?))
}

fn locked(invocation: &Invocation) -> Result<(Exclusive, Command)> {
    let options = Options::parse("c:l:v", &invocation.words).map_err(|error| {
        eprintln!("{}: {error}", invocation.name);
        anyhow!(USAGE)
    })?;
    let [folder, program, arguments @ ..] = options.operands.as_slice() else {
        return Err(anyhow!(USAGE));
    };
    let config = invocation.config(options.value('c'))?;
    let methods = &delivery::local::parameters::MAILBOX_DELIVERY_LOCK;
    let locking = match options.value('l') {
        Some(style) => Locking::from_config(&config.with_overrides(&[(methods.name.into(), style.into())]), methods),
        None => Locking::from_config(&config, methods),
    };
    let locking = locking.map_err(|error| match error {
        delivery::DeliveryError::Configuration { parameter, value, .. } => {
            let all = options.value('l').map_or_else(|| config.text(parameter).unwrap_or_default(), str::to_string);
            anyhow!("unknown {parameter} value \"{value}\" in \"{all}\"")
        }
        other => other.into(),
    })?;
    let lock = Exclusive::lock(Path::new(folder), &locking, SystemTime::now())
        .map_err(|error| anyhow!("{}", error.text))
        .with_context(|| format!("open file {folder}"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok((lock, command))
}

/// The command's own exit status; 1 when a signal ended it.
fn status(ended: ExitStatus) -> u8 {
    ended.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
