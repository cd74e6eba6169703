//! waxwing plugin: what the plugins offer. `list` is about a configuration, `docs` prints docs/restrictions.md.

mod docs;

use anyhow::{Result, bail};
use config::Config;
use hook::Catalogue;
use plugin::Origin;

use super::Invocation;
use crate::options::Options;

pub fn run(invocation: &Invocation) -> Result<u8> {
    let options = Options::parse("c:", &invocation.words)?;
    match options.operands.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["list"] => {}
        // The same page wherever it is made: no configuration, so that only the default plugins speak.
        ["docs"] => {
            let scratch = tempfile::tempdir()?;
            let main_cf = format!("data_directory = {}\n", scratch.path().display());
            let config = Config::from_text(&main_cf, crate::parameters::ROWS)?;
            print!("{}", docs::page(&crate::wiring::describe_plugins(&config)?.offers()));
            return Ok(0);
        }
        _ => bail!("usage: waxwing plugin [-c config_dir] list | docs"),
    }
    let config = invocation.config(options.value('c'))?;
    for plugin in crate::wiring::describe_plugins(&config)?.plugins() {
        let origin = match &plugin.origin {
            Origin::Default => "default".to_string(),
            Origin::File(path) => path.display().to_string(),
        };
        println!("{} {} ({origin}): {}", plugin.name, plugin.version, plugin.summary);
        println!("    worlds: {}", plugin.worlds.join(" "));
        if !plugin.restrictions.is_empty() {
            println!("    restrictions: {}", plugin.restrictions.join(" "));
        }
        if !plugin.grants.is_empty() {
            println!("    granted: {}", plugin.grants.join(" "));
        }
        for (grant, scope, reason) in &plugin.requests {
            let scope = if scope.is_empty() { String::new() } else { format!(":{scope}") };
            println!("    wants {grant}{scope}: {reason}");
        }
        for (name, value) in &plugin.parameters {
            println!("    {name} = {value}");
        }
    }
    Ok(0)
}
