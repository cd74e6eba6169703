//! What became of a message so far, as bytes: attempts, next attempt, and each recipient's mark and last reason.

use std::time::SystemTime;

use mail::Status;

use crate::{
    Reason, RecipientState,
    field::{Fields, Malformed, number, put, put_number, put_text, put_time, small, text, time},
};

/// What the queue keeps of a message beside envelope and content. The default is a message never tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) attempts: u32,
    pub(crate) next_attempt: Option<SystemTime>,
    pub(crate) force_expire: bool,
    pub(crate) delay_warned: bool,
    /// In the envelope's order; shorter than it where nothing is known of the rest.
    pub(crate) recipients: Vec<RecipientState>,
}

impl State {
    /// Marks a recipient done.
    pub(crate) fn mark_done(&mut self, recipient: u32) {
        self.recipient(recipient).done = true;
    }

    /// What is known of a recipient.
    pub(crate) fn recipient(&mut self, recipient: u32) -> &mut RecipientState {
        let at = recipient as usize;
        if self.recipients.len() <= at {
            self.recipients.resize(at + 1, RecipientState::default());
        }
        &mut self.recipients[at]
    }
}

mod tag {
    pub const ATTEMPTS: u8 = 1;
    pub const NEXT_ATTEMPT: u8 = 2;
    pub const FORCE_EXPIRE: u8 = 3;
    pub const DELAY_WARNED: u8 = 4;
    pub const RECIPIENT: u8 = 5;
}

/// Appends the state.
pub(crate) fn encode(state: &State, out: &mut Vec<u8>) {
    put_number(out, tag::ATTEMPTS, u64::from(state.attempts));
    if let Some(time) = state.next_attempt {
        put_time(out, tag::NEXT_ATTEMPT, time);
    }
    put_number(out, tag::FORCE_EXPIRE, u64::from(state.force_expire));
    put_number(out, tag::DELAY_WARNED, u64::from(state.delay_warned));
    let mut inner = Vec::new();
    for (number, recipient) in (0u64..).zip(&state.recipients) {
        if *recipient == RecipientState::default() {
            continue;
        }
        inner.clear();
        put_number(&mut inner, 1, number);
        put_number(&mut inner, 2, u64::from(recipient.done));
        if let Some(reason) = &recipient.reason {
            put_text(&mut inner, 3, &reason.status.to_string());
            put_text(&mut inner, 4, &reason.text);
            put_optional(&mut inner, 5, reason.remote_mta.as_deref());
            put_optional(&mut inner, 6, reason.diagnostic.as_deref());
        }
        put(out, tag::RECIPIENT, &inner);
    }
}

fn put_optional(out: &mut Vec<u8>, tag: u8, value: Option<&str>) {
    if let Some(value) = value {
        put(out, tag, value.as_bytes());
    }
}

/// Reads a state of a message with so many recipients.
pub(crate) fn decode(bytes: &[u8], recipients: usize) -> Result<State, Malformed> {
    let mut state = State::default();
    for field in Fields::of(bytes) {
        let (tag, value) = field?;
        match tag {
            tag::ATTEMPTS => state.attempts = small(value)?,
            tag::NEXT_ATTEMPT => state.next_attempt = Some(time(value)?),
            tag::FORCE_EXPIRE => state.force_expire = number(value)? != 0,
            tag::DELAY_WARNED => state.delay_warned = number(value)? != 0,
            tag::RECIPIENT => {
                let (number, recipient) = decode_recipient(value)?;
                // Also keeps a damaged number from growing the list without bound.
                if number as usize >= recipients {
                    return Err(Malformed("state of a recipient that the envelope has not"));
                }
                *state.recipient(number) = recipient;
            }
            _ => {}
        }
    }
    Ok(state)
}

fn decode_recipient(bytes: &[u8]) -> Result<(u32, RecipientState), Malformed> {
    let (mut at, mut state, mut status) = (0, RecipientState::default(), None);
    let mut reason = Reason::new(Status::temporary(0, 0), "");
    for field in Fields::of(bytes) {
        let (tag, value) = field?;
        match tag {
            1 => at = small(value)?,
            2 => state.done = number(value)? != 0,
            3 => status = Some(text(value)?.parse::<Status>().map_err(|_| Malformed("malformed status code"))?),
            4 => reason.text = text(value)?,
            5 => reason.remote_mta = Some(text(value)?),
            6 => reason.diagnostic = Some(text(value)?),
            _ => {}
        }
    }
    if let Some(status) = status {
        state.reason = Some(Reason { status, ..reason });
    }
    Ok((at, state))
}
