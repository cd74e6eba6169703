use futures_util::FutureExt as _;
use hook::Tables as _;

use super::*;
use crate::test_environment::{environment, now};

fn configured(main_cf: &str, previous: Option<&Tables>) -> Result<Tables, DictError> {
    configured_in(environment(true).0, main_cf, previous)
}

fn configured_in(environment: Environment, main_cf: &str, previous: Option<&Tables>) -> Result<Tables, DictError> {
    let basics = "compatibility_level = 3.6\nmyhostname = mx.example.org\nmydomain = example.org\nmynetworks = 127.0.0.0/8\n\
        inet_interfaces = 127.0.0.1\nproxy_interfaces = 192.0.2.99\nrecipient_delimiter = +\nalias_maps =\n\
        alias_database =\n";
    let rows = [config::parameters::PARAMETERS, parameters::PARAMETERS];
    let config = Config::from_text(&format!("{basics}{main_cf}"), &rows).unwrap();
    Tables::new(&config, &Machine::default(), environment, previous)
}

fn found(key: &str, value: &str) -> Result<Option<Found>, TableError> {
    Ok(Some(Found { key: key.into(), value: value.into() }))
}

#[test]
fn lists_of_main_cf() {
    let tables =
        configured("relay_domains = r.example, !s.r.example\nvirtual_alias_domains = v.example\n", None).unwrap();
    for (parameter, name, expected) in [
        ("relay_domains", "a.r.example", true),
        ("virtual_alias_domains", "v.example", true),
        ("virtual_alias_domains", "a.v.example", false),
        ("mydestination", "MX.example.org.", true),
        ("mydestination", "mx.example.org..", false),
        ("mydestination", "[127.0.0.1]", true),
        ("mydestination", "[192.0.2.99]", true),
        ("mydestination", "[192.0.2.98]", false),
        ("debug_peer_list", "x", false),
    ] {
        assert_eq!(now(tables.match_domain(parameter, name)), Ok(expected), "{parameter} {name}");
    }
    for (parameter, address, expected) in [
        ("mynetworks", "127.9.9.9", true),
        ("mynetworks", "128.0.0.1", false),
        ("inet_interfaces", "127.0.0.1", true),
        ("inet_interfaces", "192.0.2.99", false),
        ("proxy_interfaces", "192.0.2.99", true),
    ] {
        assert_eq!(now(tables.match_host(parameter, "", address)), Ok(expected), "{parameter} {address}");
    }
}

#[test]
fn searches_parts_in_tables_with_fixed_keys_only() {
    let tables = configured("", None).unwrap();
    let both = "regexp:{{/^example.com$/ pattern}}, inline:{example.com=key, user=local, @v.org=domain, Joe@v.org=joe}";
    tables.open(both).unwrap();
    assert_eq!(now(tables.find(SearchOrder::Domain, both, "a.example.com")), found("example.com", "key"));
    assert_eq!(now(tables.find(SearchOrder::Domain, both, "example.com")), found("example.com", "pattern"));
    assert_eq!(now(tables.find(SearchOrder::Alias, both, "User+x@mx.example.org")), found("User", "local"));
    assert_eq!(now(tables.find(SearchOrder::Alias, both, "user@elsewhere.org")), Ok(None));
    assert_eq!(now(tables.find(SearchOrder::Alias, both, "joe+x@V.org")), found("joe@V.org", "joe"));
    assert_eq!(now(tables.find(SearchOrder::Alias, both, "jim@v.org")), found("@v.org", "domain"));
}

#[test]
fn an_error_ends_the_search_and_is_never_not_found() {
    let tables = configured("", None).unwrap();
    for (set, key, expected) in [
        ("inline:{a=1}, fail:x", "a", found("a", "1")),
        ("fail:x, inline:{a=1}", "a", Err(TableError::Temporary("fail:x lookup error for \"a\"".into()))),
        (
            "inline:{a=}",
            "a",
            Err(TableError::Configuration("inline:{a=} lookup of a returns an empty string result".into())),
        ),
        ("inline:{a=1}", "", Ok(None)),
    ] {
        tables.open(set).unwrap();
        assert_eq!(now(tables.find(SearchOrder::Exact, set, key)), expected, "{set}");
    }
    let unopened = now(tables.find(SearchOrder::Exact, "static:x", "a"));
    assert_eq!(unopened, Err(TableError::Configuration("static:x: table was not opened".into())));
    let error = configured("relay_domains = hash:/nonexistent\n", None).map(|_| ()).unwrap_err().to_string();
    assert_eq!(error, "parameter relay_domains: open database /nonexistent: No such file or directory");
}

#[test]
fn slow_tables_give_the_same_answers_later() {
    let tables = configured("mydestination = wasm:slow:x\nmyorigin = o.example\n", None).unwrap();
    let set = "inline:{quick=1, user=2}, wasm:slow:v";
    tables.open(set).unwrap();
    assert_eq!(now(tables.find(SearchOrder::Exact, set, "quick")), found("quick", "1"));
    let later = |order, key| tables.find(order, set, key).wait().now_or_never().expect("ready");
    assert_eq!(later(SearchOrder::Domain, "a.known"), found("known", "v"));
    assert_eq!(later(SearchOrder::Alias, "user+e@known.example"), found("user", "2"));
    assert_eq!(later(SearchOrder::Exact, "other"), Ok(None));
    assert!(matches!(later(SearchOrder::Domain, "x.broken"), Err(TableError::Temporary(_))));
}

