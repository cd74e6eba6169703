use std::time::{Duration, SystemTime};

use mail::{ClientAttributes, Envelope, EnvelopeRecipient, ReturnContent, Status};
use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::{Reason, RecipientState, envelope_record, state_record, state_record::State};

fn time() -> impl Strategy<Value = SystemTime> {
    (any::<bool>(), 0u64..1 << 40, 0u32..1_000_000_000).prop_map(|(before, seconds, nanoseconds)| {
        let distance = Duration::new(seconds, nanoseconds);
        if before { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
    })
}

prop_compose! {
    fn client()(texts in vec(".*", 9), port: u16, local: bool) -> ClientAttributes {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        ClientAttributes {
            name: next(), reverse_name: next(), address: next(), port, helo: next(), protocol: next(),
            sasl_method: next(), sasl_username: next(), sasl_sender: next(), log_ident: next(), local,
        }
    }
}

prop_compose! {
    fn recipient()(address in ".*", original in ".*", dsn_original in ".*", notify: u8) -> EnvelopeRecipient {
        EnvelopeRecipient { address, original, dsn_original, notify }
    }
}

prop_compose! {
    fn envelope()(
        texts in vec(".*", 4), hold in option::of(".*"), recipients in vec(recipient(), 0..5), arrival in time(),
        wanted in option::of(prop_oneof![Just(ReturnContent::Full), Just(ReturnContent::Headers)]),
        flags: [bool; 4], client in client(), notes in vec((".*", ".*", ".*"), 0..3),
    ) -> Envelope {
        let [sender, envelope_id, content_filter, redirect] = <[String; 4]>::try_from(texts).unwrap();
        let [eight_bit, smtputf8, probe, internal] = flags;
        Envelope {
            sender, recipients, arrival, envelope_id, return_content: wanted, eight_bit, smtputf8, client,
            content_filter, redirect, hold, probe, internal, notes,
        }
    }
}

prop_compose! {
    fn reason()(code in (4u16..6, 0u16..1000, 0u16..1000), text in ".*", mta in option::of(".*"), said in option::of(".*")) -> Reason {
        let class = if code.0 == 4 { mail::Class::Temporary } else { mail::Class::Permanent };
        Reason { status: Status::new(class, code.1, code.2), text, remote_mta: mta, diagnostic: said }
    }
}

prop_compose! {
    fn state()(
        attempts: u32, next_attempt in option::of(time()), force_expire: bool, delay_warned: bool,
        recipients in vec((any::<bool>(), option::of(reason())), 0..5),
    ) -> State {
        let recipients = recipients.into_iter().map(|(done, reason)| RecipientState { done, reason }).collect();
        State { attempts, next_attempt, force_expire, delay_warned, recipients }
    }
}

fn key() -> Key {
    ("9DF7520804A".parse().unwrap(), 0x0123_4567_89AB_CDEF)
}

const MARKER: Marker = *b"marker!!";

fn read(bytes: &[u8]) -> Result<Record, Malformed> {
    let (header, payload) = bytes.split_first_chunk::<HEADER>().ok_or(Malformed("short"))?;
    let length = payload_length(header, &MARKER).ok_or(Malformed("no marker"))? as usize;
    decode(header, payload.get(..length).ok_or(Malformed("short"))?)
}

fn message(envelope: &[u8], content: &[u8]) -> Vec<u8> {
    let mut record = encode_message(key(), envelope, content);
    record[..MARKER.len()].copy_from_slice(&MARKER);
    record.extend_from_slice(content);
    record
}

proptest! {
    #[test]
    fn an_envelope_reads_back(envelope in envelope()) {
        let mut bytes = Vec::new();
        envelope_record::encode(&envelope, &mut bytes);
        prop_assert_eq!(envelope_record::decode(&bytes), Ok(envelope));
    }

    #[test]
    fn a_state_reads_back(state in state()) {
        let mut bytes = Vec::new();
        state_record::encode(&state, &mut bytes);
        let mut read = state_record::decode(&bytes, 5).unwrap();
        read.recipients.resize(state.recipients.len().max(read.recipients.len()), RecipientState::default());
        prop_assert_eq!(read, state);
    }

    #[test]
    fn a_message_record_reads_back(envelope in vec(any::<u8>(), 0..300), content in vec(any::<u8>(), 0..300)) {
        let record = message(&envelope, &content);
        let Ok(Record::Message { key: found, envelope: e, content: c }) = read(&record) else { panic!("no message") };
        prop_assert_eq!(found, key());
        prop_assert_eq!(&record[HEADER..][e], &envelope[..]);
        prop_assert_eq!(&record[HEADER..][c], &content[..]);
    }

    #[test]
    fn any_flipped_bit_is_noticed(content in vec(any::<u8>(), 0..100), at: prop::sample::Index, bit in 0u8..8) {
        let mut record = message(b"envelope", &content);
        let at = at.index(record.len());
        record[at] ^= 1 << bit;
        prop_assert!(read(&record).is_err(), "bit {bit} of byte {at}");
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = envelope_record::decode(&bytes);
        let _ = state_record::decode(&bytes, 3);
        let _ = read(&bytes);
        let mut marked = MARKER.to_vec();
        marked.extend_from_slice(&bytes);
        let _ = read(&marked);
    }

    // With a good checksum, as a hand that is up to no good would write it.
    #[test]
    fn no_sealed_bytes_make_a_decoder_panic(kind: u8, payload in vec(any::<u8>(), 0..60)) {
        let mut record = start(kind, payload.len());
        record.extend_from_slice(&payload);
        seal(&mut record, 0, &[]);
        record[..MARKER.len()].copy_from_slice(&MARKER);
        let _ = read(&record);
    }

    #[test]
    fn unknown_fields_are_passed_over(envelope in envelope(), tag in 100u8..255, value in vec(any::<u8>(), 0..300)) {
        let mut bytes = Vec::new();
        crate::field::put(&mut bytes, tag, &value);
        envelope_record::encode(&envelope, &mut bytes);
        prop_assert_eq!(envelope_record::decode(&bytes), Ok(envelope));
    }
}

#[test]
fn notes_read_back() {
    for note in [Note::Done(key(), 70_000), Note::Removed(key()), Note::Moved(key()), Note::Expire(key())] {
        let mut bytes = b"before".to_vec();
        encode_note(note, &MARKER, &mut bytes);
        assert_eq!(read(&bytes[6..]), Ok(Record::Note(note)));
    }
    assert_eq!(read(&encode_segment(&MARKER)), Ok(Record::Segment { version: VERSION }));
}

#[test]
fn an_unknown_kind_is_damage() {
    let mut record = start(77, 0);
    seal(&mut record, 0, &[]);
    record[..MARKER.len()].copy_from_slice(&MARKER);
    assert_eq!(read(&record), Err(Malformed("unknown record kind")));
}

#[test]
fn a_recipient_the_envelope_has_not_is_refused() {
    let mut state = State::default();
    state.mark_done(3);
    let mut bytes = Vec::new();
    state_record::encode(&state, &mut bytes);
    assert!(state_record::decode(&bytes, 4).is_ok());
    assert!(state_record::decode(&bytes, 3).is_err(), "recipient 3 of 3");
}
