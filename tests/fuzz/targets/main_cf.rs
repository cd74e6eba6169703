//! main.cf, master.cf and plugins.cf with anything in them, divided by NUL: values or errors with a line, never a panic nor
//! an endless expansion.
#![no_main]

use config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut texts = text.splitn(3, '\0');
    let mut next = || texts.next().unwrap_or_default();
    let (main_cf, master_cf, plugins_cf) = (next(), next(), next());
    let rows = &[config::parameters::PARAMETERS];
    match Config::from_texts(main_cf, master_cf, plugins_cf, rows) {
        Ok(config) => {
            for row in config::parameters::PARAMETERS {
                let _ = config.text(row.name);
            }
            for entry in config.master() {
                let _ = config.service(entry);
            }
            config.unused();
        }
        Err(errors) => assert!(!errors.to_string().is_empty(), "an error says something"),
    }
});
