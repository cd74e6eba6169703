use super::*;

/// As seen from Postfix 3.7.11, where addresses without a domain get `@mx.test`.
const REWRITTEN: &[(&str, &str)] = &[
    ("joe", "joe@mx.test"),
    ("joe@host", "joe@host"),
    ("joe@a.test", "joe@a.test"),
    ("<joe>", "<joe@mx.test>"),
    ("<joe@a.test>", "<joe@a.test>"),
    ("Joe Doe <joe>", "Joe Doe <joe@mx.test>"),
    ("\"Doe, Joe\" <joe>", "\"Doe, Joe\" <joe@mx.test>"),
    ("\"Joe \\\"X\\\" Doe\" <joe>", "\"Joe \\\"X\\\" Doe\" <joe@mx.test>"),
    ("J. R. Doe <joe>", "J.R.Doe <joe@mx.test>"),
    ("joe (Joe Doe)", "joe@mx.test (Joe Doe)"),
    ("(Joe) joe", "joe@mx.test (Joe)"),
    ("Joe <joe(c)@host(d)>", "Joe <joe(c)@host(d)>"),
    ("joe (a (b) c)", "joe@mx.test (a (b) c)"),
    ("joe (a \\) b)", "joe@mx.test (a \\) b)"),
    ("joe (open", "joe@mx.test (open"),
    ("joe, jim", "joe@mx.test, jim@mx.test"),
    (
        "a, b, c@host, d@a.test, \"e f\", <g>, H <h>",
        "a@mx.test, b@mx.test, c@host, d@a.test, \"e f\"@mx.test,\r\n\t<g@mx.test>, H <h@mx.test>",
    ),
    ("joe,jim,bob", "joe@mx.test, jim@mx.test, bob@mx.test"),
    ("joe,,jim,", "joe@mx.test, , jim@mx.test, "),
    (",,,", ",,,"),
    ("list: joe, jim;", "list: joe@mx.test, jim@mx.test;"),
    ("undisclosed-recipients:;", "undisclosed-recipients:;"),
    ("list: joe;, bob", "list: joe@mx.test;, bob@mx.test"),
    ("list: joe; bob", "list: joe@mx.test;, bob@mx.test"),
    ("a: b: joe;;", "a:b: joe@mx.test;;"),
    ("My Friends: Joe <joe>, jim;", "My Friends: Joe <joe@mx.test>, jim@mx.test;"),
    ("\"My: Friends\": joe;", "\"My: Friends\": joe@mx.test;"),
    ("a!b@c.test", "a!b@c.test"),
    ("joe%host@a.test", "joe%host@a.test"),
    ("\"joe doe\"@a.test", "\"joe doe\"@a.test"),
    ("\"joe doe\"", "\"joe doe\"@mx.test"),
    ("\"joe@x\"@a.test", "\"joe@x\"@a.test"),
    ("\"joe\"@a.test", "joe@a.test"),
    ("\"joe\"", "joe@mx.test"),
    ("\"joe..doe\"", "\"joe..doe\"@mx.test"),
    ("\"joe\\\"doe\"", "\"joe\\\"doe\"@mx.test"),
    ("joe@[10.0.0.1]", "joe@[10.0.0.1]"),
    ("joe@[ 10.0.0.1 ]", "joe@[ 10.0.0.1 ]"),
    ("joe..doe@host", "\"joe..doe\"@host"),
    (".joe", "\".joe\"@mx.test"),
    ("joe@", "joe@"),
    ("@host", "\"\"@host"),
    ("joe@b@c", "\"joe@b\"@c"),
    ("joe @ host", "joe @ host"),
    ("joe . doe @ a . test", "joe . doe @ a . test"),
    ("Joe Doe", "Joe@mx.test, Doe@mx.test"),
    ("Joe Doe joe@a.test", "Joe@mx.test, Doe@mx.test, joe@a.test"),
    ("Joe <joe", "\"Joe <joe\"@mx.test"),
    ("<joe> <jim>", "<joe@mx.test> <jim@mx.test>"),
    ("<<joe>>", "< <\"joe>\"@mx.test>"),
    ("<>", "<>"),
    ("Joe <>", "Joe <>"),
    ("joe; jim", "joe@mx.test;, jim@mx.test"),
    ("joe: jim", "\"joe:jim\"@mx.test"),
    ("joe\\ doe", "\"joe doe\"@mx.test"),
    ("\"joe", "joe@mx.test"),
    ("Joe\tDoe\t<joe>", "Joe Doe <joe@mx.test>"),
    ("Jöe <joe>", "Jöe <joe@mx.test>"),
    ("jöe", "jöe@mx.test"),
    ("joe (Jöe)", "joe@mx.test (Jöe)"),
    ("\"Jöe\" <joe>", "\"Jöe\" <joe@mx.test>"),
    ("joe+ext", "joe+ext@mx.test"),
    ("JOE@HOST", "JOE@HOST"),
    ("joe@tést", "joe@tést"),
    ("*", "*@mx.test"),
    ("joe=doe", "joe=doe@mx.test"),
    ("/dev/null", "/dev/null@mx.test"),
    ("\"|cmd\"", "|cmd@mx.test"),
    ("$x", "$x@mx.test"),
    ("=?utf-8?q?L=C3=A4?=: joe;", "=?utf-8?q?L=C3=A4?=: joe@mx.test;"),
    ("(nobody)", "(nobody)"),
    ("Joe (a) Doe (b) <joe> (c)", "Joe (a) Doe (b) <joe@mx.test>(c)"),
    ("Joe\n Doe\n <joe>", "Joe Doe <joe@mx.test>"),
    ("joe,\n jim,\n\tbob", "joe@mx.test, jim@mx.test, bob@mx.test"),
    ("joe (a\n b)", "joe@mx.test (a  b)"),
    ("\"joe\n doe\" <joe>", "\"joe  doe\" <joe@mx.test>"),
    ("a.\"b c\".d@host", "\"a.b c.d\"@host"),
];

