//! What the tests of the whole server share. They start the built binary, and where a comparison needs it Debian's
//! Postfix, each test in network, mount and process namespaces of its own with an invented DNS.
//!
//! - [`namespace`]: runs a test body in its namespaces; addresses 10.0.0.0/8, 192.0.2.0/24, 198.51.100.0/24 and
//!   203.0.113.0/24 are all this host's, so a client may come from any of them.
//! - [`needs`]: what a test needs of the machine. Without it the test says SKIPPED on standard error; with
//!   WAXWING_REQUIRE_ALL set it fails instead.
//! - [`server`]: Postfix and Waxwing on the same main.cf, master.cf and tables. WAXWING names the binary; without it the
//!   tests build the one of this tree.
//! - [`client`], [`tls`], [`sink`], [`dns`], [`dovecot`], [`policy_server`], [`milter`]: the other ends of the line.
//! - [`dialogue`], [`dialogue_file`], [`comparison`], [`normal`]: scripted sessions, played to both servers, compared reply by reply.
//! - [`rows`]: which restrictions, actions and replies the compared cases cover, and the count of them.
//! - [`unix_port`]: a port that leads to a unix-domain socket.
//! - [`users`]: users with homes, for local delivery.
//! - [`load`]: many clients that remember which messages were promised to them.
#![forbid(unsafe_code)]

pub mod amavis;
pub mod client;
pub mod comparison;
pub mod compiled;
pub mod dialogue;
pub mod dialogue_file;
pub mod dns;
pub mod dovecot;
pub mod load;
pub mod milter;
pub mod namespace;
pub mod needs;
pub mod normal;
pub mod policy_server;
pub mod rows;
pub mod server;
pub mod sink;
pub mod spamd;
pub mod tls;
pub mod unix_port;
pub mod users;
pub mod waiting;
