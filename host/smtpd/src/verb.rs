//! The commands: one row each, one file each. A file has the pure `check` of the argument against the session, and what
//! happens then.

pub(crate) mod auth;
pub(crate) mod bdat;
pub(crate) mod data;
pub(crate) mod etrn;
pub(crate) mod helo;
pub(crate) mod mail;
pub(crate) mod noop;
pub(crate) mod quit;
pub(crate) mod rcpt;
pub(crate) mod rset;
pub(crate) mod starttls;
pub(crate) mod unknown;
pub(crate) mod vrfy;
pub(crate) mod xattribute;
pub(crate) mod xclient;
pub(crate) mod xforward;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{chat::End, conversation::Conversation};

/// What logs call the point after the content.
pub(crate) const END_OF_MESSAGE: &str = "END-OF-MESSAGE";

bitflags::bitflags! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Flags: u8 {
        /// Counts under smtpd_junk_command_limit.
        const LIMIT = 1;
        /// RFC 2920: nothing may be sent behind it before its reply.
        const LAST = 2;
        /// Allowed before STARTTLS where TLS is demanded.
        const PRE_TLS = 4;
    }
}

/// Which file a verb's work is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Helo,
    Ehlo,
    Xclient,
    Xforward,
    Starttls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Noop,
    Vrfy,
    Etrn,
    Quit,
}

/// One command.
#[derive(Debug)]
pub(crate) struct Verb {
    pub name: &'static str,
    /// As in the statistics of the disconnect line.
    pub counter: &'static str,
    pub kind: Kind,
    pub flags: Flags,
}

const fn verb(name: &'static str, counter: &'static str, kind: Kind, flags: Flags) -> Verb {
    Verb { name, counter, kind, flags }
}

const NONE: Flags = Flags::empty();
const LIMIT: Flags = Flags::LIMIT;
const LAST: Flags = Flags::LAST;
const PRE_TLS: Flags = Flags::PRE_TLS;

/// In the order of the disconnect line.
pub(crate) const VERBS: &[Verb] = &[
    verb("HELO", "helo", Kind::Helo, LIMIT.union(LAST).union(PRE_TLS)),
    verb("EHLO", "ehlo", Kind::Ehlo, LIMIT.union(LAST).union(PRE_TLS)),
    verb("XCLIENT", "xclient", Kind::Xclient, PRE_TLS),
    verb("XFORWARD", "xforward", Kind::Xforward, NONE),
    verb("STARTTLS", "starttls", Kind::Starttls, PRE_TLS),
    verb("AUTH", "auth", Kind::Auth, LAST),
    verb("MAIL", "mail", Kind::Mail, NONE),
    verb("RCPT", "rcpt", Kind::Rcpt, NONE),
    verb("DATA", "data", Kind::Data, LAST),
    verb("BDAT", "bdat", Kind::Bdat, NONE),
    verb("RSET", "rset", Kind::Rset, LIMIT),
    verb("NOOP", "noop", Kind::Noop, LIMIT.union(LAST).union(PRE_TLS)),
    verb("VRFY", "vrfy", Kind::Vrfy, LIMIT.union(LAST)),
    verb("ETRN", "etrn", Kind::Etrn, LIMIT),
    verb("QUIT", "quit", Kind::Quit, PRE_TLS),
];

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Done,
    /// Counts as an error.
    Failed,
    /// The session begins anew with a greeting (XCLIENT).
    Restart,
    Quit,
}

impl Verb {
    /// By name, letter case aside.
    pub fn find(name: &str) -> Option<usize> {
        VERBS.iter().position(|verb| verb.name.eq_ignore_ascii_case(name))
    }

    /// Runs it.
    pub async fn run<S>(&self, conversation: &mut Conversation<'_, S>, argument: &str) -> Result<Step, End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.kind {
            Kind::Helo => helo::run(conversation, argument, false).await,
            Kind::Ehlo => helo::run(conversation, argument, true).await,
            Kind::Xclient => xclient::run(conversation, argument).await,
            Kind::Xforward => xforward::run(conversation, argument).await,
            Kind::Starttls => starttls::run(conversation, argument).await,
            Kind::Auth => auth::run(conversation, argument).await,
            Kind::Mail => mail::run(conversation, argument).await,
            Kind::Rcpt => rcpt::run(conversation, argument).await,
            Kind::Data => data::run(conversation, argument).await,
            Kind::Bdat => bdat::run(conversation, argument).await,
            Kind::Rset => rset::run(conversation, argument).await,
            Kind::Noop => noop::run(conversation).await,
            Kind::Vrfy => vrfy::run(conversation, argument).await,
            Kind::Etrn => etrn::run(conversation, argument).await,
            Kind::Quit => quit::run(conversation).await,
        }
    }
}

/// A refusal with a status of the code's class.
pub(crate) fn refusal(code: u16, (subject, detail): (u16, u16), text: &str) -> ::mail::Reply {
    ::mail::Reply::new(code, ::mail::Status::permanent(subject, detail), text)
}