fn rewritten(value: &str) -> String {
    let mut list = AddressList::parse(value);
    for address in list.addresses() {
        if !address.contains('@') {
            address.push_str("@mx.test");
        }
    }
    match list.is_changed() {
        true => String::from_utf8_lossy(&list.header("To", 1000)).into_owned(),
        false => format!("To: {value}\r\n"),
    }
}

#[test]
fn as_postfix_writes_rewritten_headers() {
    let wrong: Vec<String> = REWRITTEN
        .iter()
        .map(|(value, expected)| (value, format!("To: {expected}\r\n"), rewritten(value)))
        .filter(|(_, expected, got)| expected != got)
        .map(|(value, expected, got)| format!("{value:?}: {got:?}, not {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn long_lists_are_folded() {
    let users: Vec<String> = (0..9).map(|n| format!("user{n}")).collect();
    assert_eq!(
        rewritten(&users.join(",")),
        "To: user0@mx.test, user1@mx.test, user2@mx.test, user3@mx.test,\r\n\tuser4@mx.test, user5@mx.test, user6@mx.test, \
         user7@mx.test,\r\n\tuser8@mx.test\r\n"
    );
}

#[test]
fn bytes_that_are_no_text_stay() {
    let mut list = AddressList::parse_bytes(b"J\xf6e <joe>", 100);
    list.addresses().for_each(|address| address.push_str("@mx.test"));
    assert_eq!(list.header("From", 1000), b"From: J\xf6e <joe@mx.test>\r\n");
}

#[test]
fn a_long_header_is_cut() {
    let list = AddressList::parse("a@b, c@d, e@f");
    assert_eq!(list.header("To", 12), b"To: a@b, c@d\r\n");
    assert_eq!(list.header("To", 0), b"\r\n");
}

#[test]
fn a_limit_cuts_the_list() {
    let header = |limit| {
        let list = AddressList::parse_limited("a@b, \"c d\" <e@f>, g@h", limit);
        String::from_utf8_lossy(&list.header("To", 1000)).into_owned()
    };
    assert_eq!(header(100), "To: a@b, \"c d\" <e@f>, g@h\r\n");
    assert_eq!(header(4), "To: a@b, \r\n");
    assert_eq!(header(3), "To: a@b\r\n");
}

#[test]
fn nothing_panics() {
    for value in [
        "<",
        ">",
        "(",
        "\\",
        "\"",
        ",,",
        ";:",
        "a:b:c",
        "<<>>",
        "(é",
        "@,@:",
        "[",
        ":",
        "é <é",
        "(a)(b)>(c)<",
        ";;>",
        ">)",
    ] {
        rewritten(value);
    }
}
