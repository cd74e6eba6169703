use std::fs;

use tempfile::TempDir;

use crate::{Config, ConfigError, KindTag, Limits, PluginRow};

mod rows {
    crate::parameters! {
        LIMIT: Count = "limit", "${stress?{$low}:{10}}", min = 1;
        WAIT: Time = "wait", "$pause";
        SLOTS: Count = "_slots", "$default_slots", template, min = 1;
        DEFAULT_SLOTS: Count = "default_slots", "5", min = 1;
    }
}

fn errors(main_cf: &str, master_cf: &str) -> Vec<String> {
    // `wait` and the stressed `limit` need values of their own.
    let main_cf = format!("{main_cf}\npause = 3s\nlow = 1");
    match Config::from_texts(&main_cf, master_cf, "", &[rows::PARAMETERS]) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.0.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn all_errors_come_with_their_lines() {
    let main_cf = "soft_bounce = maybe\n\nnonsense\nmessage_size_limit =\n 1k\nmyorigin = a b\nmyhostname = a..b\n";
    let found = errors(main_cf, "smtp inet x\n");
    let expected = [
        "/etc/waxwing/main.cf, line 1: bad boolean configuration: soft_bounce = maybe",
        "/etc/waxwing/main.cf, line 3: missing '=' after attribute name: \"nonsense\"",
        "/etc/waxwing/main.cf, line 4: bad numerical configuration: message_size_limit = 1k",
        "/etc/waxwing/main.cf, line 6: myorigin parameter setting must not contain multiple values: a b",
        "/etc/waxwing/main.cf, line 7: parameter myhostname: bad parameter value: a..b",
        "/etc/waxwing/master.cf: line 1: field \"private\": bad value: \"x\"",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_value_is_checked_after_expansion() {
    assert_eq!(errors("x = 7\nlimit = $x", ""), [""; 0]);
    assert_eq!(errors("x = 0\nlimit = $x", ""), ["/etc/waxwing/main.cf, line 2: invalid limit parameter value 0 < 1"]);
    assert_eq!(errors("limit = ${x", ""), ["/etc/waxwing/main.cf, line 1: truncated macro reference: \"${x\""]);
    assert_eq!(errors("a = $b\nb = $a\nrelayhost = $a", "").len(), 1);
    assert_eq!(errors("myhostname = $mydomain", "").len(), 1, "a loop through a computed default ends");
}

#[test]
fn a_default_spoilt_by_another_parameter_is_an_error() {
    let broken = Config::from_text("pause = long\nlow = 1", &[rows::PARAMETERS]).unwrap_err();
    assert_eq!(broken.to_string(), "parameter wait: bad time value or unit: long");
    assert!(matches!(&broken.0[0], ConfigError::Value { name, place: None, .. } if name == "wait"));
}

#[test]
fn values_are_checked_under_stress_and_in_every_service() {
    let found = errors("limit = ${stress?none}${stress:1}", "");
    assert_eq!(found, ["/etc/waxwing/main.cf, line 1: bad numerical configuration: limit = none"]);
    let found = errors("x = 1\nlimit = $x", "a unix - - - - - smtp\nb unix - - - - - smtp -o x=0\n");
    assert_eq!(found, ["/etc/waxwing/main.cf, line 2: invalid limit parameter value 0 < 1"]);
    let found = errors("", "a unix - - - - - smtp\nb unix - - - - - smtp -o limit=0\n");
    assert_eq!(found, ["/etc/waxwing/master.cf, line 2: invalid limit parameter value 0 < 1"]);
}

#[test]
fn template_parameters_are_checked_for_each_service() {
    let found = errors("slow_slots = 0\nother_slots = 0", "slow unix - - - - - smtp\ncleanup unix - - - - - cleanup\n");
    assert_eq!(found, ["/etc/waxwing/main.cf, line 1: invalid slow_slots parameter value 0 < 1"]);
    let found =
        errors("void_slots = 0\ncleanup_slots = 0", "void unix - - - - - discard\ncleanup unix - - - - - cleanup\n");
    assert_eq!(found, ["/etc/waxwing/main.cf, line 1: invalid void_slots parameter value 0 < 1"]);
}

#[test]
fn main_cf_must_exist_and_the_others_need_not() {
    let directory = TempDir::new().unwrap();
    let path = directory.path();
    let missing = Config::load(path, &[]).unwrap_err();
    assert_eq!(missing.to_string(), format!("open {}/main.cf: No such file or directory", path.display()));
    fs::write(path.join("main.cf"), "soft_bounce = yes\n").unwrap();
    let loaded = Config::load(path, &[]).unwrap();
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, [format!("open {}/master.cf: No such file or directory", path.display())]);
    assert_eq!(loaded.config.text("config_directory").unwrap(), path.display().to_string());
    assert_eq!(loaded.config.text("plugin_directory").unwrap(), format!("{}/plugins", path.display()));
}

#[test]
fn a_read_only_parameter_is_not_set() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("main.cf"), "process_name = x\n").unwrap();
    fs::write(directory.path().join("master.cf"), "").unwrap();
    let loaded = Config::load(directory.path(), &[]).unwrap();
    let file = directory.path().join("main.cf");
    let text = format!("{}: read-only parameter assignment: process_name=x", file.display());
    assert_eq!(loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), [text]);
    assert_eq!(loaded.config.text("process_name").as_deref(), Some("waxwing"));
}

