//! postmap(1) and postalias(1): making, changing and asking lookup tables.

mod lookup;
mod source;

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, bail};
use config::{
    Config,
    parameters::{ALIAS_DATABASE, ALIAS_MAPS, DEFAULT_DATABASE_TYPE, MYHOSTNAME, SMTPUTF8_ENABLE},
};
use dict::{Duplicates, Environment, Format, Opener, Writing, parameters::LMDB_MAP_SIZE};

use super::Invocation;
use crate::{
    options::Options,
    system::{SystemClock, SystemRandomness},
};

/// What the two commands differ in.
struct Tool {
    letters: &'static str,
    usage: &'static str,
    format: Format,
}

const POSTMAP: Tool = Tool {
    letters: "bc:d:fFhimnNopq:rsuUvw",
    usage: "usage: postmap [-bfFhimnNoprsuUvw] [-c config_dir] [-d key] [-q key] [map_type:]file...",
    format: Format::Postmap,
};

const POSTALIAS: Tool = Tool {
    letters: "Nc:d:finopq:rsuvw",
    usage: "usage: postalias [-Nfinoprsuvw] [-c config_dir] [-d key] [-q key] [map_type:]file...",
    format: Format::Aliases,
};

pub fn run(invocation: &Invocation) -> Result<u8> {
    POSTMAP.run(invocation)
}

pub fn postalias(invocation: &Invocation) -> Result<u8> {
    POSTALIAS.run(invocation)
}

/// newaliases(1): postalias for the tables of alias_database, or of one that is named in its place.
pub fn newaliases(invocation: &Invocation, config_directory: Option<&str>, database: Option<&str>) -> Result<u8> {
    let config = invocation.config(config_directory)?;
    let databases = database.map_or_else(|| config.get(&ALIAS_DATABASE), str::to_string);
    let mut words = vec!["-c".to_string(), config.directory().display().to_string(), "--".to_string()];
    let names = databases.split([',', ' ', '\t']).filter(|word| !word.is_empty());
    words.extend(names.map(str::to_string));
    if words.len() == 3 {
        return Ok(0);
    }
    postalias(invocation.named("postalias", words)?.as_ref())
}

/// One call.
struct Call<'i> {
    tool: &'static Tool,
    invocation: &'i Invocation,
    options: Options,
    config: Config,
}

impl Tool {
    fn run(&'static self, invocation: &Invocation) -> Result<u8> {
        let options = match Options::parse(self.letters, &invocation.words) {
            Ok(options) => options,
            Err(error) => {
                eprintln!("{}: {error}", invocation.name);
                bail!(self.usage);
            }
        };
        if [options.has('s'), options.has('q'), options.has('d')].into_iter().filter(|given| *given).count() > 1 {
            bail!("specify only one of -s -q or -d");
        }
        let message = ['b', 'h'].into_iter().any(|letter| options.has(letter));
        if (message || options.has('m')) && options.value('q') != Some("-") {
            bail!("specify -b -h or -m only with \"-q -\"");
        }
        if options.operands.is_empty() && !options.has('s') {
            bail!(self.usage);
        }
        if options.has('m') && !message {
            eprintln!("{}: warning: ignoring -m option without -b or -h", invocation.name);
        }
        let config = invocation.config(options.value('c'))?;
        let call = Call { tool: self, invocation, options, config };
        match (call.options.value('q'), call.options.value('d')) {
            (Some("-"), _) if message => lookup::message(&call),
            (Some(key), _) => lookup::query(&call, key),
            (_, Some(key)) => lookup::delete(&call, key),
            _ if call.options.has('s') => lookup::sequence(&call),
            _ => call.create(),
        }
    }
}

impl Call<'_> {
    /// The operands, each with its type.
    fn tables(&self) -> impl Iterator<Item = String> {
        self.options.operands.iter().map(|operand| match operand.contains(':') {
            true => operand.clone(),
            false => format!("{}:{operand}", self.config.get(&DEFAULT_DATABASE_TYPE)),
        })
    }

    fn utf8(&self) -> bool {
        self.config.get(&SMTPUTF8_ENABLE) && !self.options.has('u')
    }

    fn warn(&self) -> dict::Warn {
        let name = self.invocation.name.clone();
        Arc::new(move |text| eprintln!("{name}: warning: {text}"))
    }

    fn opener(&self) -> Result<Opener> {
        let mut opener = Opener::new(Environment {
            clock: Arc::new(SystemClock::start()),
            randomness: Arc::new(SystemRandomness::open()?),
            warn: self.warn(),
            utf8: self.utf8(),
            plugin_tables: None,
        })
        .with_main_cf(&self.config);
        match self.tool.format {
            Format::Aliases => self.options.operands.iter().for_each(|operand| {
                let title = if operand.contains(':') { operand.clone() } else { format!("hash:{operand}") };
                opener.aliases_in(&title);
            }),
            Format::Postmap => {
                opener.aliases_in(&self.config.get(&ALIAS_MAPS));
                opener.aliases_in(&self.config.get(&ALIAS_DATABASE));
            }
        }
        Ok(opener)
    }

    /// Without -q, -d and -s: the tables are made of their texts, or (-i) added to from standard input.
    fn create(&self) -> Result<u8> {
        for title in self.tables() {
            let (kind, path) = title.split_once(':').unwrap_or_default();
            let source = source::read(path, self.options.has('i'), self.options.has('o'))?;
            let writing = self.writing(source.mode);
            dict::write(kind, path, &source.name, &source.content, &writing)?;
        }
        Ok(0)
    }

    fn writing(&self, source_mode: Option<u32>) -> Writing {
        let has = |letter| self.options.has(letter);
        let last = |letters: [char; 2]| {
            self.options.all().map(|(letter, _)| letter).filter(|letter| letters.contains(letter)).last()
        };
        let mode = source_mode.filter(|_| !has('p')).map_or(0o644, |mode| 0o644 & mode);
        Writing {
            format: self.tool.format,
            fold_case: !has('f'),
            utf8: self.utf8(),
            duplicates: match (has('r'), has('w')) {
                (true, _) => Duplicates::Replace,
                (_, true) => Duplicates::Ignore,
                _ => Duplicates::Warn,
            },
            null: last(['N', 'n']).map(|letter| letter == 'N'),
            incremental: has('i'),
            files: has('F'),
            mode,
            lmdb_map_size: usize::try_from(self.config.get(&LMDB_MAP_SIZE)).unwrap_or(usize::MAX),
            marks: self.marks(),
            warn: self.warn(),
        }
    }

    /// What postalias(1) adds: Sendmail's mark that the table is whole, and when and where it was made, for NIS.
    fn marks(&self) -> Vec<(String, String)> {
        if self.tool.format == Format::Postmap {
            return Vec::new();
        }
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let marks = [
            ("@", "@".to_string()),
            ("YP_LAST_MODIFIED", format!("{seconds:010}")),
            ("YP_MASTER_NAME", self.config.get(&MYHOSTNAME)),
        ];
        marks.map(|(key, value)| (key.to_string(), value)).to_vec()
    }
}
