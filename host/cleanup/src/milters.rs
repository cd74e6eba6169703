//! smtpd_milters and non_smtpd_milters: MILTER_README. Milters over a socket and plugins of the world filter (`wasm:NAME`) stand
//! in one list, hear of the same events in its order, and give the same answers.
//!
//! `list` reads the parameters, `session` carries an SMTP session from filter to filter, `milter` is the protocol's client and
//! `packet` its bytes, `plugin` asks a Wasm component, `message` shows a message to all of them and takes their edits.

mod handshake;
mod list;
mod local;
mod macros;
mod message;
mod milter;
mod packet;
mod plugin;
mod session;

pub use list::{FilterSettings, Filters};
pub(crate) use local::{CLIENT_ADDRESS, CLIENT_NAME, LocalMacros, simulate};
pub use macros::Macros;
pub(crate) use message::Message;
pub(crate) use session::answer_text;
pub use session::{Answer, Asking, FilterSession};
