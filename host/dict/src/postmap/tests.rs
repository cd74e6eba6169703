//! Answers and warnings side by side with Debian's postmap.

use std::{path::Path, process::Command};

use futures_util::FutureExt as _;

use super::*;
use crate::test_environment::environment;

/// The value (None: exit status 1), and the lines of standard error without `postmap: warning: `.
fn real(directory: &Path, title: &str, key: &str) -> (Option<String>, Vec<String>) {
    let output = Command::new("postmap")
        .args(["-c", ".", "-q", key, title])
        .current_dir(directory)
        .output()
        .expect("postmap starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let lines = text(output.stderr).lines().map(|line| line.replacen("postmap: warning: ", "", 1)).collect();
    (output.status.success().then(|| text(output.stdout).trim_end_matches('\n').to_string()), lines)
}

/// None, and says so, where the oracle is missing.
fn directory() -> Option<tempfile::TempDir> {
    if Command::new("postmap").arg("-V").output().is_err() {
        eprintln!("SKIPPED: there is no postmap here to compare with");
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    write_old(&directory.path().join("main.cf"), b"compatibility_level = 3.6\nmyhostname = mx.example.org\n");
    Some(directory)
}

/// Postfix waits until a file that it reads is a second old.
fn write_old(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(10)).unwrap();
}

/// Asks both. The file is named the same in both, so that warnings can be compared.
fn compare(directory: &Path, kind: &str, file: &str, content: &[u8], keys: &[&str]) {
    write_old(&directory.join(file), content);
    let path = directory.join(file).display().to_string();
    if kind == "hash" {
        // -o: as root too. The command follows the type: aliases(5) for these tests' hash tables.
        assert!(Command::new("postalias").args(["-o", &format!("hash:{path}")]).output().unwrap().status.success());
    }
    let title = format!("{kind}:{path}");
    let (environment, warnings) = environment(true);
    let mut opener = Opener::new(environment);
    opener.aliases_in(&format!("hash:{path}"));
    let (expected, expected_warnings) = real_all(directory, &title, keys);
    for (index, (key, expected)) in keys.iter().zip(expected).enumerate() {
        let answer = query(&mut opener, &title, key, true).now_or_never().expect("native").expect("no error");
        let answer = answer.filter(|value| !value.is_empty());
        assert_eq!(answer, expected.filter(|value| !value.is_empty()), "{title} {key}");
        let ours: Vec<String> = warnings.lock().unwrap().drain(..).collect();
        if index == 0 && kind != "hash" {
            assert_eq!(ours, expected_warnings, "{title}");
        }
    }
}

/// The values of all keys, those of one line in one run, and the warnings that opening the table gives.
fn real_all(directory: &Path, title: &str, keys: &[&str]) -> (Vec<Option<String>>, Vec<String>) {
    let plain = |key: &str| !key.is_empty() && !key.contains('\n');
    let lines: String = keys.iter().filter(|key| plain(key)).map(|key| format!("{key}\n")).collect();
    std::fs::write(directory.join("keys"), lines).unwrap();
    let output = Command::new("postmap")
        .args(["-c", ".", "-q", "-", title])
        .current_dir(directory)
        .stdin(std::fs::File::open(directory.join("keys")).unwrap())
        .output()
        .unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let value =
        |key: &str| answers.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('\t')).map(str::to_string);
    let values = keys.iter().map(|key| if plain(key) { value(key) } else { real(directory, title, key).0 }).collect();
    (values, real(directory, title, keys[0]).1)
}

#[test]
fn texthash_like_postmap() {
    let Some(directory) = directory() else { return };
    let text = "# c\na\t1\nA 2\nb\n\"q q\" 3\n\"un bal 4\nc: 5\nd\\ e 6\n cont\nf\tv  \n x   y   \nlonely\n  \n after blank\n# comment\n cont2\n\u{e9} 7\n\u{c9} 8\n\"a\\\"b\" 9\ng #nope\nCase.Org X\n";
    let mut content = text.as_bytes().to_vec();
    content.extend_from_slice(b"bad\xff x\nok y\n");
    let keys = [
        "a",
        "A",
        "b",
        "\"q q\"",
        "q q",
        "c:",
        "d\\",
        "d\\ e",
        "f",
        "lonely",
        "\u{e9}",
        "\u{c9}",
        "\"a\\\"b\"",
        "g",
        "ok",
        "bad",
        "case.org",
        "CASE.org",
        "",
    ];
    compare(directory.path(), "texthash", "th", &content, &keys);
}

