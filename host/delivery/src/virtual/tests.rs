use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use hook::Content;

use super::*;
use crate::{
    OwnRights,
    testing::{self, FakeTables, Zone},
};

const MESSAGE: &[u8] = b"Received: by x\r\nSubject: hi\r\n\r\nFrom the start\r\n.\r\n";

fn id(number: u32) -> &'static str {
    // Tables live as long as the test; a leak of a few bytes keeps the table type simple.
    Box::leak(number.to_string().into_boxed_str())
}

fn agent(base: &std::path::Path, main_cf: &str, more: &[((&'static str, &'static str), &'static str)]) -> Virtual {
    // virtual(8) takes no gid 0, but the direct writer only has this process's rights.
    let text = format!(
        "virtual_mailbox_base = {}\nvirtual_mailbox_maps = boxes\nvirtual_uid_maps = uids\nvirtual_gid_maps = gids\n\
         virtual_minimum_uid = 1\nvirtual_mailbox_lock = fcntl, dotlock\n{main_cf}",
        base.display()
    );
    let config = testing::config(&text);
    let mut tables = FakeTables::default();
    for (user, path) in [("a@v.test", "a/"), ("b@v.test", "b"), ("deep@v.test", "x/y/z/")] {
        tables.0.insert(("boxes", user), path);
        tables.0.insert(("uids", user), id(nix::unistd::geteuid().as_raw()));
        tables.0.insert(("gids", user), id(nix::unistd::getegid().as_raw()));
    }
    tables.0.extend(more.iter().copied());
    let mut settings = Settings::from_config(&config).expect("good settings");
    settings.minimum_uid = 0;
    let writer = Arc::new(OwnRights);
    Virtual::new(settings, testing::services(Zone::default(), tables), writer, testing::status_log(&config))
        .expect("an agent")
}

fn root_group() -> Vec<((&'static str, &'static str), &'static str)> {
    ["a@v.test", "b@v.test", "deep@v.test"].map(|user| (("gids", user), "1")).to_vec()
}

async fn deliver(agent: &Virtual, recipient: &str) -> RecipientStatus {
    let mut request = testing::request("v.test", &[recipient], MESSAGE);
    request.transport = "virtual".to_string();
    agent.deliver(request).await.remove(0)
}

fn files(directory: &std::path::Path) -> Vec<PathBuf> {
    std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()).collect()
}

#[tokio::test]
async fn maildir_as_postfix_writes_it() {
    let base = tempfile::tempdir().expect("a directory");
    let agent = agent(base.path(), "", &root_group());
    for (recipient, folder) in [("A@v.test", "a"), ("deep@v.test", "x/y/z")] {
        let status = deliver(&agent, recipient).await;
        assert_eq!((status.outcome, status.text.as_str()), (Outcome::Delivered, "delivered to maildir"), "{recipient}");
        let new = files(&base.path().join(folder).join("new"));
        assert_eq!(new.len(), 1, "{new:?}");
        let text = std::fs::read_to_string(&new[0]).expect("text");
        let expected = format!(
            "Return-Path: <s@src.test>\nX-Original-To: {recipient}\nDelivered-To: {recipient}\n\
             Received: by x\nSubject: hi\n\nFrom the start\n.\n"
        );
        assert_eq!(text, expected);
        assert_eq!(new[0].metadata().expect("facts").permissions().mode() & 0o777, 0o600);
        let name = new[0].file_name().expect("a name").to_string_lossy().into_owned();
        let inode = std::os::unix::fs::MetadataExt::ino(&new[0].metadata().expect("facts"));
        assert!(name.contains(&format!("I{inode:x}M")) && name.contains(".V"), "{name}");
        assert_eq!(files(&base.path().join(folder).join("tmp")), Vec::<PathBuf>::new());
        assert!(base.path().join(folder).join("cur").is_dir());
    }
}

#[tokio::test]
async fn mbox_is_appended_locked_and_quoted() {
    let base = tempfile::tempdir().expect("a directory");
    let agent = agent(base.path(), "", &root_group());
    for _ in 0..2 {
        let status = deliver(&agent, "b@v.test").await;
        assert_eq!((status.outcome, status.text.as_str()), (Outcome::Delivered, "delivered to mailbox"));
    }
    let text = std::fs::read_to_string(base.path().join("b")).expect("text");
    let parts: Vec<_> = text.split("From s@src.test  ").skip(1).collect();
    assert_eq!(parts.len(), 2, "{text}");
    for part in parts {
        let (date, rest) = part.split_once('\n').expect("a line");
        assert_eq!(date.len(), "Sat Nov 21 22:07:35 2026".len(), "{date}");
        let expected = "Return-Path: <s@src.test>\nX-Original-To: b@v.test\nDelivered-To: b@v.test\n\
                        Received: by x\nSubject: hi\n\n>From the start\n.\n\n";
        assert_eq!(rest, expected);
    }
    assert!(!base.path().join("b.lock").exists(), "the dotlock stayed");
}

#[tokio::test]
async fn who_is_not_there_and_what_is_not_right() {
    let base = tempfile::tempdir().expect("a directory");
    let mut more = root_group();
    more.extend([
        (("boxes", "noid@v.test"), "noid/"),
        (("boxes", "badid@v.test"), "badid/"),
        (("uids", "badid@v.test"), "many"),
        (("boxes", "broken@v.test"), "!"),
    ]);
    let agent = agent(base.path(), "", &more);
    let wrong = "mail system configuration error";
    let cases = [
        ("nobody@v.test", Outcome::Bounced, "5.1.1", "unknown user: \"nobody@v.test\""),
        ("noid@v.test", Outcome::Deferred, "4.3.5", wrong),
        ("badid@v.test", Outcome::Deferred, "4.3.5", wrong),
        ("broken@v.test", Outcome::Deferred, "4.3.5", wrong),
    ];
    for (recipient, outcome, status, text) in cases {
        let got = deliver(&agent, recipient).await;
        assert_eq!(
            (got.outcome, got.status.to_string(), got.text.as_str()),
            (outcome, status.into(), text),
            "{recipient}"
        );
    }
    assert_eq!(files(base.path()), Vec::<PathBuf>::new(), "nothing may be written");
}

#[tokio::test]
async fn mailbox_limit_bounces_and_leaves_nothing() {
    let base = tempfile::tempdir().expect("a directory");
    let agent = agent(base.path(), "virtual_mailbox_limit = 200\nmessage_size_limit = 100\n", &root_group());
    let first = deliver(&agent, "b@v.test").await;
    assert_eq!(first.outcome, Outcome::Delivered, "{}", first.text);
    let size = base.path().join("b").metadata().expect("facts").len();
    let second = deliver(&agent, "b@v.test").await;
    let path = base.path().join("b");
    let text = format!("delivery failed to mailbox {}: error writing message: File too large", path.display());
    assert_eq!((second.outcome, second.status, second.text), (Outcome::Bounced, Status::permanent(2, 2), text));
    assert_eq!(path.metadata().expect("facts").len(), size, "cut off again");

    let mut request = testing::request("v.test", &["a@v.test"], MESSAGE);
    request.content = Content::Memory(Bytes::from("x".repeat(300)));
    let big = agent.deliver(request).await.remove(0);
    let text = "maildir delivery failed: error writing message: File too large";
    assert_eq!((big.outcome, big.status, big.text.as_str()), (Outcome::Bounced, Status::permanent(2, 2), text));
    assert_eq!(files(&base.path().join("a/new")), Vec::<PathBuf>::new());
    assert_eq!(files(&base.path().join("a/tmp")), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_locked_mailbox_defers_and_a_stale_dotlock_does_not() {
    let base = tempfile::tempdir().expect("a directory");
    let agent = agent(base.path(), "deliver_lock_attempts = 1\n", &root_group());
    let lock = base.path().join("b.lock");
    let held = std::fs::File::create(&lock).expect("a lock file");
    let status = deliver(&agent, "b@v.test").await;
    assert_eq!((status.outcome, status.status), (Outcome::Deferred, Status::temporary(2, 0)), "{}", status.text);
    assert!(status.text.contains("unable to create lock file"), "{}", status.text);
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(1000);
    held.set_times(std::fs::FileTimes::new().set_modified(long_ago)).expect("touched");
    let status = deliver(&agent, "b@v.test").await;
    assert_eq!(status.outcome, Outcome::Deferred, "this attempt removes it");
    let status = deliver(&agent, "b@v.test").await;
    assert_eq!(status.outcome, Outcome::Delivered, "{}", status.text);
}

#[tokio::test]
async fn a_directory_in_the_way_defers() {
    let base = tempfile::tempdir().expect("a directory");
    std::fs::write(base.path().join("a"), "a file where the maildir should be").expect("written");
    let agent = agent(base.path(), "", &root_group());
    let status = deliver(&agent, "a@v.test").await;
    assert_eq!((status.outcome, status.status), (Outcome::Deferred, Status::temporary(2, 0)), "{}", status.text);
    assert!(status.text.starts_with("maildir delivery failed: create maildir file "), "{}", status.text);
    assert!(status.text.ends_with(": Not a directory"), "{}", status.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_get_different_names() {
    let base = tempfile::tempdir().expect("a directory");
    let agent = Arc::new(agent(base.path(), "", &root_group()));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let agent = agent.clone();
            tokio::spawn(async move { deliver(&agent, "a@v.test").await.outcome })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("ended"), Outcome::Delivered);
    }
    assert_eq!(files(&base.path().join("a/new")).len(), 50);
}
