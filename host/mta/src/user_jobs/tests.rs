use proptest::prelude::*;

use super::*;

fn own() -> Owner {
    Owner::own()
}

/// One of each kind.
fn jobs() -> Vec<UserJob> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let (prefix, host_name) = ("From x\n".to_string(), "mx".to_string());
    let works = vec![
        Work::Maildir {
            directory: "/m/".into(),
            prefix: prefix.clone(),
            limit: 7,
            now,
            host_name,
            unwritable: (5, 2, 0),
        },
        Work::Mbox {
            path: "/b".into(),
            kind: Kind::File,
            prefix,
            limit: 0,
            now,
            locks: vec!["fcntl".into()],
            attempts: 1,
            delay: Duration::from_secs(1),
            stale: Duration::from_secs(500),
            strict_ownership: true,
        },
        Work::Run {
            programs: vec![vec!["/bin/true".into(), "-a\"b".into()]],
            directory: None,
            usual_directory: "/".into(),
            environment: vec![("A".into(), "b\0c".into())],
            time_limit: Duration::from_secs(3),
        },
        Work::Look { path: "/etc".into(), follow: true },
        Work::Read { path: "/etc/passwd".into() },
    ];
    works.into_iter().map(|work| UserJob { owner: Owner { uid: 7, gid: 8 }, work }).collect()
}

#[test]
fn every_job_arrives_as_it_was_sent() {
    for job in jobs() {
        let sent = serde_json::to_vec(&job).expect("serializable");
        assert_eq!(serde_json::from_slice::<UserJob>(&sent).expect("readable"), job);
        assert_eq!(ParentJobs::default().owner(&job), privileged::Owner { uid: 7, gid: 8 });
    }
}

proptest! {
    /// Bytes changed, cut or put in somewhere: an error, or a job that is written the same way. Never a panic.
    #[test]
    fn damaged_jobs_are_errors_or_other_jobs(which in 0_usize..5, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut sent = serde_json::to_vec(&jobs()[which]).expect("serializable");
        let at = at.index(sent.len());
        if cut { sent.truncate(at) } else { sent[at] = byte }
        if let Ok(job) = serde_json::from_slice::<UserJob>(&sent) {
            let again = serde_json::to_vec(&job).expect("serializable");
            prop_assert_eq!(serde_json::from_slice::<UserJob>(&again).expect("readable"), job);
        }
    }
}

fn done(work: Work, content: &[u8]) -> (Outcome, Vec<u8>) {
    ParentJobs::default().work(UserJob { owner: own(), work }, content.len() as u64, &mut &content[..])
}

#[test]
fn files_are_looked_at_and_read() {
    let place = tempfile::tempdir().expect("a directory");
    let path = place.path().join(".forward");
    std::fs::write(&path, "joe\n").expect("written");
    std::os::unix::fs::symlink(&path, place.path().join("link")).expect("a link");
    let (outcome, _) = done(Work::Look { path: place.path().join("link"), follow: false }, b"");
    assert!(matches!(outcome, Outcome::Facts(FileFacts { regular: false, .. })), "{outcome:?}");
    let (outcome, _) = done(Work::Look { path: path.clone(), follow: false }, b"");
    assert!(matches!(outcome, Outcome::Facts(FileFacts { regular: true, .. })), "{outcome:?}");
    assert_eq!(done(Work::Read { path }, b""), (Outcome::Text, b"joe\n".to_vec()));
    for path in ["/no/such/file", "/dev/zero", "/etc"] {
        let (outcome, text) = done(Work::Read { path: path.into() }, b"");
        assert!(matches!(outcome, Outcome::NoFile(_)) && text.is_empty(), "{path}: {outcome:?}");
    }
}

#[test]
fn a_job_without_a_program_is_refused() {
    let run = |programs| Work::Run {
        programs,
        directory: None,
        usual_directory: "/".into(),
        environment: Vec::new(),
        time_limit: Duration::MAX,
    };
    for programs in [vec![], vec![vec![]], vec![vec![String::new()]], vec![vec!["a\0b".to_string()]]] {
        let (outcome, _) = done(run(programs.clone()), b"");
        let ended = matches!(&outcome, Outcome::Ended(CommandEnd { how: command::Ended::NotStarted(_), .. }));
        assert!(ended, "{programs:?}: {outcome:?}");
    }
}

#[test]
fn root_has_a_mailbox_and_a_forwarding_file_and_nothing_else() {
    let parent = ParentJobs { root_mailboxes: vec!["/var/mail/root".into()], root_forward: "/root/.forward".into() };
    let mbox = |path: &str, kind| {
        let mut job = jobs().remove(1);
        if let Work::Mbox { path: at, kind: of, .. } = &mut job.work {
            (*at, *of) = (path.into(), kind);
        }
        job
    };
    assert!(parent.for_root(&mbox("/var/mail/root", Kind::Mailbox)));
    for (path, kind) in [
        ("/var/mail/root", Kind::File),
        ("/var/mail/joe", Kind::Mailbox),
        ("/var/mail/../spool/cron/root", Kind::Mailbox),
        ("/etc/passwd", Kind::Mailbox),
    ] {
        assert!(!parent.for_root(&mbox(path, kind)), "{path}");
    }
    let owner = Owner { uid: 0, gid: 0 };
    assert!(parent.for_root(&UserJob { owner, work: Work::Read { path: "/root/.forward".into() } }));
    assert!(!parent.for_root(&UserJob { owner, work: Work::Read { path: "/etc/shadow".into() } }));
    assert!(!parent.for_root(&jobs()[2]), "a command");
}
