//! ldap: with groups, names and URLs, and TLS.

use waxwing_tests::{namespace, needs::Need, tls};

use crate::{Both, databases, parameters, session};

const ENTRIES: &str = "\
dn: dc=test
objectClass: dcObject
objectClass: organization
o: test
dc: test

dn: ou=people,dc=test
objectClass: organizationalUnit
ou: people

dn: ou=virtual.test,dc=test
objectClass: organizationalUnit
ou: virtual.test

dn: uid=joe,ou=people,dc=test
objectClass: inetOrgPerson
objectClass: inetLocalMailRecipient
uid: joe
cn: Joe
sn: Joe
mail: joe@virtual.test
mailLocalAddress: joe@virtual.test
mailLocalAddress: joseph@virtual.test
mailRoutingAddress: joe@mx.test

dn: uid=jane,ou=people,dc=test
objectClass: inetOrgPerson
uid: jane
cn: Jane
sn: Jane
mail: jane@virtual.test
mail: jane@other.test

dn: uid=blocked,ou=virtual.test,dc=test
objectClass: inetOrgPerson
uid: blocked
cn: Blocked
sn: Blocked
mail: blocked@virtual.test
title: REJECT go away

dn: cn=all,ou=people,dc=test
objectClass: groupOfNames
cn: all
description: all@virtual.test
member: uid=joe,ou=people,dc=test
member: uid=jane,ou=people,dc=test
member: uid=gone,ou=people,dc=test
member: cn=inner,ou=people,dc=test

dn: cn=inner,ou=people,dc=test
objectClass: groupOfNames
cn: inner
description: inner@virtual.test
member: cn=inner2,ou=people,dc=test

dn: cn=inner2,ou=people,dc=test
objectClass: groupOfNames
objectClass: labeledURIObject
cn: inner2
member: uid=blocked,ou=virtual.test,dc=test
labeledURI: ldap:///ou=people,dc=test?mail?one?(uid=jane)
";

const KEYS: &[&str] = &[
    "joe@virtual.test",
    "joseph@virtual.test",
    "jane@virtual.test",
    "all@virtual.test",
    "inner@virtual.test",
    "nobody@virtual.test",
    "joe",
    "@virtual.test",
    "*",
    "j*@virtual.test",
    "joe@virtual.test)(uid=*",
    "x)(|(uid=*",
    "\\2a",
    "a,ou=people@virtual.test",
    "blocked@virtual.test",
    "blocked@nowhere.test",
];

const TABLES: &[&str] = &[
    "query_filter = (mailLocalAddress=%s)\nresult_attribute = mailRoutingAddress\n",
    "query_filter = mail=%s\nresult_attribute = mail\nresult_format = %u=%d\n",
    "query_filter = (mail=%s)\nresult_attribute = mail, cn\ndomain = virtual.test\n",
    "query_filter = (uid=%u)\nsearch_base = ou=%d,dc=test\nresult_attribute = mail\nscope = one\n",
    "query_filter = (description=%s)\nresult_attribute =\nspecial_result_attribute = member, labeledURI\nleaf_result_attribute = mail\n",
    "query_filter = (description=%s)\nresult_attribute = description\nspecial_result_attribute = member\nleaf_result_attribute = mail\n",
    "query_filter = (description=%s)\nresult_attribute = mail\nspecial_result_attribute = member\nterminal_result_attribute = cn\n",
    "query_filter = (|(mail=%s)(uid=%S))\nresult_filter = [%s]\n result_attribute = cn\nbind = yes\nbind_dn = cn=admin,dc=test\nbind_pw = secret\n",
    "query_filter = (uid=*)\nscope = sub\nresult_attribute = cn\nexpansion_limit = 50\nsize_limit = 50\n",
];

