use std::time::{Duration, UNIX_EPOCH};

use mail::{EnvelopeRecipient, Status};

use super::*;
use crate::{LocalDisk, Reason};

fn state(attempts: u32) -> State {
    let mut state = State { attempts, next_attempt: Some(UNIX_EPOCH + Duration::from_secs(1_000)), ..State::default() };
    state.mark_done(0);
    state.recipient(1).reason = Some(Reason::new(Status::temporary(4, 1), "connection refused"));
    state
}

fn written(directory: &Path) -> PathBuf {
    let path = directory.join("9DF7520804A");
    let mut envelope = Envelope::new("alice@example.com", UNIX_EPOCH);
    envelope.recipients = vec![EnvelopeRecipient::default(); 2];
    let content = Content::Memory(Bytes::from_static(b"Subject: x\r\n\r\nbody\r\n"));
    write_file(&path, 42, &envelope, &content, &state(1), &LocalDisk).unwrap();
    path
}

#[test]
fn a_file_reads_back_and_its_time_is_the_next_attempt() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path());
    let mut file = QueueFile::open(&path).unwrap().unwrap();
    assert_eq!((file.serial(), &*file.envelope.sender, &file.state), (42, "alice@example.com", &state(1)));
    for in_memory in [0, 1000] {
        assert_eq!(file.content(in_memory).unwrap().read(0, 99).unwrap(), "Subject: x\r\n\r\nbody\r\n");
    }
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), UNIX_EPOCH + Duration::from_secs(1_000));
    file.append(state(2), &LocalDisk).unwrap();
    file.append(state(3), &LocalDisk).unwrap();
    assert_eq!(QueueFile::open(&path).unwrap().unwrap().state, state(3));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing unfinished is left");
}

#[test]
fn a_torn_state_leaves_the_one_before() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path());
    let before = std::fs::metadata(&path).unwrap().len();
    QueueFile::open(&path).unwrap().unwrap().append(state(2), &LocalDisk).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in before..whole.len() as u64 {
        std::fs::write(&path, &whole[..length as usize]).unwrap();
        let mut file = QueueFile::open(&path).unwrap().unwrap();
        assert_eq!(file.state, state(1), "cut to {length} bytes");
        file.append(state(7), &LocalDisk).unwrap();
        assert_eq!(QueueFile::open(&path).unwrap().unwrap().state, state(7), "appended after a cut to {length} bytes");
    }
}

#[test]
fn every_flipped_bit_and_every_truncation_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path());
    let whole = std::fs::read(&path).unwrap();
    let reads = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        QueueFile::open(&path).map(Option::unwrap).and_then(|file| file.content(1000).map(|_| file.state))
    };
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        match reads(&bytes) {
            Err(QueueError::Corrupt { .. } | QueueError::NewerFormat { .. }) => {}
            other => panic!("flipped a bit of byte {at}: {other:?}"),
        }
    }
    let states = whole.len() - {
        let mut record = Vec::new();
        put_state(&state(1), &mut record);
        record.len()
    };
    for length in 0..states {
        assert!(matches!(reads(&whole[..length]), Err(QueueError::Corrupt { .. })), "cut to {length} bytes");
    }
}

#[test]
fn an_unfinished_file_is_gone_when_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = NewFile::create(&directory.path().join("9DF7520804A"), &LocalDisk).unwrap();
    file.write(b"half", &LocalDisk).unwrap();
    let content = file.content();
    drop(file);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    assert_eq!(content.read(0, 9).unwrap(), "half", "what was handed out stays readable");
}
