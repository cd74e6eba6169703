//! cleanup(8): everything between DATA and the queue.
//!
//! What comes in: the content of a message in pieces, from smtpd, pickup or bounce, then its envelope and the edits that
//! plugins asked for; parameters and tables of main.cf.
//!
//! What goes out: a durable message in the queue. On the way missing headers are added and unwanted ones dropped, envelope
//! and header addresses put into canonical form and mapped by canonical(5), masquerade_domains and virtual(5), BCC recipients
//! added, duplicate recipients dropped, hops and bytes counted, and the edits applied in order.
//!
//! Content is written to the queue once, as it comes; a message that needs a header or an edit after its content is in is
//! written a second time. `headers::Headers::field` sees each field of the header, `inspection` each line that header_checks(5)
//! are about; without such checks a body passes in the pieces it came in.
//!
//! `milters` is the client of milters and of plugins of the world filter: smtpd tells it of a session, and at the end of a message
//! each filter sees it here, cleaned, and may change it before it is queued. For other mail the session is simulated.
//!
//! What it must never do: say 250 (that is smtpd's, after `commit`), keep a body in memory of its own, deliver anything,
//! or take a table that cannot be read for one without an entry.
#![forbid(unsafe_code)]

mod address_map;
mod canonical;
mod cleanup;
mod content_checks;
mod draft;
mod edits;
mod envelope;
mod error;
mod filtering;
mod header_recipients;
mod headers;
mod incoming;
mod inspection;
mod lines;
mod local_session;
mod milters;
pub mod parameters;
pub mod settings;
mod view;
mod virtual_alias;

#[cfg(test)]
mod tests;

pub use cleanup::{Cleanup, LocalMail, SetupError};
pub use content_checks::ContentChecks;
pub use error::CleanupError;
pub use header_recipients::recipients_of_header;
pub use incoming::{Committed, Filtering, Incoming, Overrides};
pub use inspection::MessageOrigin;
pub use milters::{Answer, Asking, FilterSession, FilterSettings, Filters, Macros};
pub use settings::Settings;