#[test]
fn aliases_like_postalias() {
    let Some(directory) = directory() else { return };
    let content = "# c\nroot: user1,   user2\n\"quoted name\": x\nPostmaster: \"|/usr/bin/foo  bar baz\"\n\
        list: :include:/etc/list\ncont: a,\n  b,\n\tc\nfile: /var/mail/x, \"/a b/c\"\nparen (comment): a (c2) b\n\
        bad@x: y\nnokey\n: v\nk:\nempty: \"\"\na, b: c\nroot: dup\n\
        dom: user@example.com, \"joe blow\"@x.org, <foo@bar>, Name Phrase <z@z>\nesc: \\root, a\\ b\nmulti: a b c\n\
        grp: g: a,b;\nlit: u@[1.2.3.4]\npct%: v\nspc :   v w\n\"un\n\u{e9}: \u{fc}@\u{e9}\ntab:\tx\ty,z\nq: \"a\\\"b\"\n\
        up!x: y\ndot.ted: a.b@c.d, x..y\nbs: a\\,b\n";
    let keys = [
        "root",
        "ROOT",
        "quoted name",
        "\"quoted name\"",
        "postmaster",
        "list",
        "cont",
        "file",
        "paren (comment)",
        "bad@x",
        "k",
        "empty",
        "a",
        "dom",
        "esc",
        "multi",
        "grp",
        "lit",
        "pct%",
        "spc",
        "\u{e9}",
        "\u{c9}",
        "tab",
        "q",
        "up!x",
        "up",
        "dot.ted",
        "bs",
        "nokey",
    ];
    compare(directory.path(), "hash", "al", content.as_bytes(), &keys);
}

const PATTERNS: &str = "# comment\n/^one$/ 1\n/^TWO$/i 2\n/three/ix 3\n/^(a)(b)$/ $2-$1-${1}-$(2)-$$-${3}\n\
    /^(c)(d)$/ $2-$1-${1}-$(2)-$$\n/nope/q x\n/noclose x\n/norepl/\n/(bad/ x\n/^e0/ $0\n/^e1/ $x\n/^e2/ ${1\n\
    /^e3(.)/ $1x\n/^e4(.)/ ${1?yes}\n/^e5/ $\n \n#x\n|^p\\|ipe/|i got |\nif /^if/\n/^if1/ if1 \n  continued\n\
    if !/2$/\n/^if.*3$/ notwo\nendif extra\n/^ifx/ ifx\nendif\nif /q/ extra\n/^q1/ q1\nENDIF\nendif\nfoo bar\n\
    !!/^dbl$/ dbl\n/^opt(x)?end/ [$1]\n/^([[:digit:](]+)z/ d$1\nif /(/\n/^afterbadif/ yes\nendif\n\
    /^two(.)$/m/!/x$/ two $1\n/a\\/b/ slash\n~^t~ tilde\n/^\\$/ dollar$$\nif   /y/\n/^y/ yy\n/^m\nif /z/\n/zz/ zed\n\
    !/^!neg/ x$1\n! /./ never\n";

const PATTERN_KEYS: &[&str] = &[
    "one",
    "ONE",
    "two",
    "TWO",
    "three",
    "ab",
    "cd",
    "norepl",
    "e0",
    "e1",
    "e2",
    "e3a",
    "e4a",
    "e5",
    "p|ipe/",
    "P|ipe/",
    "if1",
    "ifa3",
    "ifa2",
    "ifx",
    "q1",
    "dbl",
    "optend",
    "optxend",
    "12(z",
    "afterbadif",
    "two1",
    "a/b",
    "tx",
    "$",
    "y",
    "zz",
    "zed",
    "",
    "nothing",
];

