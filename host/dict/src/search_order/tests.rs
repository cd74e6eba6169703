use super::*;

/// The keys asked for, those of partial scope marked.
fn keys(order: SearchOrder, key: &str, subdomains: bool, local: &[&str]) -> String {
    let search = Search {
        access_matches_subdomains: subdomains,
        transport_matches_subdomains: subdomains,
        extensions: Extensions::new("+"),
        null_sender_key: "<>".into(),
    };
    let mut asked = Vec::new();
    let mut ask = |key: &str, scope: Scope| {
        asked.push(format!("{}{key}", if scope == Scope::Partial { "~" } else { "" }));
        ControlFlow::Continue(())
    };
    let walked = search.walk(order, key, &mut |domain| ControlFlow::Continue(local.contains(&domain)), &mut ask);
    assert_eq!(walked, ControlFlow::Continue(()));
    asked.join(" | ")
}

#[test]
fn access_domain() {
    assert_eq!(keys(SearchOrder::Domain, "a.b.org", true, &[]), "a.b.org | ~b.org | ~org");
    assert_eq!(keys(SearchOrder::Domain, "a.b.org", false, &[]), "a.b.org | ~.b.org | ~.org");
    assert_eq!(keys(SearchOrder::Domain, "helo.", true, &[]), "helo.");
    assert_eq!(keys(SearchOrder::Domain, "unknown", true, &[]), "unknown");
}

#[test]
fn access_address() {
    assert_eq!(keys(SearchOrder::Address, "1.2.3.4", true, &[]), "1.2.3.4 | ~1.2.3 | ~1.2 | ~1");
    assert_eq!(keys(SearchOrder::Address, "2001:db8::1", true, &[]), "2001:db8::1 | ~2001:db8: | ~2001:db8 | ~2001");
}

/// Expected: what mail_addr_find_opt of Postfix 3.7.11 asks with the strategies of smtpd 0x163 and 0x1a3.
#[test]
fn access_mailbox() {
    for (key, subdomains, expected) in [
        (
            "user+ext@dom.example.com",
            true,
            "user+ext@dom.example.com | ~user@dom.example.com | ~dom.example.com | ~example.com | ~com | ~user+ext@ | ~user@",
        ),
        ("u@b.org", false, "u@b.org | ~b.org | ~.org | ~u@"),
        ("a b@q.org", false, "\"a b\"@q.org | a b@q.org | ~q.org | ~.org | ~\"a b\"@ | ~a b@"),
        ("", true, "<>"),
    ] {
        assert_eq!(keys(SearchOrder::Mailbox, key, subdomains, &[]), expected, "{key}");
    }
}

/// Expected: the same with MA_FIND_DEFAULT, for a host called vm.
#[test]
fn alias() {
    for (key, expected) in [
        ("user+ext@dom.example.com", "user+ext@dom.example.com | ~user@dom.example.com | ~@dom.example.com"),
        ("User+ext@vm", "User+ext@vm | ~User@vm | ~User+ext | ~User | ~@vm"),
        ("a b+x@vm", "\"a b+x\"@vm | a b+x@vm | ~\"a b\"@vm | ~a b@vm | ~\"a b+x\" | ~a b+x | ~\"a b\" | ~a b | ~@vm"),
        ("local+ext", "local+ext | ~local"),
        ("@foo.org", "\"\"@foo.org | @foo.org | ~@foo.org"),
        ("+x@vm", "+x@vm | ~+x | ~@vm"),
        ("user+@vm", "user+@vm | ~user@vm | ~user+ | ~user | ~@vm"),
    ] {
        assert_eq!(keys(SearchOrder::Alias, key, true, &["vm"]), expected, "{key}");
    }
}

#[test]
fn transport() {
    assert_eq!(
        keys(SearchOrder::Transport, "user+e@a.b.org", false, &[]),
        "user+e@a.b.org | ~user@a.b.org | ~a.b.org | ~.b.org | ~.org | *"
    );
    assert_eq!(keys(SearchOrder::Transport, "u@a.org", true, &[]), "u@a.org | ~a.org | ~org | *");
}
