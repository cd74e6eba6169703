//! The command attributes of a master.cf entry: `flags=`, `user=`, `argv=` and the others.

use std::path::PathBuf;

use nix::unistd::{Group, User as Account};

use crate::Owner;

bitflags::bitflags! {
    /// `flags=BDFORXhqu.>`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Flags: u16 {
        /// `B`
        const BLANK_LINE = 1;
        /// `D`
        const DELIVERED_TO = 2;
        /// `F`
        const FROM = 4;
        /// `O`
        const ORIGINAL_TO = 8;
        /// `R`
        const RETURN_PATH = 16;
        /// `X`
        const FINAL = 32;
        /// `h`
        const FOLD_DOMAIN = 64;
        /// `q`
        const QUOTE_ADDRESS = 128;
        /// `u`
        const FOLD_USER = 256;
        /// `.`
        const STUFF_DOTS = 512;
        /// `>`
        const QUOTE_FROM = 1024;
    }
}

impl Flags {
    fn of(letter: char) -> Option<Self> {
        Some(match letter {
            'B' => Self::BLANK_LINE,
            'D' => Self::DELIVERED_TO,
            'F' => Self::FROM,
            'O' => Self::ORIGINAL_TO,
            'R' => Self::RETURN_PATH,
            'X' => Self::FINAL,
            'h' => Self::FOLD_DOMAIN,
            'q' => Self::QUOTE_ADDRESS,
            'u' => Self::FOLD_USER,
            '.' => Self::STUFF_DOTS,
            '>' => Self::QUOTE_FROM,
            _ => return None,
        })
    }
}

/// `user=name[:group]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub owner: Owner,
}

/// The attributes of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    pub flags: Flags,
    pub user: User,
    pub directory: Option<PathBuf>,
    pub eol: String,
    pub null_sender: String,
    /// Bytes; 0: none.
    pub size: u64,
    /// `argv=` and all words after it.
    pub command: Vec<String>,
}

impl Attributes {
    /// The words after `pipe`. The error is Postfix's message.
    pub fn parse(words: &[String], mail_owner: &str) -> Result<Self, String> {
        let (mut flags, mut user, mut directory) = (Flags::empty(), None, None);
        let (mut eol, mut null_sender, mut size, mut command) =
            ("\n".to_string(), "MAILER-DAEMON".to_string(), 0, None);
        for (at, word) in words.iter().enumerate() {
            if word == "-v" || word == "-D" {
                continue;
            }
            let (name, value) = word.split_once('=').ok_or_else(|| format!("unknown attribute name: {word}"))?;
            match name.to_ascii_lowercase().as_str() {
                "flags" => {
                    for letter in value.chars() {
                        flags |= Flags::of(letter).ok_or_else(|| format!("unknown flag: {letter} (ignored)"))?;
                    }
                }
                "user" => user = Some(account(value)?),
                "directory" => directory = Some(PathBuf::from(value)),
                "chroot" => return Err(format!("chroot={value}: a root directory of its own is not supported")),
                "eol" => eol = unescape(value),
                "null_sender" => null_sender = value.to_string(),
                "size" => size = value.parse().map_err(|_| format!("get_service_attr: bad size= value: {value}"))?,
                "argv" => {
                    let first = std::iter::once(value.to_string()).filter(|first| !first.is_empty());
                    command = Some(first.chain(words[at + 1..].iter().cloned()).collect::<Vec<String>>());
                    break;
                }
                _ => return Err(format!("unknown attribute name: {word}")),
            }
        }
        let user = user.ok_or("missing user= command-line attribute")?;
        let command = command.filter(|words| !words.is_empty()).ok_or("missing argv= command-line attribute")?;
        refuse_privileges(user.owner, mail_owner)?;
        Ok(Self { flags, user, directory, eol, null_sender, size, command })
    }
}

fn account(value: &str) -> Result<User, String> {
    let (name, group) = match value.split_once(':') {
        Some((name, group)) => (name, Some(group).filter(|group| !group.is_empty())),
        None => (value, None),
    };
    let unknown = || format!("get_service_attr: unknown username: {name}");
    let account = Account::from_name(name).ok().flatten().ok_or_else(unknown)?;
    let gid = match group {
        None => account.gid,
        Some(group) => {
            let found = Group::from_name(group).ok().flatten();
            found.ok_or_else(|| format!("get_service_attr: unknown group: {group}"))?.gid
        }
    };
    Ok(User { name: name.to_string(), owner: Owner { uid: account.uid.as_raw(), gid: gid.as_raw() } })
}

