use std::{
    io::Write,
    sync::{Mutex, PoisonError},
};

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    uid: u32,
    words: Vec<String>,
}

/// Notes what it is told to do.
#[derive(Default)]
struct Recorder(Mutex<Vec<(Asked, Vec<u8>)>>);

impl OwnerJobs for Recorder {
    type Job = Asked;
    type Outcome = String;

    fn owner(&self, job: &Asked) -> Owner {
        Owner { uid: job.uid, gid: if job.uid == 0 { 0 } else { nix::unistd::getegid().as_raw().max(1) } }
    }

    fn work(&self, job: Asked, size: u64, content: &mut dyn Read) -> (String, Vec<u8>) {
        let mut bytes = Vec::new();
        let read = content.read_to_end(&mut bytes);
        let whole = read.is_ok() && bytes.len() as u64 == size;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((job, bytes));
        (format!("whole: {whole}"), b"result".to_vec())
    }

    fn refused(&self, text: String) -> String {
        text
    }
}

/// What was done and what was answered when the server's end says these bytes and closes.
fn told(bytes: &[u8]) -> (Vec<(Asked, Vec<u8>)>, Vec<u8>) {
    let (ours, mut theirs) = UnixStream::pair().expect("a pair");
    let jobs = Arc::new(Recorder::default());
    let working = {
        let jobs = jobs.clone();
        // A thread of its own: it takes on the rights of whoever the job is for.
        thread::spawn(move || work(ours, &*jobs))
    };
    let mut reading = theirs.try_clone().expect("a socket");
    let answers = thread::spawn(move || {
        let mut answers = Vec::new();
        // The other side may close with bytes of ours unread.
        let _ = reading.read_to_end(&mut answers);
        answers
    });
    // It may hang up on nonsense.
    let _ = theirs.write_all(bytes);
    let _ = theirs.shutdown(std::net::Shutdown::Write);
    working.join().expect("the parent's thread must not panic");
    let done = std::mem::take(&mut *jobs.0.lock().unwrap_or_else(PoisonError::into_inner));
    (done, answers.join().expect("read"))
}

fn own_uid() -> u32 {
    // Root's jobs are refused, so root's tests act as another user.
    match nix::unistd::geteuid().as_raw() {
        0 => 65534,
        uid => uid,
    }
}

fn frame(job: &Asked, content: &[u8], claimed: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    channel::send(&mut bytes, &Job { job, content: claimed }).expect("a frame");
    bytes.extend_from_slice(content);
    bytes
}

fn good() -> Asked {
    Asked { uid: own_uid(), words: vec!["a".into(), "b c".into()] }
}

#[test]
fn a_good_job_is_done_and_answered() {
    let bytes = [frame(&good(), b"content", 7), frame(&good(), b"", 0)].concat();
    let (done, answers) = told(&bytes);
    assert_eq!(done, [(good(), b"content".to_vec()), (good(), Vec::new())]);
    let text = String::from_utf8_lossy(&answers);
    assert_eq!(text.matches("whole: true").count(), 2, "{text}");
    assert!(text.ends_with("result"), "{text}");
}

#[test]
fn nothing_is_done_as_root() {
    let (done, answers) = told(&frame(&Asked { uid: 0, ..good() }, b"x", 1));
    assert_eq!(done, []);
    assert!(String::from_utf8_lossy(&answers).contains("nothing is done with root's rights"));
}

#[test]
fn huge_claims_end_the_channel() {
    let mut long_frame = u32::MAX.to_le_bytes().to_vec();
    long_frame.extend_from_slice(b"{}");
    for bytes in [
        long_frame,
        (FRAME_LIMIT + 1).to_le_bytes().to_vec(),
        frame(&good(), b"x", CONTENT_LIMIT + 1),
        frame(&good(), b"x", u64::MAX),
    ] {
        assert_eq!(told(&bytes), (Vec::new(), Vec::new()), "{bytes:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a server that was taken over says: the parent's thread does not panic and does nothing.
    #[test]
    fn garbage_makes_the_parent_do_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert_eq!(told(&bytes).0, vec![]);
    }

    /// A frame of the right length with anything but a job in it.
    #[test]
    fn framed_garbage_makes_the_parent_do_nothing(body in proptest::collection::vec(any::<u8>(), 0..600)) {
        let bytes = [&(body.len() as u32).to_le_bytes()[..], &body].concat();
        prop_assert_eq!(told(&bytes).0, vec![]);
    }

    /// A good job that is cut off anywhere before its end, or whose length is wrong.
    #[test]
    fn a_damaged_frame_makes_the_parent_do_nothing(cut in 0_usize..40, length in any::<u32>()) {
        let whole = frame(&good(), b"", 0);
        let cut = cut.min(whole.len() - 1);
        prop_assert_eq!(told(&whole[..cut]).0, vec![]);
        let real = (whole.len() - 4) as u32;
        prop_assume!(length != real);
        let wrong = [&length.to_le_bytes()[..], &whole[4..]].concat();
        prop_assert_eq!(told(&wrong).0, vec![]);
    }
}
