//! The command line of waxwing explain.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, Result, anyhow, bail};
use clap::Parser;
use smtpd::explain::{Imagined, Until};

use super::one_line;

/// What the restriction lists would say to a client, item by item, and why. Nothing is sent, queued or learned.
#[derive(Debug, Parser)]
#[command(name = "waxwing explain", disable_version_flag = true)]
pub struct Arguments {
    /// The client's address, and its name; without a name it is looked up, as for a real client
    #[arg(long, value_name = "ADDR[,NAME]")]
    client: String,
    /// The name in EHLO
    #[arg(long, value_name = "NAME")]
    helo: Option<String>,
    /// The address in MAIL FROM; empty for the null sender
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// The address in RCPT TO; may be given again
    #[arg(long, value_name = "ADDRESS")]
    to: Vec<String>,
    /// The client is logged in by this name
    #[arg(long, value_name = "USER")]
    sasl: Option<String>,
    /// The last stage to play: client, helo, sender, recipient, data, end-of-data or etrn [default: the last possible]
    #[arg(long, value_name = "STAGE")]
    at: Option<String>,
    /// The domain of ETRN, which is played instead of a message
    #[arg(long, value_name = "DOMAIN", conflicts_with_all = ["from", "to"])]
    etrn: Option<String>,
    /// Header and body of the message [default: a short one]
    #[arg(long, value_name = "FILE")]
    message: Option<std::path::PathBuf>,
    /// The smtpd service of master.cf whose -o lines hold [default: the first]
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// For programs: the fields of docs/explain.md
    #[arg(long)]
    pub json: bool,
    /// The configuration directory
    #[arg(short = 'c', value_name = "DIR", overrides_with = "config_directory")]
    pub config_directory: Option<String>,
}

impl Arguments {
    /// Reads the words after `explain`.
    pub fn read(words: &[String]) -> Result<Self, clap::Error> {
        Self::try_parse_from(std::iter::once("waxwing explain").chain(words.iter().map(String::as_str)))
    }

    /// The client they describe.
    pub fn imagined(&self) -> Result<Imagined> {
        let (address, name) = client(&self.client)?;
        let text = |name: &str, value: &Option<String>| -> Result<Option<String>> {
            value.as_deref().map(|value| one_line(name, value).map(str::to_string)).transpose()
        };
        let recipients: Vec<String> = self.to.iter().map(|to| one_line("--to", to).map(bare)).collect::<Result<_>>()?;
        let until = self.until()?;
        let server = match address {
            IpAddr::V4(_) => IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::from(Ipv6Addr::LOCALHOST),
        };
        Ok(Imagined {
            address,
            name,
            server: SocketAddr::new(server, 25),
            helo: text("--helo", &self.helo)?,
            sasl_username: text("--sasl", &self.sasl)?,
            sender: text("--from", &self.from)?.map(|from| bare(&from)),
            recipients,
            etrn: text("--etrn", &self.etrn)?,
            content: match &self.message {
                Some(file) => std::fs::read(file).with_context(|| format!("--message {}", file.display()))?,
                None => b"Subject: waxwing explain\n\n".to_vec(),
            },
            until,
        })
    }

    /// `--at`, and whether there is what it needs.
    fn until(&self) -> Result<Until> {
        if self.from.is_none() && !self.to.is_empty() {
            bail!("--to needs --from; --from '' is the null sender");
        }
        let needs = |there: bool, option: &str, until: Until| match there {
            true => Ok(until),
            false => Err(anyhow!("--at {} needs {option}", self.at.as_deref().unwrap_or_default())),
        };
        let to = !self.to.is_empty();
        match self.at.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None => Ok(Until::EndOfData),
            Some("client" | "connect") => Ok(Until::Connect),
            Some("helo" | "ehlo") => needs(self.helo.is_some(), "--helo", Until::Helo),
            Some("sender" | "mail") => needs(self.from.is_some(), "--from", Until::Mail),
            Some("relay" | "recipient" | "rcpt") => needs(to, "--to", Until::Rcpt),
            Some("data") => needs(to, "--to", Until::Data),
            Some("end-of-data" | "end_of_data") => needs(to, "--to", Until::EndOfData),
            Some("etrn") => needs(self.etrn.is_some(), "--etrn", Until::EndOfData),
            Some(unknown) => bail!(
                "--at {unknown}: unknown stage; the stages are client, helo, sender, recipient, data, end-of-data and etrn"
            ),
        }
    }
}

/// `ADDR[,NAME]`; the address may be written as in an address literal.
fn client(text: &str) -> Result<(IpAddr, Option<String>)> {
    let (address, name) = match text.split_once(',') {
        Some((address, name)) => (address, Some(name)),
        None => (text, None),
    };
    let inner = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
    let tagged = inner.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    let Some(address) = mail::hostname::parse_hostaddr(if tagged { &inner[5..] } else { inner }) else {
        bail!(
            "--client {text}: {address:?} is no IP address; want for example 192.0.2.1 or 192.0.2.1,mail.example.com"
        );
    };
    match name {
        Some(name) if !mail::hostname::valid_hostname(name) => {
            bail!("--client {text}: {name:?} is no host name; `unknown' stands for none")
        }
        name => Ok((address, name.map(str::to_string))),
    }
}

/// Without the brackets of a path.
fn bare(address: &str) -> String {
    address.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(address).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imagined(words: &str) -> Result<Imagined> {
        let words: Vec<String> = words.split(' ').map(|word| word.replace("''", "")).collect();
        Arguments::read(&words).map_err(|error| anyhow!("{error}"))?.imagined()
    }

    #[test]
    fn clients() {
        for (text, address, name) in [
            ("192.0.2.1", "192.0.2.1", None),
            ("192.0.2.1,a.test", "192.0.2.1", Some("a.test")),
            ("[192.0.2.1],unknown", "192.0.2.1", Some("unknown")),
            ("2001:db8::1", "2001:db8::1", None),
            ("[IPv6:2001:db8::1]", "2001:db8::1", None),
        ] {
            let found = imagined(&format!("--client {text}")).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((found.address.to_string().as_str(), found.name.as_deref()), (address, name), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_played_is_said() {
        for (words, wanted) in [
            ("--helo a", "--client"),
            ("--client here", "\"here\" is no IP address"),
            ("--client 192.0.2.1,-", "\"-\" is no host name"),
            ("--client 192.0.2.1 --to a@b", "--to needs --from"),
            ("--client 192.0.2.1 --from a@b --at rcpt", "--at rcpt needs --to"),
            ("--client 192.0.2.1 --at moon", "--at moon: unknown stage"),
            ("--client 192.0.2.1 --from a\r\nRSET", "control characters"),
            ("--client 192.0.2.1 --message /nowhere", "/nowhere"),
            ("--client 192.0.2.1 --moon", "--moon"),
        ] {
            let error = imagined(words).expect_err(words).to_string();
            assert!(error.contains(wanted), "{words}: {error}");
        }
        let null = imagined("--client 192.0.2.1 --from '' --to <a@b>").expect("good");
        assert_eq!((null.sender.as_deref(), null.recipients.as_slice()), (Some(""), &["a@b".to_string()][..]));
    }
}
