//! The Received: header as smtpd(8), pickup(8) and bounce(8) write it: RFC 5321 section 4.4.

use std::{fmt::Write, time::SystemTime};

use crate::{address, date};

/// What a TLS session adds: smtpd_tls_received_header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsDetails {
    /// Such as `TLSv1.3`.
    pub protocol: String,
    pub cipher: String,
    /// Secret bits in use and of the algorithm.
    pub used_bits: u32,
    pub algorithm_bits: u32,
    /// Such as `X25519` or `ECDHE (P-256)`; empty: not known.
    pub key_exchange: String,
    /// Such as `RSA-PSS (2048 bits) server-digest SHA256`, likewise.
    pub server_signature: String,
    pub client_signature: String,
    pub client_certificate: ClientCertificate,
}

/// The client's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificate {
    #[default]
    NotRequested,
    NotPresented,
    Presented {
        subject: String,
        issuer: String,
        verified: bool,
    },
}

/// Where the message came from.
#[derive(Clone, Debug)]
pub enum Origin<'a> {
    Smtp {
        /// As given in HELO or EHLO; none: the client's name stands in.
        helo: Option<&'a str>,
        /// Verified client name or `unknown`.
        client_name: &'a str,
        /// As in an address literal: `IPv6:::1`.
        client_address: &'a str,
        tls: Option<&'a TlsDetails>,
        /// smtpd_sasl_authenticated_header: the name to show.
        sasl_username: Option<&'a str>,
        protocol: Protocol,
    },
    /// pickup(8).
    User { uid: u32 },
    /// Mail made by the server.
    Internal,
}

/// What makes `with ESMTPSA`: RFC 3848 and RFC 6531.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protocol {
    pub esmtp: bool,
    pub encrypted: bool,
    pub authenticated: bool,
    pub smtputf8: bool,
}

impl Protocol {
    /// The word after `with`.
    pub fn name(self) -> String {
        let base = match (self.smtputf8, self.esmtp) {
            (true, _) => "UTF8SMTP",
            (false, true) => "ESMTP",
            (false, false) => return "SMTP".to_string(),
        };
        let encrypted = if self.encrypted { "S" } else { "" };
        let authenticated = if self.authenticated { "A" } else { "" };
        format!("{base}{encrypted}{authenticated}")
    }
}

/// One Received: header.
#[derive(Clone, Debug)]
pub struct Received<'a> {
    pub origin: Origin<'a>,
    /// myhostname and mail_name.
    pub hostname: &'a str,
    pub mail_name: &'a str,
    /// Empty: it has none, since a filter before the queue (smtpd_proxy_filter) takes the message.
    pub queue_id: &'a str,
    /// Internal form; only given when there is exactly one recipient.
    pub recipient: Option<&'a str>,
    pub time: SystemTime,
}

impl Received<'_> {
    /// The whole field with CR LF.
    pub fn field(&self) -> String {
        let mut out = String::with_capacity(256);
        // Writing to a String cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Self { hostname, mail_name, queue_id, .. } = self;
        let date = date::rfc5322(self.time);
        match &self.origin {
            Origin::User { uid } => {
                write!(out, "Received: by {hostname} ({mail_name}, from userid {uid})\r\n\tid {queue_id}; {date}\r\n")
            }
            Origin::Internal => {
                write!(out, "Received: by {hostname} ({mail_name})\r\n\tid {queue_id}; {date}\r\n")
            }
            Origin::Smtp { helo, client_name, client_address, tls, sasl_username, protocol } => {
                let helo = helo.unwrap_or(client_name);
                write!(out, "Received: from {helo} ({client_name} [{client_address}])\r\n")?;
                if let Some(tls) = tls {
                    tls.write(out)?;
                }
                if let Some(username) = sasl_username {
                    write!(out, "\t(Authenticated sender: {username})\r\n")?;
                }
                write!(out, "\tby {hostname} ({mail_name}) with {}", protocol.name())?;
                if !queue_id.is_empty() {
                    write!(out, " id {queue_id}")?;
                }
                match self.recipient {
                    Some(recipient) => write!(out, "\r\n\tfor <{}>; {date}\r\n", address::quote(recipient)),
                    None => write!(out, ";\r\n\t{date}\r\n"),
                }
            }
        }
    }
}