#[test]
fn a_changed_file_is_read_again_and_a_lost_one_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access");
    std::fs::write(&path, "a 1\n").unwrap();
    let set = format!("hash:{}", path.display());
    let (environment, warnings) = environment(true);
    let tables = configured_in(environment, "", None).unwrap();
    tables.open(&set).unwrap();
    let value = || now(tables.find(SearchOrder::Exact, &set, "a")).unwrap().map(|found| found.value);
    assert_eq!(value().as_deref(), Some("1"));
    std::fs::write(&path, "a 2 and more\n").unwrap();
    assert_eq!(value().as_deref(), Some("2 and more"), "written in place");
    std::fs::write(directory.path().join("new"), "a 3 and even more\n").unwrap();
    std::fs::rename(directory.path().join("new"), &path).unwrap();
    assert_eq!(value().as_deref(), Some("3 and even more"), "replaced");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(value().as_deref(), Some("3 and even more"), "lost");
    assert_eq!(value().as_deref(), Some("3 and even more"), "still lost");
    let lost = format!("open {}: No such file or directory; keeping its last content", path.display());
    assert_eq!(*warnings.lock().unwrap(), [lost], "warned once");
}

#[test]
fn a_large_file_is_read_again_while_lookups_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large");
    let content = |value: &str| (0..20_000).map(|n| format!("key{n} {value}\n")).collect::<String>();
    std::fs::write(&path, content("old")).unwrap();
    let set = format!("texthash:{}", path.display());
    let tables = configured("", None).unwrap();
    tables.open(&set).unwrap();
    std::fs::write(directory.path().join("new"), content("newer")).unwrap();
    std::fs::rename(directory.path().join("new"), &path).unwrap();
    for attempt in 0.. {
        let first = now(tables.find(SearchOrder::Exact, &set, "key0")).unwrap().expect("always found").value;
        assert!(first == "old" || first == "newer", "{first}");
        if first == "newer" {
            assert_eq!(now(tables.find(SearchOrder::Exact, &set, "key19999")), found("key19999", "newer"));
            break;
        }
        assert!(attempt < 1000, "not read again");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn the_next_generation_goes_on_with_open_files() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a 1\n").unwrap();
    let title = format!("hash:{}", file.path().display());
    let first = configured("", None).unwrap();
    let open = |tables: &Tables, title: &str| tables.maps("", title, Options::default()).unwrap().tables()[0].clone();
    let second = configured("", Some(&first)).unwrap();
    let before = open(&first, &title);
    assert!(!Arc::ptr_eq(&before, &open(&second, &title)), "opened after the second generation began");
    let third = configured("", Some(&first)).unwrap();
    assert!(Arc::ptr_eq(&before, &open(&third, &title)), "shared");
    let aliases = configured(&format!("alias_maps = {title}\n"), Some(&first)).unwrap();
    assert!(!Arc::ptr_eq(&before, &open(&aliases, &title)), "another format");
    assert!(
        !Arc::ptr_eq(&open(&first, "wasm:slow:x"), &open(&third, "wasm:slow:x")),
        "plugins belong to one generation"
    );
}

#[test]
fn a_file_of_alias_maps_is_in_aliases_format_wherever_it_is_used() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "root: a,b\n").unwrap();
    let set = format!("btree:{}", file.path().display());
    let tables = configured(&format!("alias_database = hash:{}\n", file.path().display()), None).unwrap();
    tables.open(&set).unwrap();
    assert_eq!(now(tables.find(SearchOrder::Exact, &set, "Root")), found("Root", "a, b"));
}

#[test]
fn the_rows_say_what_postconf_says() {
    let Ok(output) = std::process::Command::new("postconf").args(["-d"]).output() else {
        eprintln!("SKIPPED: there is no postconf here to compare with");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    for row in parameters::PARAMETERS {
        let line = format!("{} = {}", row.name, row.default);
        assert!(text.lines().any(|theirs| theirs == line), "{line}");
    }
}

/// A clock that stands still.
struct Still;

impl hook::Clock for Still {
    fn now(&self) -> std::time::SystemTime {
        std::time::SystemTime::now()
    }
    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

#[test]
fn a_file_is_not_looked_at_for_every_lookup() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a 1\n").unwrap();
    let set = format!("hash:{}", file.path().display());
    let still = Environment { clock: Arc::new(Still), ..environment(true).0 };
    let tables = configured_in(still, "", None).unwrap();
    tables.open(&set).unwrap();
    std::fs::write(file.path(), "a changed\n").unwrap();
    assert_eq!(now(tables.find(SearchOrder::Exact, &set, "a")), found("a", "1"));
}
