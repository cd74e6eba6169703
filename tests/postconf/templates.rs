//! Bounce templates: -b and -t.

use crate::{Programs, difference, write};

const MAIN_CF: &str = "myhostname = mx.example.com\ndelay_warning_time = 100m\nmaximal_queue_lifetime = 3d\n";

/// All four, so that no built-in text is shown: those have words of their own.
const TEMPLATES: &str = "\
# comment
failure_template = <<EOF
Charset: iso-8859-1
FROM: a <b@c> (d)
Subject : Undelivered: $myhostname
Postmaster-Subject: copy

Hello from $myhostname ${myhostname?yes} $$x
 indented
# hash

EOF

delay_template = <<  XX  
CHARSET: utf-8
From: x

d $delay_warning_time_hours h $delay_warning_time_minutes $delay_warning_time_seconds \u{e9}
q $maximal_queue_lifetime_days $delay_warning_time_days
XX
success_template = one line
verify_template = <<X
Subject: s

$(myhostname)
two
X
";

/// What stands in place of the last template.
const WRONG: &[&str] = &[
    "verify_template = <<X\nFoo: x\n\ny\nX\n",
    "verify_template = <<X\nFrom:\n\ny\nX\n",
    "verify_template = <<X\nSubject: \u{e9}\n\ny\nX\n",
    "verify_template = <<X\nSubject: s\n\nX\n",
    "verify_template = <<X\nPostmaster-Subject: s\n\ny\nX\n",
    "verify_template = <<X\n\n\u{e9}\nX\n",
    "verify_template =\n",
];

/// After all four.
const MORE: &[&str] = &[
    "",
    "foo_template = <<X\ny\nX\n",
    "verify_template = <<X\nbody\n",
    "verify_template = <<X\n\nx ${a\nX\n",
    "verify_template = <<X\n\nx $nosuch\nX\n",
    "verify_template = <<\nX\n",
    "verify_template = <<X\nSubject: a\n b\n\nx\nX\n",
    "verify_template = <<A B\nx\nA B\n",
    " verify_template = <<X\nx y: z\nQ : r\nX\n",
    "nothing\n",
];

#[test]
fn template_files_are_understood_alike() {
    let Some(programs) = Programs::find("template_files_are_understood_alike") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("bounce.cf");
    write(&directory.path().join("main.cf"), format!("{MAIN_CF}bounce_template_file = {}\n", file.display()));
    write(&directory.path().join("master.cf"), "");
    let file_name = file.to_str().expect("a path in UTF-8");
    let mut failures = Vec::new();
    let calls: &[&[&str]] = &[&["-t"], &["-b"], &["-t", file_name]];
    let right: Vec<String> = MORE.iter().map(|more| format!("{TEMPLATES}{more}")).collect();
    let wrong = WRONG.iter().map(|wrong| wrong.to_string());
    for text in right.into_iter().chain(wrong) {
        write(&file, &text);
        for words in calls {
            let (mut theirs, mut ours) = programs.run(directory.path(), words);
            if text.starts_with("verify") {
                // The warnings only: the built-in texts differ.
                (theirs.settings, ours.settings) = (Vec::new(), Vec::new());
            }
            if theirs != ours {
                failures.push(format!(
                    "{words:?} of\n{text}\nstatus {:?} {:?}\n{}{}",
                    theirs.status,
                    ours.status,
                    difference(&theirs.settings, &ours.settings),
                    difference(&theirs.messages, &ours.messages)
                ));
            }
        }
    }
    assert!(failures.is_empty(), "- Postfix, + Waxwing\n{}", failures.join("\n"));
}

/// The built-in texts have words of their own; headers and form are Postfix's.
#[test]
fn built_in_templates_have_the_same_form() {
    let Some(programs) = Programs::find("built_in_templates_have_the_same_form") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    write(&directory.path().join("main.cf"), MAIN_CF);
    write(&directory.path().join("master.cf"), "");
    let form = |lines: Vec<String>| -> Vec<String> {
        let kept = |line: &String| {
            let label = line.split_once(": ").map_or("", |(label, _)| label);
            ["Charset", "From", "Subject", "Postmaster-Subject"].contains(&label)
                || line.ends_with("<<EOF\n")
                || line == "EOF\n"
        };
        lines.iter().flat_map(|line| line.split_inclusive('\n')).map(str::to_string).filter(kept).collect()
    };
    for words in [&["-t", ""][..], &["-t"], &["-b"]] {
        let (theirs, ours) = programs.run(directory.path(), words);
        assert_eq!((theirs.status, &theirs.messages), (ours.status, &ours.messages), "{words:?}");
        assert_eq!(form(theirs.settings), form(ours.settings), "{words:?}");
    }
    let (theirs, ours) = programs.run(directory.path(), &["-t", "/no/such/file"]);
    assert_eq!(theirs, ours);
}