#[test]
fn regexp_like_postmap() {
    let Some(directory) = directory() else { return };
    let second = format!("{PATTERNS}/^sec/!/x$/ secv\n");
    let keys: Vec<&str> = PATTERN_KEYS.iter().copied().chain(["secx", "secy", "ysecy", "ysecx"]).collect();
    compare(directory.path(), "regexp", "re", second.as_bytes(), &keys);
    let flags = "/^a.c$/m m1\n/\\(b\\)x/x basic$1\n/^(\u{e9})$/ u$1\n/^UP$/i up\n";
    compare(directory.path(), "regexp", "flags", flags.as_bytes(), &["a\nc", "x\na.c\ny", "bx", "\u{e9}", "up", "UP"]);
}

#[test]
fn pcre_like_postmap() {
    let Some(directory) = directory() else { return };
    compare(directory.path(), "pcre", "pc", PATTERNS.as_bytes(), PATTERN_KEYS);
    let flags = "/a$/E x\n/b/A y\n/q(.*)r/U z$1\n/a b # c/x w\n/(\u{e9})/ u$1\n/^.$/ one\n/b/X x\n/c/x/ z\n\
        /[$]d/E class\n/^(?<n>g+)h$/ $1\n/m.n/s ms\n/^k$/m multi\n/(?=w)w(/ x\n/v[/ x\n";
    let keys = [
        "a", "a\n", "ba", "b", "bc", "qrr", "qxryr", "ab", "\u{e9}", "\u{c9}", "\u{fc}", "$d", "ggh", "m\nn",
        "x\nk\ny", "mxn",
    ];
    compare(directory.path(), "pcre", "flags", flags.as_bytes(), &keys);
    let limit = "/^(a+)+$/ x\n/./ y\n";
    let long = format!("{}b", "a".repeat(60));
    compare(directory.path(), "pcre", "limit", limit.as_bytes(), &["zz", &long]);
}

#[test]
fn cidr_like_postmap() {
    let Some(directory) = directory() else { return };
    let content = "# c\n1.2.3.4 exact\n10.0.0.0/8\tten\nif 172.16.0.0/12\n172.16.1.0/24 s1\nif !172.16.2.0/24\n\
        172.16.0.0/15 n2\nendif\nendif xx\nendif\n10.0.0.1/8 bad\n1.2.3 b\n1.2.3.4/33 b\n::1/128\n2001:db8::/32 v6\n\
        [2001:db9::]/32 v6b\n[2001:dba::/32] v6c\n[1.2.3.5] br\n[1.2.3.6]/32 br2\nx y\nif\nif 1.2.3.4 extra\nif foo\n\
        1.2.3.07 oct\n1.2.3.4/ x\n/8 x\n!! 8.8.8.8 dbl\n[::1]/64 a\n[::1 b\n[::1]x c\n[::]/129 e\n[::]/x f\n[1.2.3.4/8] g\n\
        if ! \n!1.2.3.4\n! 9.9.9.9 not9\n!::2 not2\nif 1.1.1.1\n";
    let keys = [
        "1.2.3.4",
        "10.3.3.3",
        "172.16.1.3",
        "172.16.2.3",
        "172.17.3.3",
        "2001:db8::5",
        "2001:DB9::1",
        "2001:dba::1",
        "1.2.3.5",
        "1.2.3.6",
        "9.9.9.9",
        "8.8.8.8",
        "foo",
        "",
        "::1",
        "::2",
        "[1.2.3.4]",
        "1.2.3.04",
    ];
    compare(directory.path(), "cidr", "ci", content.as_bytes(), &keys);
}

