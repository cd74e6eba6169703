//! The actions of access(5).

/// What a right-hand side means. Texts may begin with an enhanced status: [`split_status`](super::split_status).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// OK, RELAY, or all digits (the time stamps of pop-before-smtp).
    Permit,
    Dunno,
    Reject(&'a str),
    Defer(&'a str),
    /// `4NN text` and `5NN text`.
    Code(u16, &'a str),
    DeferIfPermit(&'a str),
    DeferIfReject(&'a str),
    Info(&'a str),
    Warn(&'a str),
    Hangup,
    /// A header field.
    Prepend(&'a str),
    /// `transport:destination`.
    Filter(&'a str),
    Hold(&'a str),
    Discard(&'a str),
    Redirect(&'a str),
    Bcc(&'a str),
    /// Names of restrictions and classes.
    Restrictions(&'a str),
    /// Nothing but white space or commas: OK, with a warning.
    Empty,
}

impl<'a> Action<'a> {
    /// Reads a right-hand side. Words are known whatever their case; all that is no action is a list of restrictions.
    pub fn parse(value: &'a str) -> Self {
        let (word, text) = value.split_at(value.find([' ', '\t']).unwrap_or(value.len()));
        let text = text.trim_start();
        if let Some(action) = Self::of_word(word, text) {
            return action;
        }
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits(value) {
            return Action::Permit;
        }
        if word.len() == 3 && digits(word) && word.starts_with(['4', '5']) && !text.is_empty() {
            return Action::Code(word.parse().unwrap_or(450), text);
        }
        if value.trim_matches([' ', '\t', '\r', '\n', ',']).is_empty() {
            return Action::Empty;
        }
        Action::Restrictions(value)
    }

    fn of_word(word: &str, text: &'a str) -> Option<Self> {
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        Some(match word.len() {
            2 if is("OK") => Action::Permit,
            3 if is("BCC") => Action::Bcc(text),
            4 if is("HOLD") => Action::Hold(text),
            4 if is("INFO") => Action::Info(text),
            4 if is("WARN") => Action::Warn(text),
            5 if is("DUNNO") => Action::Dunno,
            5 if is("DEFER") => Action::Defer(text),
            5 if is("RELAY") => Action::Permit,
            6 if is("REJECT") => Action::Reject(text),
            6 if is("FILTER") => Action::Filter(text),
            6 if is("HANGUP") => Action::Hangup,
            7 if is("DISCARD") => Action::Discard(text),
            7 if is("PREPEND") => Action::Prepend(text),
            8 if is("REDIRECT") => Action::Redirect(text),
            15 if is("DEFER_IF_PERMIT") => Action::DeferIfPermit(text),
            15 if is("DEFER_IF_REJECT") => Action::DeferIfReject(text),
            _ => return None,
        })
    }

    /// The word, for warnings.
    pub fn name(&self) -> &'static str {
        match self {
            Action::Permit => "OK",
            Action::Dunno => "DUNNO",
            Action::Reject(_) => "REJECT",
            Action::Defer(_) => "DEFER",
            Action::Code(..) => "reply code",
            Action::DeferIfPermit(_) => "DEFER_IF_PERMIT",
            Action::DeferIfReject(_) => "DEFER_IF_REJECT",
            Action::Info(_) => "INFO",
            Action::Warn(_) => "WARN",
            Action::Hangup => "HANGUP",
            Action::Prepend(_) => "PREPEND",
            Action::Filter(_) => "FILTER",
            Action::Hold(_) => "HOLD",
            Action::Discard(_) => "DISCARD",
            Action::Redirect(_) => "REDIRECT",
            Action::Bcc(_) => "BCC",
            Action::Restrictions(_) => "restriction list",
            Action::Empty => "empty value",
        }
    }
}
