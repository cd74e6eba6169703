//! The ports between the mail system and its plugins: SMTPD_ACCESS_README, access(5), header_checks(5), MILTER_README
//! and the delivery agent protocol, as traits in plain mail types.
//!
//! What comes in: nothing. This crate does no work; it says how smtpd(8), cleanup(8) and the delivery agents ask
//! (`Restriction`, `Check`, `Filter`, `Table`, `Delivery`, `DeliveryAttempts`, `Events`), and what an asked plugin may
//! ask back (`Services`).
//!
//! What goes out: the types on both sides of each question. They mirror `wit/`, so that the crate `plugin` can put a Wasm
//! component behind each trait, and a test can put a closure there.
//!
//! The traits are asked about one SMTP session or one delivery at a time; everything that belongs to it travels in a
//! [`Call`]. Nothing here knows how a component is loaded, pooled or limited.
//!
//! What it must never do: name wasmtime, know the name of a restriction, decide anything, or let a failure of a plugin
//! look like consent: a failed call is a [`Failure`], and only `restrict::eval`, cleanup and qmgr turn that into a reply.
#![forbid(unsafe_code)]

mod call;
mod check;
mod content;
mod delivery;
mod edit;
mod failure;
mod filter;
mod log;
mod report;
mod restriction;
mod services;
mod session;
mod sockets;
mod table;

pub use call::{Call, Instances, Notes};
pub use check::{CHECK_PARAMETER, CHECK_RESULT, Check, CheckAction, CheckOutcome, CheckPart, Checkers, TABLE_CHECKER};
pub use content::Content;
pub use delivery::{
    AfterAnswer, BeforeAnswer, Delivery, DeliveryAttempts, Notify, Outcome, Recipient, RecipientStatus, Request, Route,
    Unreached,
};
pub use edit::Edit;
pub use failure::{Failure, FailureAction, FailureKind};
pub use filter::{Event, Events as FilterEvents, Filter, FilterOutcome, FilterSource, Response};
pub use futures_util::future::BoxFuture;
pub use log::{Level, LogLine, MailLog};
pub use report::{Report, ReportEvent, ReportKind};
pub use restriction::{
    Answer, ArgumentKind, Catalogue, Inputs, Offer, Outcome as RestrictionOutcome, Restriction, Seen, Stage, Stages,
    Traits, TypedReply, Verdict,
};
pub use services::{
    AddressClass, AddressError, Addresses, Clock, Dns, DnsAnswer, DnsFailure, DnsReason, Listing, Probe, ProbeStatus,
    Randomness, RecordType, Resolution, ResourceRecord, Services, Store, StoreError,
};
pub use session::{Attribute, Facts, MessageView, NameStatus, SessionView};
pub use sockets::{NoSockets, Sockets, Stream};
pub use table::{Found, Lookup, SearchOrder, Table, TableError, TableKind, Tables};