#[test]
fn slapd() {
    let needs = [Need::Postfix, Need::Waxwing, Need::Slapd, Need::TableType("ldap")];
    namespace::inside(&needs, |place| {
        let mut database = databases::slapd(place, ENTRIES);
        let both = Both::new(place.path(), "");
        let server = "server_host = 127.0.0.1\nversion = 3\n";
        let mut found = 0;
        for (number, table) in TABLES.iter().enumerate() {
            let base = if table.contains("search_base") { "" } else { "search_base = dc=test\n" };
            let bind = if table.contains("bind =") { "" } else { "bind = no\n" };
            let path = parameters(place, &format!("ldap{number}.cf"), &format!("{server}{base}{bind}{table}"));
            found += both.same_answers(&format!("ldap:{path}"), KEYS);
        }
        assert!(found > 25, "{found} answers");

        // Several servers, of which one is there; URLs; StartTLS and ldaps; a certificate that is asked for.
        let query = "search_base = dc=test\nquery_filter = (mail=%s)\nresult_attribute = cn\nbind = no\nversion = 3\n";
        let ca = tls::certificates().join("ca.pem").display().to_string();
        for (number, (servers, answers)) in [
            ("server_host = 127.0.0.1:1 127.0.0.1\n".to_string(), true),
            ("server_host = ldap://127.0.0.1:1 ldap://127.0.0.1:389\n".to_string(), true),
            ("server_host = ldaps://127.0.0.1\n".to_string(), true),
            ("server_host = 127.0.0.1\nstart_tls = yes\n".to_string(), true),
            (
                format!(
                    "server_host = ldap://mx.test\nstart_tls = yes\ntls_require_cert = yes\ntls_ca_cert_file = {ca}\n"
                ),
                true,
            ),
            (format!("server_host = ldaps://localhost\ntls_require_cert = yes\ntls_ca_cert_file = {ca}\n"), false),
            ("server_host = 127.0.0.1\nserver_port = 1\n".to_string(), false),
        ]
        .into_iter()
        .enumerate()
        {
            let path = parameters(place, &format!("server{number}.cf"), &format!("{servers}{query}"));
            let title = format!("ldap:{path}");
            let words = ["-q", "joe@virtual.test", title.as_str()];
            let (theirs, ours) = (both.theirs("postmap", &words, ""), both.ours("postmap", &words, ""));
            assert_eq!((&*ours.out, ours.status), (&*theirs.out, theirs.status), "{servers}{ours:?} {theirs:?}");
            assert_eq!(ours.status == Some(0), answers, "{servers}{ours:?}");
        }
        // A search base that is not there, and a wrong password, are errors.
        for text in [
            "search_base = dc=nowhere\nbind = no\n",
            "search_base = dc=test\nbind_dn = cn=admin,dc=test\nbind_pw = no\n",
        ] {
            let path = parameters(
                place,
                "bad.cf",
                &format!("{server}{text}query_filter = (mail=%s)\nresult_attribute = cn\n"),
            );
            let words = ["-q", "joe@virtual.test", &format!("ldap:{path}")];
            let (theirs, ours) = (both.theirs("postmap", &words, ""), both.ours("postmap", &words, ""));
            assert_eq!((ours.status, &*ours.out), (theirs.status, ""), "{text}{ours:?}");
            assert!(ours.errors.last().is_some_and(|line| line.contains("query error")), "{ours:?}");
        }

        let accounts = parameters(
            place,
            "accounts.cf",
            &format!(
                "{server}search_base = dc=test\nbind = no\nquery_filter = (mailLocalAddress=%s)\nresult_attribute = mailRoutingAddress\n"
            ),
        );
        let access = parameters(
            place,
            "access.cf",
            &format!("{server}search_base = dc=test\nbind = no\nquery_filter = (mail=%s)\nresult_attribute = title\n"),
        );
        let database = std::cell::RefCell::new(&mut database);
        let fill = std::cell::Cell::new(false);
        session(
            place,
            &format!("ldap:{accounts}"),
            &format!("ldap:{access}"),
            &mut || database.borrow_mut().start(),
            &mut || {
                database.borrow_mut().kill();
                fill.set(true);
            },
        );
    });
}
