//! The configuration: what postconf(5), master(5) and postconf(1) describe, and plugins.cf.
//!
//! In come a configuration directory and the parameter rows of every crate; out comes a [`Config`], one immutable generation
//! of main.cf, master.cf and plugins.cf whose every value has been checked, or [`Errors`] with all that is wrong and where.
//! Reading a value never blocks, never fails and never touches a file. This crate must never know what a parameter means to
//! the daemon that reads it: a daemon's rows live in the daemon's crate, and only those that many share are in
//! [`parameters`](mod@parameters).
//!
//! A crate declares its rows with [`parameters!`] and reads them by their constants:
//!
//! ```
//! mod parameters {
//!     config::parameters! {
//!         /// How many recipients the server accepts in one message.
//!         SMTPD_RECIPIENT_LIMIT: Count = "smtpd_recipient_limit", "1000", min = 1;
//!         /// How long the server waits for a command.
//!         SMTPD_TIMEOUT: Time = "smtpd_timeout", "${stress?{10}:{300}}s", unit = s, min = 1;
//!         /// Parallel deliveries of one transport to one destination.
//!         DESTINATION_CONCURRENCY_LIMIT: Count = "_destination_concurrency_limit", "20", template;
//!     }
//! }
//! let config = config::Config::from_text("smtpd_recipient_limit = 50", &[parameters::PARAMETERS]).unwrap();
//! assert_eq!(config.get(&parameters::SMTPD_RECIPIENT_LIMIT), 50);
//! assert_eq!(config.get_for("slow", &parameters::DESTINATION_CONCURRENCY_LIMIT), 20);
//! ```
#![forbid(unsafe_code)]

pub mod compatibility_level;
mod configuration;
pub mod database_parameters;
mod error;
mod expand;
mod kind;
mod load;
mod logical_line;
mod machine;
mod main_cf;
mod master_cf;
mod master_fields;
mod networks;
pub mod parameters;
mod place;
mod plugins_cf;
mod row;
pub mod tokens;
mod unchecked;
mod unused;

pub use configuration::{Config, Evaluation};
pub use error::{ConfigError, Errors};
pub use expand::{ExpandError, references, scan};
#[doc(hidden)]
pub use kind::unit_letters;
pub use kind::{Boolean, Count, Kind, KindTag, Limits, List, Raw, ReplyCode, Size, Text, Time, Unit};
pub use load::Loaded;
pub use machine::{Interface, Machine};
pub use master_cf::{MasterEntry, ServiceKind, Wakeup};
pub use master_fields::{FieldError, MasterFields};
pub use place::{Place, Warning};
pub use plugins_cf::PluginEntry;
pub use row::{Computed, DELIVERY_COMMANDS, Param, PluginRow, Row, UNEXPANDED, Validity, conflicts};
pub use unchecked::{Reading, Unchecked, settings};
