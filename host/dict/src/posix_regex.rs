//! POSIX regular expressions of the C library: regcomp(3), as Postfix uses them. All unsafe code of this crate is here.
#![allow(unsafe_code)]

use std::{ffi::CString, mem::MaybeUninit};

/// Flags of regcomp(3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags {
    /// REG_EXTENDED
    pub extended: bool,
    /// REG_ICASE
    pub ignore_case: bool,
    /// REG_NEWLINE
    pub newline: bool,
}

/// A compiled expression. Boxed, since the C library may keep its address.
pub(crate) struct PosixRegex {
    compiled: Box<libc::regex_t>,
    groups: usize,
}

// SAFETY: POSIX lets several threads call regexec with one regex_t at the same time (XSH 2.9.1 names no exception), and
// nothing else touches it until drop, which has exclusive access.
unsafe impl Send for PosixRegex {}
// SAFETY: as above.
unsafe impl Sync for PosixRegex {}

impl PosixRegex {
    /// The error is the C library's message.
    pub fn new(pattern: &str, flags: Flags) -> Result<Self, String> {
        let groups = count_groups(pattern, flags.extended);
        let pattern = CString::new(pattern).map_err(|_| "null character in pattern".to_string())?;
        let mut bits = 0;
        for (on, bit) in [
            (flags.extended, libc::REG_EXTENDED),
            (flags.ignore_case, libc::REG_ICASE),
            (flags.newline, libc::REG_NEWLINE),
        ] {
            bits |= if on { bit } else { 0 };
        }
        let mut compiled: Box<MaybeUninit<libc::regex_t>> = Box::new(MaybeUninit::uninit());
        // SAFETY: `compiled` points to writable memory for a regex_t, `pattern` is a C string; both live over the call.
        let code = unsafe { libc::regcomp(compiled.as_mut_ptr(), pattern.as_ptr(), bits) };
        if code != 0 {
            let mut text = [0u8; 256];
            // SAFETY: the buffer and its length belong together; regerror takes the regex_t of a failed regcomp.
            unsafe { libc::regerror(code, compiled.as_ptr(), text.as_mut_ptr().cast(), text.len()) };
            let end = text.iter().position(|b| *b == 0).unwrap_or(text.len());
            return Err(String::from_utf8_lossy(&text[..end]).into_owned());
        }
        // SAFETY: regcomp returned zero, so it has filled the structure in.
        Ok(Self { compiled: unsafe { compiled.assume_init() }, groups })
    }

    /// How many groups the pattern has.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Whether the text matches; fills `spans` with the byte ranges of the whole match and as many groups as fit.
    /// A text with a null character counts up to that.
    pub fn find(&self, text: &[u8], spans: &mut [Option<(usize, usize)>]) -> Result<bool, String> {
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        let mut stack = [0u8; 512];
        let heap;
        let subject: *const libc::c_char = if end < stack.len() {
            stack[..end].copy_from_slice(&text[..end]);
            stack.as_ptr().cast()
        } else {
            heap = CString::new(&text[..end]).map_err(|_| "null character in text".to_string())?;
            heap.as_ptr()
        };
        let mut found = vec![libc::regmatch_t { rm_so: -1, rm_eo: -1 }; spans.len()];
        // SAFETY: `compiled` was made by regcomp; `subject` is a C string that outlives the call (the stack copy is followed
        // by a zero, as it is shorter than the buffer); `found` has room for as many matches as are asked for.
        let code = unsafe { libc::regexec(&*self.compiled, subject, found.len(), found.as_mut_ptr(), 0) };
        match code {
            0 => {
                for (span, found) in spans.iter_mut().zip(&found) {
                    *span = usize::try_from(found.rm_so).ok().zip(usize::try_from(found.rm_eo).ok());
                }
                Ok(true)
            }
            libc::REG_NOMATCH => Ok(false),
            code => Err(format!("regexec error {code}")),
        }
    }
}

impl Drop for PosixRegex {
    fn drop(&mut self) {
        // SAFETY: made by a regcomp that succeeded, and freed once.
        unsafe { libc::regfree(&mut *self.compiled) };
    }
}

/// What re_nsub of the structure says, which the libc crate keeps private: the opening parentheses that are operators.
fn count_groups(pattern: &str, extended: bool) -> usize {
    let mut bytes = pattern.bytes().peekable();
    let mut groups = 0;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => groups += usize::from(bytes.next() == Some(b'(') && !extended),
            b'(' => groups += usize::from(extended),
            b'[' => {
                bytes.next_if_eq(&b'^');
                bytes.next_if_eq(&b']');
                while let Some(inner) = bytes.next_if(|b| *b != b']') {
                    // [:class:], [.symbol.] and [=equivalent=] may hold a bracket.
                    if inner == b'['
                        && let Some(kind) = bytes.next_if(|b| b":.=".contains(b))
                    {
                        while let Some(b) = bytes.next() {
                            if b == kind && bytes.next_if_eq(&b']').is_some() {
                                break;
                            }
                        }
                    }
                }
                bytes.next();
            }
            _ => {}
        }
    }
    groups
}
