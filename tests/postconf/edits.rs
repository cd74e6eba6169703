//! What an edit leaves in the files, byte by byte.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use waxwing_tests::needs::say;

use crate::{Answer, Programs, answer, difference, their_command, write};

const MAIN_CF: &str = "\
# top comment
myhostname = a.b
# between
  
relayhost =
   [x.y]
# in comment
\t:25
# after
 #indented comment
dup = 1
mydomain=b
dup = 2
  cont of dup

mynetworks_style\t=\thost
noequals
long = a, b,
  c
not ascii = \u{e9}
last = x
";

const MASTER_CF: &str = "\
# top
smtp      inet  n       -       y       -       -       smtpd
  -o smtpd_client_restrictions=$x
#  -o commented=1
  -o { foo_opt = a b c }
  -o bar=1 -o bar=2
# between

  -v
#submission inet n - y - - smtpd
#  -o syslog_name=x
pickup    unix  n       -       y       60      1       pickup
 # indented comment
dup unix - - n - 1 smtp
dup unix - - n - 2 smtp -o x=1
pipey   unix  -       n       n       -       -       pipe
  flags=DRhu user=vmail:mail argv=/usr/bin/spamc -s 1500000 -u ${recipient} -e /usr/lib/dovecot/deliver -d ${recipient} and { braces  in here } end
lastone unix - - n - 1 smtp
# bottom
";

const CALLS: &[&[&str]] = &[
    &["-e", "relayhost=new"],
    &["relayhost="],
    &["dup=3"],
    &["dup= a  b \t c "],
    &["newone=1"],
    &["-e", "last=x"],
    &["-#", "relayhost", "dup", "last"],
    &["-X", "relayhost", "dup", "nosuch"],
    &["-#", "#foo"],
    &["#a=b"],
    &["-X", "a\nb"],
    &["a=b", "a=c"],
    &["noequals=2"],
    &["-#", "noequals"],
    &["mynetworks_style=x"],
    &["x y = z"],
    &["-pe", "relayhost=q", "myhostname=w", "mydomain=$myhostname"],
    &["a=#c"],
    &["-X", "a b"],
    &["-X", " dup "],
    &["-X", "long", "mydomain", "myhostname"],
    &["long=1", "--", "foo=2"],
    &["a=\u{e9} \u{fc}"],
    &["-v", "a=b"],
    &["not=1"],
    &["-Me", "smtp/inet=smtp inet n - n - 10 smtpd -v"],
    &[
        "-Me",
        "new/unix=new unix - - n - - pipe flags=a -o x=y argv=foo {a  b } long long long long long long long long long long long long long",
    ],
    &["-M", "smtp/unix=smtp unix - - - - - smtp -o a=b -ovv -o { c = d e }"],
    &["-Me", "dup/unix=dup unix - - n - 3 smtp"],
    &["-Me", "*/inet=smtp inet n - n - - smtpd"],
    &["-Me", "smtp/inet=other unix n - n - - smtpd"],
    &["-Me", "smtp/inet=smtp inet n - n"],
    &["-Me", "smtp/inet="],
    &["-Me", "smtp/foo=smtp foo n - n - - x"],
    &["-Me", "smtp/inet=smtp inet x - n - - smtpd"],
    &["-Me", "smtp/inet=smtp inet n - n - - smtpd\n -o x=y"],
    &["-Me", "#smtp/inet=smtp inet n - n - - smtpd"],
    &["-Me", "127.0.0.1:10025/inet=127.0.0.1:10025 inet n - n - 1000 smtpd -o content_filter="],
    &["-MX", "dup/unix"],
    &["-MX", "*/unix"],
    &["-MX", "nosuch/inet"],
    &["-M#", "smtp/inet"],
    &["-M#", "dup/unix"],
    &["-M#", "*/*"],
    &["-M#", "smtp/inet", "pickup/unix"],
    &["-Fe", "smtp/inet/chroot=n"],
    &["-Fe", "smtp/inet/chroot=x"],
    &["-Fe", "smtp/inet/command=smtpd -o a=b {c}"],
    &["-Fe", "smtp/inet/command=  smtpd   -v  "],
    &["-Fe", "*/unix/chroot=y"],
    &["-Fe", "nosuch/unix/chroot=y"],
    &["-Fe", "smtp/inet/foo=y"],
    &["-Fe", "dup/unix/process_limit=7"],
    &["-Fe", "smtp/inet/service=smtps"],
    &["-Fe", "smtp/inet/type=unix"],
    &["-F", "smtp/inet/wakeup=1", "smtp/inet/private=-", "pickup/unix/wakeup=10?"],
    &["-Fe", "smtp/inet/wakeup="],
    &["-Fe", "smtp/inet/wakeup=a b"],
    &["-Fe", "smtp/inet/*=a"],
    &["-Pe", "smtp/inet/bar=9"],
    &["-Pe", "smtp/inet/new=a b"],
    &["-Pe", "smtp/inet/new="],
    &["-Pe", "dup/unix/x=2"],
    &["-Pe", "*/unix/y=2"],
    &["-Pe", "pipey/unix/y=2"],
    &["-Pe", "nosuch/inet/x=1"],
    &["-P", "smtp/inet/bar=1", "smtp/inet/new=2", "pickup/unix/x=y"],
    &["-Pe", "smtp/inet/*=3"],
    &["-Pe", "smtp/inet/foo_opt={x}"],
    &["-PX", "smtp/inet/bar"],
    &["-PX", "smtp/inet/foo_opt"],
    &["-PX", "smtp/inet/bar", "smtp/inet/foo_opt", "dup/unix/x"],
    &["-PX", "smtp/inet/*"],
    &["-PX", "*/*/x"],
    &["-PX", "smtp/inet/nosuch"],
    &["-PX", "nosuch/inet/x"],
];

