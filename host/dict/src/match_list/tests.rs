use futures_util::FutureExt as _;

use super::*;
use crate::test_environment::{environment, now};

fn list(value: &str, style: ListStyle, subdomains: bool) -> MatchList {
    let (environment, _) = environment(true);
    MatchList::parse("some_list", value, style, subdomains, &mut Opener::new(environment)).expect(value)
}

#[test]
fn domains_and_parents() {
    for (value, subdomains, name, expected) in [
        ("example.com", true, "example.com", true),
        ("example.com", true, "A.Example.COM", true),
        ("example.com", true, "notexample.com", false),
        ("example.com", false, "a.example.com", false),
        (".example.com", false, "a.example.com", true),
        (".example.com", false, "example.com", false),
        ("!a.example.com, example.com", true, "a.example.com", false),
        ("!a.example.com, example.com", true, "b.example.com", true),
        ("!!example.com", true, "example.com", true),
        ("inline:{example.com=x}", true, "a.b.example.com", true),
        ("inline:{example.com=x}", false, "a.example.com", false),
        ("inline:{{.example.com=x}}", false, "a.example.com", true),
        ("!inline:{a.org=x} org", true, "a.org", false),
        ("regexp:{{/^example/ x}}", true, "a.example.com", false),
        ("regexp:{{/^example/ x}}", true, "Example.com", true),
        ("", true, "x", false),
    ] {
        let list = list(value, ListStyle::Domain, subdomains);
        assert_eq!(now(list.matches(name)), Ok(expected), "{value} {name} {subdomains}");
    }
    assert_eq!(now(list("org, .b.org", ListStyle::Text, true).matches("a.b.org")), Ok(false));
}

#[test]
fn hosts_and_networks() {
    let value = "!10.1.0.0/16 10.0.0.0/8 [::1]/128 [fe80::]/10 192.0.2.7 [192.0.2.8] [2001:db8::2] trusted.example";
    for (name, address, expected) in [
        ("", "10.2.3.4", true),
        ("", "10.1.2.3", false),
        ("unknown", "::1", true),
        ("", "0:0:0:0:0:0:0:1", true),
        ("", "fe80::5", true),
        ("", "192.0.2.7", true),
        ("", "192.0.2.8", true),
        ("", "2001:db8:0::2", true),
        ("", "192.0.2.9", false),
        ("mail.trusted.example", "192.0.2.9", true),
        ("", "unknown", false),
    ] {
        assert_eq!(
            now(list(value, ListStyle::Host, true).matches_host(name, address)),
            Ok(expected),
            "{name} {address}"
        );
    }
}

#[test]
fn a_bad_network_is_an_error_once_a_host_meets_it() {
    let list = list("192.0.2.1 10.0.0.1/8", ListStyle::Host, true);
    assert_eq!(now(list.matches_host("", "192.0.2.1")), Ok(true));
    assert_eq!(now(list.matches_host("", "::1")), Ok(false));
    let text = "some_list: non-null host address bits in \"10.0.0.1/8\", perhaps you should use \"10.0.0.0/8\" instead";
    assert_eq!(now(list.matches_host("", "192.0.2.2")), Err(TableError::Temporary(text.into())));
}

#[test]
fn files_and_failures() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a.org, b.org\n!c.org\n").unwrap();
    let path = file.path().display();
    let yes = list(&format!("{path} c.org"), ListStyle::Domain, true);
    assert_eq!((now(yes.matches("b.org")), now(yes.matches("c.org"))), (Ok(true), Ok(false)));
    let no = list(&format!("!{path} a.org"), ListStyle::Domain, true);
    assert_eq!((now(no.matches("a.org")), now(no.matches("c.org"))), (Ok(false), Ok(true)));

    let gone = list("/nonexistent/file x.org", ListStyle::Domain, true);
    let text = "some_list: open file /nonexistent/file: No such file or directory";
    assert_eq!(now(gone.matches("x.org")), Err(TableError::Temporary(text.into())));
    let failing = list("fail:x", ListStyle::Domain, true);
    let text = "some_list: fail:x: table lookup problem";
    assert_eq!(now(failing.matches("x.org")), Err(TableError::Temporary(text.into())));
}

#[test]
fn mistakes_name_the_parameter() {
    let (environment, warnings) = environment(true);
    let mut opener = Opener::new(environment);
    let mut parse = |value: &str| MatchList::parse("relay_domains", value, ListStyle::Domain, true, &mut opener);
    let error = parse("hash:/nonexistent").map(|_| ()).unwrap_err().to_string();
    assert_eq!(error, "parameter relay_domains: open database /nonexistent: No such file or directory");
    let error = parse("a !").map(|_| ()).unwrap_err().to_string();
    assert_eq!(error, "parameter relay_domains: relay_domains: no pattern after '!'");
    assert!(parse("a # b c").is_ok());
    assert_eq!(*warnings.lock().unwrap(), ["relay_domains: comment at end of line is not supported: # b c"]);
}

#[test]
fn waits_for_a_slow_table_only_when_it_is_reached() {
    let list = list("first.org wasm:slow:x !known.example", ListStyle::Domain, true);
    assert_eq!(now(list.matches("first.org")), Ok(true));
    let answer = |name: &str| match list.matches(name) {
        Lookup::Now(_) => panic!("{name} should wait"),
        Lookup::Later(answer) => answer.now_or_never().expect("ready"),
    };
    assert_eq!(answer("a.known.example"), Ok(true));
    assert_eq!(answer("other"), Ok(false));
    assert_eq!(
        answer("broken").map_err(|error| error.to_string()),
        Err("some_list: wasm:slow:x: table lookup problem".into())
    );
}
