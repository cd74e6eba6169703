//! postmap(1): looking keys up (-q), listing a table (-s), checking its source. hash, btree and dbm tables are read from their text,
//! so there is nothing to build.

use std::{io::BufRead, sync::Arc};

use anyhow::{Result, bail};
use config::{
    Config,
    parameters::{ALIAS_DATABASE, ALIAS_MAPS, DEFAULT_DATABASE_TYPE, SMTPUTF8_ENABLE},
};
use dict::{Environment, Opener};

use super::Invocation;
use crate::{
    options::Options,
    system::{SystemClock, SystemRandomness},
};

pub fn run(invocation: &Invocation) -> Result<u8> {
    // What concerns the .db file (-N, -n, -o, -p, -u, -w, -r …) is accepted: there is none.
    let options = Options::parse("bc:d:fhimNnopq:rsuUvwF", &invocation.words)?;
    let config = invocation.config(options.value('c'))?;
    let mut opener = opener(invocation, &config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let titled = |operand: &str| match operand.contains(':') {
        true => operand.to_string(),
        false => format!("{}:{operand}", config.get(&DEFAULT_DATABASE_TYPE)),
    };
    if options.operands.is_empty() {
        bail!("usage: postmap [-c config_dir] [-f] [-q key | -s] [map_type:]file...");
    }
    if let Some(key) = options.value('d') {
        bail!("-d {key}: tables are read from their text; take the line out of the file instead");
    }
    if options.has('s') {
        for operand in &options.operands {
            for (key, value) in dict::sequence(&mut opener, &titled(operand))? {
                println!("{key}\t{value}");
            }
        }
        return Ok(0);
    }
    let Some(key) = options.value('q') else {
        // As far as a build goes here: the source is read, and what is wrong in it is told with file and line.
        for operand in &options.operands {
            opener.open(&titled(operand), dict::Options::default())?;
        }
        return Ok(0);
    };
    let keys: Vec<String> = match key {
        "-" => std::io::stdin().lock().lines().collect::<Result<_, _>>()?,
        key => vec![key.to_string()],
    };
    let mut found = false;
    for asked in &keys {
        for operand in &options.operands {
            let value = runtime.block_on(dict::query(&mut opener, &titled(operand), asked, !options.has('f')))?;
            if let Some(value) = value {
                found = true;
                // Many keys: each with its value, as postmap prints them.
                if key == "-" {
                    println!("{asked}\t{value}")
                } else {
                    println!("{value}")
                }
                break;
            }
        }
    }
    Ok(u8::from(!found))
}

fn opener(invocation: &Invocation, config: &Config) -> Result<Opener> {
    let name = invocation.name.clone();
    let mut opener = Opener::new(Environment {
        clock: Arc::new(SystemClock::start()),
        randomness: Arc::new(SystemRandomness::open()?),
        warn: Arc::new(move |text| eprintln!("{name}: warning: {text}")),
        utf8: config.get(&SMTPUTF8_ENABLE),
        plugin_tables: None,
    });
    opener.aliases_in(&config.get(&ALIAS_MAPS));
    opener.aliases_in(&config.get(&ALIAS_DATABASE));
    Ok(opener)
}
