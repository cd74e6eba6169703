//! What a plugin may ask of the host: one file for each interface of `wit/`. None of them reaches anything but the call's
//! own session and message, and [`hook::Services`].

mod addresses;
mod clock;
mod dns;
mod edits;
mod log;
mod message;
mod notes;
mod parameters;
mod random;
mod session;
mod socket;
mod store;
mod tables;
mod types;