/// A command that mail starts has neither root's rights nor those of the mail system.
fn refuse_privileges(user: Owner, mail_owner: &str) -> Result<(), String> {
    if user.uid == 0 {
        return Err("user= command-line attribute specifies root privileges".to_string());
    }
    if user.gid == 0 {
        return Err("user= command-line attribute specifies privileged group id 0".to_string());
    }
    let Some(owner) = Account::from_name(mail_owner).ok().flatten() else { return Ok(()) };
    if user.uid == owner.uid.as_raw() {
        return Err(format!("user= command-line attribute specifies mail system owner {mail_owner}"));
    }
    if user.gid == owner.gid.as_raw() {
        let gid = user.gid;
        return Err(format!("user= command-line attribute specifies mail system owner {mail_owner} group id {gid}"));
    }
    Ok(())
}

/// The backslash escapes of C.
fn unescape(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'a') => out.push(7),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'v') => out.push(11),
            Some(first @ b'0'..=b'7') => {
                let mut value = u32::from(first - b'0');
                for _ in 0..2 {
                    match bytes.next_if(|b| matches!(b, b'0'..=b'7')) {
                        Some(digit) => value = value * 8 + u32::from(digit - b'0'),
                        None => break,
                    }
                }
                out.push(value as u8);
            }
            Some(other) => out.push(other),
            None => out.push(b'\\'),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Attributes, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_string).collect();
        Attributes::parse(&words, "daemon")
    }

    #[test]
    fn attributes_in_any_order_until_argv() {
        let nobody = Account::from_name("nobody").expect("passwd").expect("nobody");
        let attributes = parse(
            "flags=BDFORXhqu.> eol=\\r\\n\\101 Null_Sender= user=nobody size=1000 directory=/x argv=/bin/cat -o flags=Z",
        );
        let attributes = attributes.expect("good attributes");
        assert_eq!(attributes.flags, Flags::all());
        assert_eq!((attributes.eol.as_str(), attributes.null_sender.as_str(), attributes.size), ("\r\nA", "", 1000));
        assert_eq!(attributes.command, ["/bin/cat", "-o", "flags=Z"]);
        assert_eq!(attributes.user.owner.uid, nobody.uid.as_raw());
        let plain = parse("flags= user=nobody: argv=x").expect("good attributes");
        assert_eq!(
            (plain.flags, plain.null_sender.as_str(), plain.eol.as_str()),
            (Flags::empty(), "MAILER-DAEMON", "\n")
        );
        assert_eq!(parse("user=nobody:mail argv=x").expect("a group").user.owner.gid, 8);
    }

    #[test]
    fn what_postfix_refuses() {
        for (line, why) in [
            ("argv=x", "missing user= command-line attribute"),
            ("user=nobody", "missing argv= command-line attribute"),
            ("user=nobody argv=", "missing argv= command-line attribute"),
            ("user=root argv=x", "user= command-line attribute specifies root privileges"),
            ("user=nobody:root argv=x", "user= command-line attribute specifies privileged group id 0"),
            ("user=daemon argv=x", "user= command-line attribute specifies mail system owner daemon"),
            ("user=nobody:daemon argv=x", "user= command-line attribute specifies mail system owner daemon group id 1"),
            ("user=no-such-user argv=x", "get_service_attr: unknown username: no-such-user"),
            ("user=nobody:no-such-group argv=x", "get_service_attr: unknown group: no-such-group"),
            ("user=nobody flags=Z argv=x", "unknown flag: Z (ignored)"),
            ("user=nobody size=many argv=x", "get_service_attr: bad size= value: many"),
            ("user=nobody colour=red argv=x", "unknown attribute name: colour=red"),
            ("user=nobody word argv=x", "unknown attribute name: word"),
            ("user=nobody chroot=/jail argv=x", "chroot=/jail: a root directory of its own is not supported"),
        ] {
            assert_eq!(parse(line), Err(why.to_string()), "{line}");
        }
    }
}
