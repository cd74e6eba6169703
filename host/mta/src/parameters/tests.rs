#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, collections::BTreeSet, process::Command};

use config::{Config, KindTag, Machine};
use tempfile::TempDir;

use super::{old_names::OLD_NAMES, *};

/// Every name that a public main.cf of five old guides sets, or `postconf -d` of 3.7.11 prints beside Debian's master.cf.
const NAMES: &str = include_str!("tests/names.txt");

/// The delivery services of Debian's master.cf and of those guides, and some that own no templates.
const MASTER_CF: &str = "\
smtp inet n - y - - smtpd
cleanup unix n - y - 0 cleanup
qmgr unix n - n 300 1 qmgr
error unix - - y - - error
retry unix - - y - - error
discard unix - - y - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - y - - lmtp
smtp unix - - y - - smtp
relay unix - - y - - smtp
maildrop unix - n n - - pipe flags=DRXhu user=vmail argv=/usr/bin/maildrop -d ${recipient}
uucp unix - n n - - pipe flags=Fqhu user=uucp argv=uux
ifmail unix - n n - - pipe flags=F user=ftn argv=/usr/lib/ifmail/ifmail
bsmtp unix - n n - - pipe flags=Fq. user=bsmtp argv=/usr/lib/bsmtp/bsmtp
scalemail-backend unix - n n - 2 pipe flags=R user=scalemail argv=/usr/lib/scalemail/bin/scalemail-store
mailman unix - n n - - pipe flags=FRX user=list argv=/usr/lib/mailman/bin/postfix-to-mailman.py
spamass-dovecot unix - n n - - pipe user=vmail argv=/usr/bin/spamc
cyrus unix - n n - - pipe user=cyrus argv=/cyrus/bin/deliver
fax unix - n n - 1 pipe user=fax argv=/usr/bin/faxmail
policy unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd
127.0.0.1:10025 inet n - n - - smtpd
10.0.0.1:24 inet n - n - - lmtp
twice unix - - - - - pipe user=x argv=y
twice fifo n - - - - smtp
strange unix - - - - - /usr/lib/strange/smtp
";

/// No parameters at all: misspelt, or gone before 3.7. Setting one is reported as unused.
const NO_PARAMETERS: &[&str] = &[
    "mynetwork",
    "smtp_skip_4xx_greeting",
    "smtpd_hard_error_limt",
    "smtpd_tls_receive_headers",
    "smtpd_use_ssl",
    "tlsproxy_tls_session_cache_timeout",
];

/// Names that administrators made up: known while something refers to them.
const MADE_UP: &[&str] =
    &["insiders_only", "local_only", "mua_client_restrictions", "mua_helo_restrictions", "mua_sender_restrictions"];

/// Where a default is not that of Debian's Postfix, and why.
const OTHER_DEFAULTS: &[(&str, &str)] = &[
    ("config_directory", "the directory of this program"),
    ("data_directory", "the directory of this program"),
    ("queue_directory", "the directory of this program"),
    ("mail_name", "the name of this program"),
    ("mail_version", "the version of this program"),
    ("process_id", "another process"),
    ("process_name", "another process"),
    ("smtpd_forbid_bare_newline", "what later versions of Postfix do, against smuggled mail"),
];

/// Parameters that Postfix does not have.
const OWN: &[&str] = &["delivery_plugins", "plugin_directory", "report_plugins"];

fn directory(main_cf: &str, master_cf: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("main.cf"), main_cf).unwrap();
    std::fs::write(directory.path().join("master.cf"), master_cf).unwrap();
    directory
}

/// With the parameters that the default plugins declare.
fn with_plugins(config: &Config) -> Config {
    crate::wiring::describe_plugins(config).unwrap().config().clone()
}

fn load(main_cf: &str, master_cf: &str) -> Config {
    let directory = directory(main_cf, master_cf);
    with_plugins(&Config::load_on(directory.path(), ROWS, Machine::current()).unwrap().config)
}

