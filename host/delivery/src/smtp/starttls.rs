//! STARTTLS of a server, as much as its destination's policy wants: RFC 3207.

use mail::Status;
use net::tls::{Client, Handshake, HandshakeError};

use super::{
    destination::Destination,
    progress::{Progress, Reason},
    sasl::Credentials,
    session::Session,
    settings::Settings,
    tls_policy::{Level, Policy},
};
use hook::{Clock, MailLog};

/// How a session with one server is to begin.
pub struct Way<'a> {
    pub settings: &'a Settings,
    pub log: &'a MailLog,
    pub clock: &'a dyn Clock,
    pub destination: &'a Destination,
    pub policy: &'a Policy,
    /// None: keys or authorities could not be loaded.
    pub client: Option<&'a Client>,
    /// Who we are for this server.
    pub credentials: Option<&'a Credentials>,
    pub detect_loops: bool,
    pub best_mx: bool,
}

impl Session {
    /// TLS before the greeting: smtp_tls_wrappermode. False: the recipients were dealt with.
    pub async fn wrap(&mut self, progress: &mut Progress<'_>, way: &Way<'_>) -> bool {
        !way.settings.tls.wrapper || self.start_tls(progress, way).await
    }

    /// STARTTLS after EHLO. None: plain text it is. Some(false): the recipients were dealt with.
    pub async fn secure(&mut self, progress: &mut Progress<'_>, way: &Way<'_>) -> Option<bool> {
        let (level, offered) = (way.policy.level, self.features.starttls);
        let name = self.peer().name_address;
        if self.tls.is_some() {
            return None;
        }
        if level == Level::None {
            if offered && way.settings.tls.note_offer {
                way.log.info(format_args!("Host offered STARTTLS: [{}]", self.host()));
            }
            return None;
        }
        let required = level >= Level::Encrypt;
        let fail = |progress: &mut Progress<'_>, detail, text: String| {
            progress.all_failed(Reason::local(Status::temporary(7, detail), text).throttling());
            Some(false)
        };
        if !offered {
            return match required {
                true => fail(progress, 4, format!("TLS is required, but was not offered by host {name}")),
                false => None,
            };
        }
        if way.client.is_none() {
            return match required {
                true => fail(progress, 5, "TLS is required, but our TLS engine is unavailable".to_string()),
                false => None,
            };
        }
        let id = progress.request.queue_id.clone();
        match self.command("STARTTLS\r\n", way.settings, way.log, &id).await {
            Ok(reply) if reply.digit() == 2 => Some(self.start_tls(progress, way).await),
            Ok(reply) if required => {
                let text = format!("TLS is required, but host {name} refused to start TLS: {}", reply.text);
                progress.all_failed(Reason::remote(self.host(), &reply, text).throttling());
                Some(false)
            }
            Ok(_) => None,
            Err(trouble) => {
                progress.broken(trouble, "receiving the STARTTLS response");
                Some(false)
            }
        }
    }

    async fn start_tls(&mut self, progress: &mut Progress<'_>, way: &Way<'_>) -> bool {
        // Nothing that came in the clear may be taken for part of the session under TLS.
        self.connection.discard_input();
        let (host, nexthop) = (self.host().to_string(), &way.destination.host);
        let handshake = Handshake {
            protocols: &way.policy.protocols,
            grade: &way.policy.grade,
            exclude_ciphers: &way.policy.exclude_ciphers,
            server_name: way.policy.sni(&host, nexthop),
            limit: way.settings.tls.limit,
        };
        let done = match way.client {
            Some(client) => client.connect(self.connection.stream_mut(), &handshake, way.clock.now()).await,
            None => Err(HandshakeError::Settings(Vec::new())),
        };
        let relay = self.peer().relay;
        let peer = match done {
            Ok(peer) => peer,
            Err(error) => {
                self.broken = true;
                log_failed(way.log, &relay, &error);
                self.handshake_failed(progress, way);
                return false;
            }
        };
        let satisfied = way.settings.tls.is_satisfied(way.policy, &peer, &host, nexthop);
        if way.settings.tls.log_sessions {
            let word = match &peer.certificate {
                None => "Anonymous",
                Some(_) if satisfied && way.policy.level >= Level::Fingerprint => "Verified",
                Some(certificate) if certificate.trusted => "Trusted",
                Some(_) => "Untrusted",
            };
            way.log.info(format_args!("{word} TLS connection established to {relay}: {}", peer.summary()));
        }
        self.verified = satisfied && way.policy.level >= Level::Fingerprint;
        self.tls = Some(peer);
        if !satisfied {
            let reason = Reason::local(Status::temporary(7, 5), "Server certificate not verified");
            progress.all_failed(reason.throttling());
        }
        satisfied
    }

    /// Opportunistic TLS that does not work gives way to plain text, but only for mail that has waited already: the next
    /// attempt may find a server whose TLS works. Not with a password at hand, which the server could want.
    fn handshake_failed(&mut self, progress: &mut Progress<'_>, way: &Way<'_>) {
        let optional = way.policy.level == Level::May;
        if optional && progress.request.attempts > 0 && way.credentials.is_none() && !way.settings.tls.wrapper {
            self.plain_again = true;
            return;
        }
        let reason = Reason::local(Status::temporary(7, 5), "Cannot start TLS: handshake failure");
        progress.all_failed(if optional { reason } else { reason.throttling() });
    }
}

fn log_failed(log: &MailLog, relay: &str, error: &HandshakeError) {
    match error {
        HandshakeError::Lost => log.info(format_args!("SSL_connect error to {relay}: lost connection")),
        HandshakeError::Timeout => log.info(format_args!("SSL_connect error to {relay}: Connection timed out")),
        HandshakeError::Library(why) => {
            log.info(format_args!("SSL_connect error to {relay}: -1"));
            log.warning(format_args!("TLS library problem: {why}"));
        }
        HandshakeError::Settings(texts) => texts.iter().for_each(|text| log.warning(format_args!("{relay}: {text}"))),
    }
}
