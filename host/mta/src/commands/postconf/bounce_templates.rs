//! The texts of notices: -b as senders get them, -t as bounce(5) has them.

use anyhow::Result;
use bounce::Templates;
use config::{Reading, Unchecked};

use super::Call;

/// bounce(8) speaks here, whose name the messages have.
const PROGRAM: &str = "postfix/bounce";

/// # Errors
/// When the file or a text in it is of no use.
pub fn show(call: &Call, expanded: bool) -> Result<u8> {
    let directory = call.directory();
    let reading = Reading { directory: &directory, main: true, overrides: &[], named: call.directory_is_named() };
    let config = Unchecked::read(&reading, crate::parameters::ROWS)?.config;
    let file = match call.operands().first() {
        Some(file) => file.clone(),
        None => config.text("bounce_template_file").unwrap_or_default(),
    };
    let mut warnings = Vec::new();
    let printed = Templates::load(&file, &mut warnings).and_then(|templates| {
        if expanded { templates.printed_expanded(&config, &mut warnings) } else { Ok(templates.printed(&config)) }
    });
    for warning in warnings {
        super::warn(PROGRAM, &warning);
    }
    match printed {
        Ok(text) => super::print(&text),
        Err(error) => {
            eprintln!("{PROGRAM}: fatal: {}", super::printable(&error.to_string()));
            Ok(1)
        }
    }
}