/// The names and values of what postconf prints; `None`, loudly, without Debian's postconf.
fn postconf(directory: &TempDir, option: &str) -> Option<BTreeMap<String, String>> {
    let found = Command::new("/usr/sbin/postconf").arg("-c").arg(directory.path()).arg(option).output();
    let Ok(found) = found else {
        assert!(std::env::var_os("WAXWING_REQUIRE_ALL").is_none(), "there is no postconf to compare with");
        eprintln!("SKIPPED: there is no postconf to compare with");
        return None;
    };
    let text = String::from_utf8(found.stdout).unwrap();
    let pair = |line: &str| line.split_once(" =").map(|(name, value)| (name.to_string(), value.trim().to_string()));
    Some(text.lines().filter_map(pair).collect())
}

#[test]
fn each_name_has_one_row() {
    let twice = config::conflicts(ROWS);
    assert!(twice.is_empty(), "two rows that differ: {twice:?}");
    let mut names: Vec<&str> = ROWS.iter().flat_map(|table| table.iter().map(|row| row.name)).collect();
    names.sort_unstable();
    let twice: Vec<&str> = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    assert!(twice.is_empty(), "in two tables; the crate that obeys one takes it from not_yet: {twice:?}");
}

/// What a plugin declares is obeyed: a row here would hide the plugin's. But for what the server must obey, too.
#[test]
fn what_plugins_declare_has_no_row() {
    let bare = with_plugins(&Config::from_text("", &[]).unwrap());
    let declared: Vec<&str> = bare.plugin_rows().iter().map(|row| row.name.as_str()).collect();
    assert!(declared.contains(&"reject_code"), "the default plugins declare {declared:?}");
    let hidden: Vec<&&str> =
        declared.iter().filter(|name| State::of(name) != State::Obeyed && **name != "smtpd_tls_ask_ccert").collect();
    assert!(hidden.is_empty(), "take these rows out of mta/src/parameters: {hidden:?}");
}

#[test]
fn every_row_has_a_sentence_and_a_default_of_its_kind() {
    let config = load("", MASTER_CF);
    for row in config.rows() {
        assert!(row.doc.trim().len() > 10, "{} has no description", row.name);
    }
    let seeds = regex_like_seed_reference();
    assert!(seeds.is_empty(), "descriptions that speak of what no reader has: {seeds:?}");
}

/// Numbers of the guides behind [`NAMES`] must not get into the manual.
fn regex_like_seed_reference() -> Vec<&'static str> {
    let speaks = |doc: &str| {
        doc.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| ["000", "001", "002", "003", "004"].contains(&word))
    };
    ROWS.iter().copied().flatten().filter(|row| speaks(row.doc)).map(|row| row.name).collect()
}

