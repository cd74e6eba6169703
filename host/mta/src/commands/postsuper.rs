//! postsuper(1): delete (-d), hold (-h), release (-H), requeue (-r), expire (-e, -f) by queue id or ALL.

use std::io::BufRead;

use anyhow::{Context, Result, bail};
use config::parameters::QUEUE_DIRECTORY;
use queue::{QueueId, Which};

use super::Invocation;
use crate::options::Options;

/// What is logged for one message, and before the count of all.
const WORDS: [(char, &str, &str); 6] = [
    ('d', "removed", "Deleted"),
    ('e', "expired", "Expired"),
    ('f', "expired", "Expired"),
    ('h', "placed on hold", "Placed on hold"),
    ('H', "released from hold", "Released from hold"),
    ('r', "requeued", "Requeued"),
];

pub fn run(invocation: &Invocation) -> Result<u8> {
    let options = Options::parse("c:d:e:f:h:H:psSr:v", &invocation.words)?;
    let config = invocation.config(options.value('c'))?;
    let queue_directory = config.get(&QUEUE_DIRECTORY);
    let mut nothing = true;
    for (letter, one, all) in WORDS {
        let mut ids = Vec::new();
        for id in options.values(letter) {
            nothing = false;
            if id == "-" {
                ids.extend(std::io::stdin().lock().lines().collect::<Result<Vec<_>, _>>()?);
            } else {
                ids.push(id.to_string());
            }
        }
        if options.values(letter).next().is_none() {
            continue;
        }
        let mut done = 0;
        for id in ids.iter().map(|id| id.trim()).filter(|id| !id.is_empty()) {
            if id != "ALL" && id.parse::<QueueId>().is_err() {
                eprintln!("{}: warning: invalid mail queue id: {id}", invocation.name);
                continue;
            }
            for changed in change(queue_directory.as_ref(), letter, id, &options.operands)? {
                done += 1;
                if id != "ALL" {
                    eprintln!("{}: {changed}: {one}", invocation.name);
                }
            }
        }
        eprintln!("{}: {all}: {done} message{}", invocation.name, if done == 1 { "" } else { "s" });
    }
    // -p and -s repair and purge Postfix's directories; the server does both by itself when it starts.
    if nothing && !options.has('p') && !options.has('s') {
        bail!("usage: postsuper [-c config_dir] [-d|-e|-f|-h|-H|-r queue_id|ALL|-] [-psS] [queue ...]");
    }
    Ok(0)
}

/// Through the running server, or in its absence on the files. Gives the ids of the messages changed.
fn change(queue_directory: &std::path::Path, letter: char, id: &str, queues: &[String]) -> Result<Vec<String>> {
    let mut words = vec!["postsuper".to_string(), letter.to_string(), id.to_string()];
    words.extend(queues.iter().cloned());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut lines = Vec::new();
    match master::control::ask(queue_directory, &words, b"", |line| lines.push(line))? {
        Some(0) => return Ok(lines),
        Some(_) => bail!("{}", lines.join(" ")),
        None => {}
    }
    let randomness = std::sync::Arc::new(crate::system::SystemRandomness::open().context("/dev/urandom")?);
    let settings = queue::Settings::new(queue_directory, randomness);
    let which = if id == "ALL" { Which::All } else { Which::Id(id.parse().context("queue id")?) };
    let queues = queues.iter().map(|q| q.parse()).collect::<Result<Vec<_>, _>>().context("queue name")?;
    let changed = match letter {
        'd' => queue::offline::delete(settings, &which, &queues),
        'h' => queue::offline::hold(settings, &which, &queues),
        'H' => queue::offline::release(settings, &which, std::time::SystemTime::now()),
        'r' => queue::offline::requeue(settings, &which, &queues),
        _ => bail!("-{letter} needs the running mail system: it returns mail to its sender"),
    };
    Ok(changed?.iter().map(ToString::to_string).collect())
}
