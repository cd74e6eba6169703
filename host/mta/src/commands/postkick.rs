//! postkick(1): a request to a service of the running mail system, by the names of Postfix's trigger sockets.

use anyhow::{Result, bail};
use config::parameters::QUEUE_DIRECTORY;

use super::Invocation;
use crate::options::Options;

pub fn run(invocation: &Invocation) -> Result<u8> {
    let options = Options::parse("c:v", &invocation.words)?;
    let [class, service, request] = options.operands.as_slice() else {
        bail!("usage: postkick [-c config_dir] [-v] class service request");
    };
    let config = invocation.config(options.value('c'))?;
    let words = ["kick", class, service, request];
    let mut lines = Vec::new();
    match master::control::ask(config.get(&QUEUE_DIRECTORY).as_ref(), &words, b"", |line| lines.push(line))? {
        Some(0) => Ok(0),
        told => {
            lines.iter().for_each(|line| eprintln!("postkick: warning: {line}"));
            let down = if told.is_none() { " - perhaps the mail system is down" } else { "" };
            eprintln!("postkick: warning: Cannot contact class {class} service {service}{down}");
            Ok(1)
        }
    }
}