impl TlsDetails {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Self { protocol, cipher, used_bits, algorithm_bits, .. } = self;
        write!(out, "\t(using {protocol} with cipher {cipher} ({used_bits}/{algorithm_bits} bits)")?;
        let mut mark = "\r\n\t ";
        if !self.key_exchange.is_empty() {
            write!(out, "{mark}key-exchange {}", self.key_exchange)?;
            mark = " ";
        }
        if !self.server_signature.is_empty() {
            write!(out, "{mark}server-signature {}", self.server_signature)?;
        }
        if !self.client_signature.is_empty() {
            write!(out, "\r\n\t client-signature {}", self.client_signature)?;
        }
        out.push_str(")\r\n");
        match &self.client_certificate {
            ClientCertificate::NotRequested => out.push_str("\t(No client certificate requested)\r\n"),
            ClientCertificate::NotPresented => out.push_str("\t(Client did not present a certificate)\r\n"),
            ClientCertificate::Presented { subject, issuer, verified } => {
                let verdict = if *verified { "verified OK" } else { "not verified" };
                write!(out, "\t(Client CN \"{subject}\", Issuer \"{issuer}\" ({verdict}))\r\n")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp<'a>(tls: Option<&'a TlsDetails>, sasl: Option<&'a str>, protocol: Protocol) -> Origin<'a> {
        Origin::Smtp {
            helo: Some("h"),
            client_name: "c.example",
            client_address: "192.0.2.1",
            tls,
            sasl_username: sasl,
            protocol,
        }
    }

    fn field(origin: Origin<'_>, recipient: Option<&str>) -> String {
        let time = SystemTime::UNIX_EPOCH;
        let field =
            Received { origin, hostname: "mx", mail_name: "Waxwing", queue_id: "4ABC", recipient, time }.field();
        field.replace(&date::rfc5322(time), "DATE")
    }

    #[test]
    fn forms() {
        let esmtp = Protocol { esmtp: true, ..Protocol::default() };
        assert_eq!(
            field(smtp(None, None, esmtp), Some("a b@c")),
            "Received: from h (c.example [192.0.2.1])\r\n\tby mx (Waxwing) with ESMTP id 4ABC\r\n\tfor <\"a b\"@c>; DATE\r\n"
        );
        assert_eq!(
            field(smtp(None, None, Protocol::default()), None),
            "Received: from h (c.example [192.0.2.1])\r\n\tby mx (Waxwing) with SMTP id 4ABC;\r\n\tDATE\r\n"
        );
        assert_eq!(
            field(Origin::User { uid: 7 }, None),
            "Received: by mx (Waxwing, from userid 7)\r\n\tid 4ABC; DATE\r\n"
        );
        assert_eq!(field(Origin::Internal, None), "Received: by mx (Waxwing)\r\n\tid 4ABC; DATE\r\n");
    }

    #[test]
    fn tls_and_authentication() {
        let tls = TlsDetails {
            protocol: "TLSv1.3".into(),
            cipher: "TLS_AES_256_GCM_SHA384".into(),
            used_bits: 256,
            algorithm_bits: 256,
            key_exchange: "X25519".into(),
            server_signature: "RSA-PSS (2048 bits) server-digest SHA256".into(),
            ..TlsDetails::default()
        };
        let all = Protocol { esmtp: true, encrypted: true, authenticated: true, smtputf8: false };
        assert_eq!(
            field(smtp(Some(&tls), Some("joe"), all), None),
            "Received: from h (c.example [192.0.2.1])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t \
             key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)\r\n\t(No client certificate requested)\r\n\
             \t(Authenticated sender: joe)\r\n\tby mx (Waxwing) with ESMTPSA id 4ABC;\r\n\tDATE\r\n"
        );
        assert_eq!(Protocol { smtputf8: true, ..all }.name(), "UTF8SMTPSA");
    }
}
