use std::time::{Duration, Instant};

use bytes::Bytes;
use mail::Status;

use super::*;

fn shell(script: &str, seconds: u64) -> CommandEnd {
    let words = ["/bin/sh", "-c", script].map(str::to_string).to_vec();
    run(&command_run(vec![words], seconds))
}

fn command_run(programs: Vec<Vec<String>>, seconds: u64) -> CommandRun {
    CommandRun {
        owner: None,
        programs,
        directory: None,
        usual_directory: "/tmp".into(),
        environment: vec![("PATH".into(), "/usr/bin:/bin".into()), ("WORD".into(), "a b;c".into())],
        time_limit: Duration::from_secs(seconds),
        input: Content::Memory(Bytes::from_static(b"line one\nline two\n")),
    }
}

fn printed(end: &CommandEnd) -> String {
    String::from_utf8_lossy(&end.output).into_owned()
}

#[test]
fn input_environment_directory_and_session() {
    let end = shell("cat; pwd; env | sort | grep -v ^_; ps -o sid= -p $$ | tr -d ' ' | grep -qx $$ && echo leads", 20);
    // A shell adds its own idea of where it is.
    let text = printed(&end).replace("PWD=/tmp\n", "").replace("OLDPWD=\n", "");
    assert_eq!(end.how, Ended::Exited(0), "{text}");
    assert_eq!(text, "line one\nline two\n/tmp\nPATH=/usr/bin:/bin\nWORD=a b;c\nleads\n");
}

#[test]
fn endings_and_what_they_mean() {
    let said = "said so";
    for (script, status, text) in [
        (
            "echo oops >&2; exit 3",
            Status::permanent(3, 0),
            "Command died with status 3: \"cmd\". Command output: oops ",
        ),
        ("exit 75", Status::temporary(3, 0), "temporary failure"),
        ("printf 'a\\tb\\001'; exit 67", Status::permanent(1, 1), "user unknown. Command output: a b_"),
        ("exit 63", Status::permanent(3, 0), "Command died with status 63: \"cmd\""),
        ("exit 79", Status::permanent(3, 0), "Command died with status 79: \"cmd\""),
        ("kill -9 $$", Status::temporary(3, 0), "Command died with signal 9: \"cmd\""),
        ("printf '4.7.9 said so'; exit 1", Status::temporary(7, 9), said),
        ("printf '5.7.9 said so'; exit 75", Status::permanent(7, 9), said),
        (
            "printf '2.0.0 fine'; exit 1",
            Status::permanent(3, 0),
            "Command died with status 1: \"cmd\". Command output: 2.0.0 fine",
        ),
    ] {
        assert_eq!(judge(&shell(script, 20), "cmd", "pipe"), Err((status, text.to_string())), "{script}");
    }
    assert_eq!(judge(&shell("echo 5.1.1 ignored", 20), "cmd", "pipe"), Ok("5.1.1 ignored ".to_string()));
}

#[test]
fn time_is_limited_for_the_whole_group() {
    let begin = Instant::now();
    let end = shell("echo begun; sleep 60 & sleep 60", 1);
    assert_eq!((end.how.clone(), printed(&end).as_str()), (Ended::TimedOut, "begun\n"));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    let text = "Command time limit exceeded: \"cmd\". Command output: begun ".to_string();
    assert_eq!(judge(&end, "cmd", "pipe"), Err((Status::permanent(3, 0), text)));
    // Closed output does not end the wait for the command.
    let end = shell("exec >&- 2>&-; sleep 60", 1);
    assert_eq!(end.how, Ended::TimedOut);
}

#[test]
fn much_output_is_read_and_little_is_kept() {
    let end = shell("head -c 1000000 /dev/zero | tr '\\0' x; exit 1", 20);
    assert_eq!((end.how, end.output.len()), (Ended::Exited(1), OUTPUT_LIMIT));
}

#[test]
fn what_cannot_start_is_tried_again_later() {
    let no_program = run(&command_run(vec![vec!["/no/such/program".into()]], 5));
    let text = "temporary failure. Command output: pipe: fatal: pipe_command: execvp /no/such/program: No such file or directory ";
    assert_eq!(judge(&no_program, "x", "pipe"), Err((Status::temporary(3, 0), text.to_string())));
    let mut elsewhere = command_run(vec![vec!["true".into()]], 5);
    elsewhere.directory = Some("/no/such/place".into());
    let (_, text) = judge(&run(&elsewhere), "x", "pipe").expect_err("no directory");
    assert!(text.contains("fatal: cannot change directory to \"/no/such/place\" for uid="), "{text}");
    // A word without a slash that no directory has is left to the shell, whatever it makes of it.
    let fallback = vec![vec!["no-such-word".to_string()], ["sh", "-c", "exit 70"].map(str::to_string).to_vec()];
    assert_eq!(run(&command_run(fallback, 5)).how, Ended::Exited(70));
}

#[test]
fn large_input_arrives_whole() {
    let content = Content::Memory(Bytes::from("0123456789\r\n".repeat(300_000)));
    let lines = Lines::default();
    let mut large = command_run(vec![["sh", "-c", "cat | cksum"].map(str::to_string).to_vec()], 20);
    large.input = input(b"From x\n", &content, &lines, true).expect("converted");
    let expected = "From x\n".to_string() + &"0123456789\n".repeat(300_000) + "\n";
    assert_eq!(large.input.len(), expected.len() as u64);
    let end = run(&large);
    assert!(printed(&end).ends_with(&format!(" {}\n", expected.len())), "{}", printed(&end));
}