struct Edited {
    answer: Answer,
    main_cf: String,
    master_cf: String,
}

fn edited(directory: &Path, command: std::process::Command, words: &[&str]) -> Edited {
    write(&directory.join("main.cf"), MAIN_CF);
    write(&directory.join("master.cf"), MASTER_CF);
    let answer = answer(command, directory, words);
    let read = |name: &str| fs::read_to_string(directory.join(name)).expect("an edit leaves the file");
    Edited { answer, main_cf: read("main.cf"), master_cf: read("master.cf") }
}

#[test]
fn files_are_the_same_after_an_edit() {
    let Some(programs) = Programs::find("files_are_the_same_after_an_edit") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let lines = |text: &str| text.split_inclusive('\n').map(str::to_string).collect::<Vec<_>>();
    let (mut failures, mut changed) = (Vec::new(), 0);
    for words in CALLS {
        let theirs = edited(directory.path(), their_command(), words);
        let ours = edited(directory.path(), programs.our_command(), words);
        changed += usize::from(theirs.main_cf != MAIN_CF || theirs.master_cf != MASTER_CF);
        if theirs.answer != ours.answer || theirs.main_cf != ours.main_cf || theirs.master_cf != ours.master_cf {
            failures.push(format!(
                "postconf {words:?}: status {:?} {:?}\n{}{}{}",
                theirs.answer.status,
                ours.answer.status,
                difference(&theirs.answer.messages, &ours.answer.messages),
                difference(&lines(&theirs.main_cf), &lines(&ours.main_cf)),
                difference(&lines(&theirs.master_cf), &lines(&ours.master_cf))
            ));
        }
    }
    say(&format!("postconf: {} edits, {changed} change a file, {} differ", CALLS.len(), failures.len()));
    assert!(changed > CALLS.len() / 2, "only {changed} edits changed anything");
    assert!(failures.is_empty(), "- Postfix, + Waxwing\n{}", failures.join("\n"));
}

/// Postfix gives the file to root and everyone may read it; we leave mode and owner.
#[test]
fn mode_stays_and_no_file_is_left_behind() {
    let Some(programs) = Programs::find("mode_stays_and_no_file_is_left_behind") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let main_cf = directory.path().join("main.cf");
    write(&main_cf, "a = 1");
    fs::set_permissions(&main_cf, fs::Permissions::from_mode(0o640)).expect("the owner sets the mode");
    let done = answer(programs.our_command(), directory.path(), &["b=2"]);
    assert_eq!(done.status, Some(0), "{done:?}");
    assert_eq!(fs::read_to_string(&main_cf).expect("main.cf"), "a = 1\nb = 2\n", "a line without its end is ended");
    assert_eq!(fs::metadata(&main_cf).expect("main.cf").permissions().mode() & 0o777, 0o640);
    let done = answer(programs.our_command(), directory.path(), &["-Me", "a/b=c"]);
    assert_eq!(done.status, Some(1), "{done:?}");
    let names: Vec<_> = fs::read_dir(directory.path()).expect("it is there").flatten().map(|e| e.file_name()).collect();
    assert_eq!(names, ["main.cf"]);
}