fn delay(default: &str) -> PluginRow {
    PluginRow {
        plugin: "greylist".to_string(),
        name: "greylist_delay".to_string(),
        default: default.to_string(),
        kind: KindTag::Time,
        limits: Limits::default(),
        doc: String::new(),
    }
}

#[test]
fn plugins_add_parameters() {
    let main_cf = "greylist_delay = 10s\nunheard_of = 1\n";
    let plain = Config::from_text(main_cf, &[]).unwrap();
    assert_eq!(plain.unused().len(), 2);
    let config = plain.with_plugin_rows(vec![delay("300s")]).unwrap();
    assert_eq!(config.text("greylist_delay").as_deref(), Some("10s"));
    let unused: Vec<String> = config.unused().iter().map(ToString::to_string).collect();
    assert_eq!(unused, ["/etc/waxwing/main.cf: unused parameter: unheard_of=1"]);
    let unset = Config::from_text("", &[]).unwrap().with_plugin_rows(vec![delay("300s")]).unwrap();
    assert_eq!(unset.text("greylist_delay").as_deref(), Some("300s"));
    assert!(!unset.is_set("greylist_delay"));
}

#[test]
fn an_option_in_plugins_cf_is_its_plugin_s_alone() {
    let plugins_cf =
        "greylist g.wasm -o greylist_delay=1m -o mode=warn\nother o.wasm -o greylist_delay=9d\nthird t.wasm\n";
    let config = Config::from_texts("greylist_delay = 10s", "", plugins_cf, &[]).unwrap();
    let config = config.with_plugin_rows(vec![delay("300s")]).unwrap();
    let of_plugin = |index: usize| config.plugin(&config.plugins()[index]);
    let delays = [0, 1, 2].map(|index| of_plugin(index).text("greylist_delay").unwrap());
    assert_eq!(delays, ["1m", "9d", "10s"], "main.cf holds for the plugin without an option");
    assert_eq!(config.text("greylist_delay").as_deref(), Some("10s"), "nobody else sees an option");
    assert_eq!(of_plugin(0).place("greylist_delay").unwrap().to_string(), "/etc/waxwing/plugins.cf, line 1");
    assert_eq!(config.text("mode"), None, "an option that is no parameter stays with the plugin");
    let unset = Config::from_texts("", "", "greylist g.wasm -o greylist_delay=1m\nother o.wasm\n", &[]).unwrap();
    let unset = unset.with_plugin_rows(vec![delay("300s")]).unwrap();
    assert_eq!(unset.plugin(&unset.plugins()[1]).text("greylist_delay").as_deref(), Some("300s"));
    let broken = Config::from_texts("", "", "greylist g.wasm -o greylist_delay=soon", &[]).unwrap();
    let errors = broken.with_plugin_rows(vec![delay("300s")]).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "/etc/waxwing/plugins.cf, line 1: parameter greylist_delay: bad time value or unit: soon"
    );
}