#[test]
fn no_name_is_unknown() {
    let config = load("", MASTER_CF);
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unknown = Vec::new();
    assert_eq!(NAMES.lines().count(), 1067);
    for name in NAMES.lines() {
        let state = match config.row(name).map(|row| State::of(row.name)) {
            Some(State::Obeyed) => "obeyed",
            Some(State::Inert) => "without effect",
            Some(State::NotYetObeyed) => "not yet obeyed",
            None if config.plugin_rows().iter().any(|row| row.name == name) => "obeyed",
            None if OLD_NAMES.iter().any(|(old, _)| *old == name) => "old names",
            None if MADE_UP.contains(&name) => "made up by administrators",
            None if NO_PARAMETERS.contains(&name) => "no parameters",
            None => {
                unknown.push(name);
                "unknown"
            }
        };
        *states.entry(state).or_default() += 1;
    }
    eprintln!("of {} names: {states:?}", NAMES.lines().count());
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn misspelt_and_made_up_names_are_unused_until_something_refers_to_them() {
    let set = |names: &[&str]| names.iter().map(|name| format!("{name} = x\n")).collect::<String>();
    let unused = |config: &Config| config.unused().iter().map(ToString::to_string).collect::<Vec<_>>();
    let config = load(&set(&[NO_PARAMETERS, MADE_UP].concat()), MASTER_CF);
    assert_eq!(unused(&config).len(), NO_PARAMETERS.len() + MADE_UP.len(), "{:?}", unused(&config));
    let used =
        "smtpd_restriction_classes = insiders_only, local_only\nsmtpd_client_restrictions = $mua_client_restrictions\n";
    let master = "s inet n - n - - smtpd -o smtpd_helo_restrictions=$mua_helo_restrictions\
                  \n -o smtpd_sender_restrictions=$mua_sender_restrictions\n";
    let config = load(&format!("{}{used}", set(MADE_UP).replace('x', "permit")), master);
    assert_eq!(unused(&config), [] as [String; 0]);
}

#[test]
fn old_names_are_defaults() {
    let text: String = OLD_NAMES.iter().map(|(old, _)| format!("{old} = old\n")).collect();
    // A count, a time and three switches among them; the rest takes any text.
    let text = text.replace("record_deadline = old", "record_deadline = yes");
    let text = text.replace("threshold = old", "threshold = 7").replace("ttl = old", "ttl = 7");
    let config = load(&text, "");
    for (old, new) in OLD_NAMES {
        // As Postfix writes it, these two have another value only where the old name is not set.
        let otherwise = config.default_text(new).unwrap().starts_with(&format!("${{{old}:"));
        let value = if otherwise { String::new() } else { config.text(old).unwrap() };
        let found = config.text(new).unwrap();
        assert!(
            found.starts_with(&value) && (!otherwise || found.is_empty()),
            "{new} is {found:?}, {old} is {value:?}"
        );
    }
    assert_eq!(config.unused().iter().map(ToString::to_string).collect::<Vec<_>>(), [] as [String; 0]);
    // And no default names anything that is neither a parameter nor an old name.
    let plain = load("", MASTER_CF);
    for row in plain.rows().filter(|row| row.kind != KindTag::Raw) {
        for name in config::references(row.default) {
            let known = plain.default_text(&name).is_some() || OLD_NAMES.iter().any(|(old, _)| *old == name);
            assert!(known, "the default of {} refers to {name}", row.name);
        }
    }
}

/// The names with the service-name parameters, and the unexpanded defaults.
#[test]
fn names_and_defaults_are_those_of_postconf() {
    for master_cf in ["", MASTER_CF] {
        let directory = directory("", master_cf);
        let Some(theirs) = postconf(&directory, "-d") else { return };
        let config = load("", master_cf);
        let names = config.rows().filter(|row| !row.template).map(|row| row.name.to_string());
        let plugins = config.plugin_rows().iter().map(|row| row.name.clone());
        let names: BTreeSet<String> =
            names.chain(plugins).chain(config.template_names().into_iter().map(|(name, _)| name)).collect();
        let mut differences: Vec<String> = theirs
            .keys()
            .filter(|name| !names.contains(*name))
            .map(|name| format!("{name}: only postconf has it"))
            .collect();
        for name in names.iter().filter(|name| !OWN.contains(&name.as_str())) {
            let Some(their) = theirs.get(name) else {
                differences.push(format!("{name}: postconf does not have it"));
                continue;
            };
            let our = config.default_text(name).unwrap();
            if our.trim() != their && !OTHER_DEFAULTS.iter().any(|(other, _)| other == name) {
                differences.push(format!("{name}: here {our:?}, postconf {their:?}"));
            }
        }
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

/// Which names postconf -n takes for parameters.
#[test]
fn names_that_are_set_are_parameters_where_postconf_says_so() {
    let main_cf = "\
slow_destination_concurrency_limit = 2
slow_destination_rate_delay = 1s
slow_time_limit = 10
run_time_limit = 10
run_delivery_slot_cost = 5
program_time_limit = 10
discard_destination_concurrency_limit = 3
other_recipient_limit = 7
fallback_relay = [mx.example.net]
virtual_maps = static:x
postscreen_dnsbl_ttl = 2
postscreen_blacklist_action = drop
tlsproxy_client_level = may
smtpd_per_record_deadline = yes
home = x
rbl_code = 5
strict_class = permit
smtpd_restriction_classes = strict_class
policy_time_limit = 3600
mine = 1
myorigin = example.$mine
stranger = 2
lmtp_tls_security_level = may
smtpd_milters = inet:127.0.0.1:1
biff = no
qmgr_fudge_factor = 100
mynetwork = 127.0.0.1
";
    let master_cf = "\
slow unix - - n - - smtp
run unix - n n - - pipe user=x argv=y
program unix - - n - - discard
discard unix - - n - - discard
policy unix - n n - 0 spawn user=x argv=y
";
    let directory = directory(main_cf, master_cf);
    let Some(mut theirs) = postconf(&directory, "-n") else { return };
    // Not set, but given with -c.
    theirs.remove("config_directory");
    let config = load(main_cf, master_cf);
    let unused: Vec<String> = config.unused().iter().map(ToString::to_string).collect();
    let is_used = |name: &&str| !unused.iter().any(|text| text.contains(&format!("unused parameter: {name}=")));
    let ours: BTreeSet<&str> = config.names_set().filter(is_used).collect();
    assert_eq!(ours, theirs.keys().map(String::as_str).collect());
}

/// The defaults that depend on compatibility_level, at each level and beyond.
#[test]
fn levels_change_the_defaults_of_postfix() {
    for level in ["0", "1", "2", "3", "3.5", "3.6", "3.7", "3.10", "4"] {
        let main_cf = format!("compatibility_level = {level}\nmyhostname = mx.example.com\n");
        let directory = directory(&main_cf, MASTER_CF);
        let Some(theirs) = postconf(&directory, "-x") else { return };
        let config = load(&main_cf, MASTER_CF);
        let mut differences = Vec::new();
        for row in config.rows().filter(|row| row.default.contains("compatibility_level")) {
            let (our, their) = (config.text(row.name).unwrap(), &theirs[row.name]);
            if our != *their {
                differences.push(format!("{}: here {our:?}, postconf {their:?}", row.name));
            }
        }
        assert!(differences.is_empty(), "at level {level}:\n{}", differences.join("\n"));
    }
}

#[test]
fn settings_that_nothing_obeys_are_found_with_file_and_line() {
    // Those of daemons that this master.cf does not run protect nobody.
    let runs = |row: &Row| !["lmtp_", "postscreen_", "qmqpd_"].iter().any(|daemon| row.name.starts_with(daemon));
    let protecting = |row: &&Row| row.protects && row.kind == KindTag::Text && runs(row);
    let row = not_yet_obeyed().into_iter().find(protecting).unwrap();
    let idle = not_yet_obeyed().into_iter().find(|row| !row.protects && row.kind == KindTag::Boolean).unwrap();
    let main_cf = format!("soft_bounce = yes\n{} = {}\n{} = other\n", idle.name, idle.default, row.name);
    let master_cf = format!("s inet n - n - - smtpd -o {}=another -o {}=\n", row.name, row.name);
    let config = load(&main_cf, &master_cf);
    let found: Vec<String> =
        unobeyed(&config).into_iter().map(|it| format!("{} {} {}", it.place.line, it.name, it.protects)).collect();
    let default = config.expand(row.default).unwrap();
    assert_eq!(
        found,
        [
            format!("2 {} false", idle.name),
            format!("3 {} true", row.name),
            format!("1 {} true", row.name),
            format!("1 {} {}", row.name, !default.is_empty())
        ]
    );
    let warnings = unmet_protection(&config);
    assert!(warnings[0].contains("main.cf, line 3: "), "{warnings:?}");
    assert!(warnings[1].contains("master.cf, line 1: "), "{warnings:?}");
}

/// Debian's main.cf may say what postscreen would do, and run none.
#[test]
fn daemons_that_do_not_run_protect_nobody() {
    let row = not_yet_obeyed().into_iter().find(|row| row.protects && row.name.starts_with("postscreen_"));
    let Some(row) = row else { return };
    let value = if row.kind == KindTag::Boolean { "yes" } else { "7" };
    let main_cf = format!("{} = {value}\n", row.name);
    let protects = |master_cf: &str| unobeyed(&load(&main_cf, master_cf))[0].protects;
    assert!(!protects("smtp inet n - n - - smtpd\n"));
    assert!(protects("smtp inet n - n - 1 postscreen\n"));
}

#[test]
fn the_page_of_parameters_is_up_to_date() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/parameters.md");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let made = page(&load("", ""));
    let differs = committed.lines().zip(made.lines()).find(|(committed, made)| committed != made);
    assert!(
        committed == made,
        "docs/parameters.md is not what the rows say ({differs:?} and {} against {} lines).\n\
         Run `cargo run -p waxwing -- parameters > docs/parameters.md`.",
        committed.lines().count(),
        made.lines().count()
    );
}
