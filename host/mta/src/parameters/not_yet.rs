//! Parameters of Postfix that are known and checked, but not yet obeyed, by the part of the mail system they belong to.
//!
//! Whoever writes the part that obeys one moves its row into the `parameters` of that part's crate.

use config::Row;

mod anvil;
mod bounce;
mod cleanup_content;
mod commands;
mod configuration;
mod core;
mod lmtp;
mod logging;
mod maps;
mod plugins;
mod policy;
mod postscreen;
mod process_model;
mod queue;
mod rewriting;
mod sasl_client;
mod sasl_server;
mod scheduler;
mod smtp_client;
mod smtpd;
mod tls_client;
mod tls_server;
mod verify;

/// The tables, one an area.
pub const TABLES: &[&[Row]] = &[
    anvil::PARAMETERS,
    bounce::PARAMETERS,
    cleanup_content::PARAMETERS,
    commands::PARAMETERS,
    configuration::PARAMETERS,
    core::PARAMETERS,
    lmtp::PARAMETERS,
    logging::PARAMETERS,
    maps::PARAMETERS,
    plugins::PARAMETERS,
    policy::PARAMETERS,
    postscreen::PARAMETERS,
    process_model::PARAMETERS,
    queue::PARAMETERS,
    rewriting::PARAMETERS,
    sasl_client::PARAMETERS,
    sasl_server::PARAMETERS,
    scheduler::PARAMETERS,
    smtp_client::PARAMETERS,
    smtpd::PARAMETERS,
    tls_client::PARAMETERS,
    tls_server::PARAMETERS,
    verify::PARAMETERS,
];