/// Specifications that need no file: the same value or the same fatal error.
#[test]
fn other_types_like_postmap() {
    let Some(directory) = directory() else { return };
    let path = directory.path();
    let cases = [
        ("foo:bar", "x"),
        ("static:", "a"),
        (":x", "a"),
        ("static:{x y}", "a"),
        ("static: x", "a"),
        ("static:{ x y }", "a"),
        ("static:{x}y", "a"),
        ("inline:x", "a"),
        ("inline:{}", "a"),
        ("inline:{a}", "a"),
        ("inline:{ a=b, {e = f g} }", "E"),
        ("inline:{a=b a=c}", "a"),
        ("inline:{a=b", "a"),
        ("inline:{a=b}x", "a"),
        ("inline:{{a=b}x}", "a"),
        ("inline:{A=b}", "a"),
        ("inline:{{a=b,c}}", "a"),
        ("pipemap:x", "a"),
        ("pipemap:{}", "a"),
        ("pipemap:{foo:x}", "a"),
        ("pipemap:{inline:{a=b}, inline:{b=c}}", "A"),
        ("pipemap:{inline:{a=B}, inline:{b=c}}", "A"),
        ("pipemap:{inline:{a=b} inline:{b=c}}", "x"),
        ("unionmap:{inline:{a=b},static:x,inline:{q=3}}", "a"),
        ("unionmap:{fail:b,static:x}", "a"),
        ("pipemap:{static:x,fail:b}", "a"),
        ("fail:x", "a"),
        ("randmap:{ }", "a"),
        ("randmap:x", "a"),
        ("randmap:{ {r s} }", "a"),
        ("unionmap:{a}", "a"),
        ("unix:foo", "x"),
        ("unix:passwd.byname", "ROOT"),
        ("unix:group.byname", "daemon"),
        ("unix:passwd.byname", "nobody-of-that-name"),
        ("environ:x", "PATH"),
        ("texthash:/nonexistent", "x"),
        ("regexp:/nonexistent", "x"),
        ("cidr:/nonexistent", "x"),
        ("regexp:{ { /a/ b }, {/c/ d}, /e/ }", "c"),
        ("regexp:{ { /a/ b }, {/c/ d} }", "c"),
        ("regexp:{ x", "c"),
        ("pcre:{{/(a)/ <$1>}}", "a"),
        ("cidr:{ {1.2.3.4 b}, {1.0.0.0/8 d} }", "1.9.9.9"),
    ];
    // At once, since postmap sleeps a second before it ends with a fatal error.
    let expected: Vec<_> = std::thread::scope(|scope| {
        let run = cases.map(|(title, key)| scope.spawn(move || real(path, title, key)));
        run.into_iter().map(|running| running.join().unwrap()).collect()
    });
    for ((title, key), (expected, mut errors)) in cases.into_iter().zip(expected) {
        let (environment, _) = environment(true);
        let mut opener = Opener::new(environment);
        let answer = query(&mut opener, title, key, true).now_or_never().expect("native");
        match answer {
            Ok(value) => assert_eq!(value, expected, "{title} {key}: {errors:?}"),
            Err(error) => {
                let ours = format!("postmap: fatal: {error}");
                assert_eq!(errors.pop(), Some(ours), "{title} {key}");
            }
        }
    }
}

#[test]
fn types_of_other_builds_are_told_from_unknown_ones() {
    let (environment, _) = environment(true);
    let mut opener = Opener::new(environment);
    let mut error = |title: &str| opener.open(title, Options::default()).map(|_| ()).expect_err(title).to_string();
    for kind in ["nisplus", "netinfo", "sdbm", "internal"] {
        let text = error(&format!("proxy:{kind}:/x"));
        assert!(text.contains(&format!("tables of type {kind} are not supported because ")), "{text}");
    }
    assert_eq!(error("moo:/x"), "unsupported dictionary type: moo");
    assert_eq!(error("wasm:gone"), "wasm:gone: no plugin gone");
}

#[test]
fn sequence_lists_the_file_in_its_order() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "b 2\nA 1\n").unwrap();
    let (environment, _) = environment(true);
    let title = format!("hash:{}", file.path().display());
    let entries = sequence(&mut Opener::new(environment.clone()), &title).unwrap();
    assert_eq!(entries, [("b".into(), "2".into()), ("a".into(), "1".into())]);
    let error = sequence(&mut Opener::new(environment), "static:x").unwrap_err();
    assert_eq!(error.to_string(), "table static:x: sequence operation is not supported");
}

#[test]
fn regsub_can_be_forbidden() {
    let (environment, warnings) = environment(true);
    let table = Opener::new(environment).open("regexp:{{/(a)/ $1}, {/a/ plain}}", Options { regsub: false }).unwrap();
    assert_eq!(crate::test_environment::now(table.lookup("a")), Ok(Some("plain".into())));
    assert!(
        warnings.lock().unwrap()[0].ends_with("regular expression substitution is not allowed: skipping this rule")
    );
}
