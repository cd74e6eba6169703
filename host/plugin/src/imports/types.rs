//! Interfaces that hold only types.

use crate::{
    bindings::waxwing::plugin::{delivery_types, types},
    state::State,
};

impl types::Host for State {}
impl delivery_types::Host for State {}

/// A stage as plugins see it.
pub(crate) fn stage(stage: hook::Stage) -> types::Stage {
    match stage {
        hook::Stage::Client => types::Stage::Client,
        hook::Stage::Helo => types::Stage::Helo,
        hook::Stage::Sender => types::Stage::Sender,
        hook::Stage::Relay => types::Stage::Relay,
        hook::Stage::Recipient => types::Stage::Recipient,
        hook::Stage::Data => types::Stage::Data,
        hook::Stage::EndOfData => types::Stage::EndOfData,
        hook::Stage::Etrn => types::Stage::Etrn,
    }
}
