//! The side that answers STARTTLS.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, SystemTime},
};

use rustls::{
    CommonState, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureAlgorithm,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime},
    server::{
        ClientHello, ProducesTickets, ResolvesServerCert, StoresServerSessions, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, Signer, SigningKey},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::{
    Common, Digest, HandshakeError, Peer, Protocols, ReadFile, Stream, Unavailable, ciphers, is_cipher_grade, peer,
    protocols,
};

/// TLS of a server.
#[derive(Clone, Debug, Default)]
pub struct ServerSettings {
    pub common: Common,
    /// Ask clients for a certificate.
    pub ask: bool,
    /// How many authorities may stand between a client's certificate and a trusted one, and that one; 0: none are trusted.
    pub verify_depth: usize,
    /// Of cipher suites: this side's order counts.
    pub own_order: bool,
}

/// Ready for handshakes. One for each service and configuration generation.
pub struct Server {
    provider: Arc<CryptoProvider>,
    protocols: Protocols,
    keys: Vec<Arc<CertifiedKey>>,
    ask: bool,
    /// Their names are told to clients that are asked.
    authorities: Arc<[DistinguishedName]>,
    trust: Option<Arc<dyn ClientCertVerifier>>,
    verify_depth: usize,
    own_order: bool,
    digest: Digest,
    tickets: Arc<dyn ProducesTickets>,
    sessions: Arc<dyn StoresServerSessions>,
    /// A setting that Postfix only looks at when a session begins, such as a bad cipher grade.
    refusal: Option<String>,
}

impl Server {
    /// Loads keys and authorities.
    pub fn new(settings: &ServerSettings, read: &ReadFile) -> Result<Self, Unavailable> {
        let common = &settings.common;
        let Some(protocols) = Protocols::parse(&common.protocols) else {
            let list = &common.protocols;
            return Err(Unavailable::because(format!("Invalid TLS protocol list \"{list}\": disabling TLS support")));
        };
        let Some(digest) = Digest::named(&common.digest) else {
            return Err(Unavailable::because(format!("Digest algorithm \"{}\" not found", common.digest)));
        };
        let provider = provider(&common.exclude_ciphers);
        let roots = Arc::new(common.authorities.load(read)?);
        let keys = common.chains.load(&provider, read)?;
        let tickets = aws_lc_rs::Ticketer::new().map_err(|why| Unavailable::because(why.to_string()))?;
        let mut server = Self {
            protocols,
            keys,
            ask: settings.ask,
            authorities: roots.subjects().into(),
            trust: trust(roots, &provider),
            verify_depth: settings.verify_depth,
            own_order: settings.own_order,
            digest,
            tickets,
            // TLS 1.2 sessions and TLS 1.3 tickets both live in the ticket: nothing is kept here.
            sessions: Arc::new(rustls::server::NoServerSessionStorage {}),
            refusal: refusal(common, protocols),
            provider: Arc::new(provider),
        };
        // The key that fewer clients can use goes first: most can use both.
        server.keys.sort_by_key(|key| key.key.algorithm() == SignatureAlgorithm::RSA);
        Ok(server)
    }

    /// The handshake, in at most `limit`. On error the stream is of no more use.
    pub async fn accept<S>(
        &self,
        stream: &mut Stream<S>,
        limit: Duration,
        now: SystemTime,
    ) -> Result<Peer, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let plain = stream.take_plain().ok_or(HandshakeError::Lost)?;
        if let Some(refusal) = &self.refusal {
            return Err(HandshakeError::Settings(vec![refusal.clone()]));
        }
        let signed = Signed::default();
        let config = self.config(&signed).map_err(|why| HandshakeError::Settings(vec![why.to_string()]))?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let tls = tokio::time::timeout(limit, acceptor.accept(plain)).await.map_err(|_| HandshakeError::Timeout)??;
        let connection = tls.get_ref().1;
        let mut peer = Peer::of(connection, self.digest);
        peer.requested = self.ask;
        peer.sni = connection.server_name().map(str::to_string);
        if connection.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3) && !peer.resumed {
            signed.describe(&mut peer, connection, &self.keys);
        }
        if let Some(certificate) = &mut peer.certificate {
            certificate.trusted = self.trusts(connection, now);
        }
        *stream = Stream::Tls(Box::new(tls.into()));
        Ok(peer)
    }

    /// For one session: what is signed in it is noted.
    fn config(&self, signed: &Signed) -> Result<ServerConfig, Error> {
        let versions = protocols::versions(self.protocols);
        let builder = ServerConfig::builder_with_provider(self.provider.clone()).with_protocol_versions(&versions)?;
        let builder = if self.ask {
            builder.with_client_cert_verifier(Arc::new(AskForCertificate {
                provider: self.provider.clone(),
                authorities: self.authorities.clone(),
                scheme: signed.by_client.clone(),
            }))
        } else {
            builder.with_no_client_auth()
        };
        let keys = self.keys.iter().map(|key| Arc::new(noted(key, &signed.by_server))).collect();
        let mut config = builder.with_cert_resolver(Arc::new(KeyChoice { keys }));
        config.ignore_client_order = self.own_order;
        config.ticketer = self.tickets.clone();
        config.session_storage = self.sessions.clone();
        Ok(config)
    }

    /// Whether an authority vouches for the client.
    fn trusts(&self, connection: &CommonState, now: SystemTime) -> bool {
        let (Some(trust), Some([leaf, chain @ ..])) = (&self.trust, connection.peer_certificates()) else {
            return false;
        };
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        chain.len() < self.verify_depth
            && trust.verify_client_cert(leaf, chain, UnixTime::since_unix_epoch(since)).is_ok()
    }
}

/// The library's suites and groups without those that are excluded; the groups in Postfix's order.
pub(super) fn provider(exclude_ciphers: &str) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites = ciphers::without(&provider.cipher_suites, exclude_ciphers);
    provider.kx_groups =
        vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1, aws_lc_rs::kx_group::SECP384R1];
    provider
}

/// What makes every handshake fail.
pub(super) fn refusal(common: &Common, protocols: Protocols) -> Option<String> {
    if !is_cipher_grade(&common.grade) || common.grade.eq_ignore_ascii_case("null") {
        return Some(format!("invalid cipher grade: \"{}\"", common.grade));
    }
    protocols.is_empty().then(|| format!("no TLS protocol of \"{}\" can be spoken", common.protocols))
}

fn trust(roots: Arc<RootCertStore>, provider: &CryptoProvider) -> Option<Arc<dyn ClientCertVerifier>> {
    // Without authorities there is no verifier, and nobody is trusted.
    WebPkiClientVerifier::builder_with_provider(roots, Arc::new(provider.clone())).build().ok()
}

/// The signature schemes of one handshake; 0: none.
#[derive(Default)]
struct Signed {
    by_server: Arc<AtomicU16>,
    by_client: Arc<AtomicU16>,
}

impl Signed {
    fn describe(&self, peer: &mut Peer, connection: &CommonState, keys: &[Arc<CertifiedKey>]) {
        let scheme = |of: &AtomicU16| SignatureScheme::from(of.load(Ordering::Relaxed));
        let ours = scheme(&self.by_server);
        let own = keys.iter().find(|key| key.key.choose_scheme(&[ours]).is_some());
        if let Some(certificate) = own.and_then(|key| key.cert.first()) {
            peer.server_signature = peer::signature(ours, certificate, "server");
        }
        if let Some(certificate) = connection.peer_certificates().and_then(|chain| chain.first()) {
            peer.client_signature = peer::signature(scheme(&self.by_client), certificate, "client");
        }
    }
}

/// The first key that the client can check.
#[derive(Debug)]
struct KeyChoice {
    keys: Vec<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for KeyChoice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.keys.iter().find(|key| key.key.choose_scheme(hello.signature_schemes()).is_some()).cloned()
    }
}

/// A key that notes how it signs.
#[derive(Debug)]
struct NotingKey {
    key: Arc<dyn SigningKey>,
    scheme: Arc<AtomicU16>,
}

fn noted(key: &Arc<CertifiedKey>, scheme: &Arc<AtomicU16>) -> CertifiedKey {
    CertifiedKey::new(key.cert.clone(), Arc::new(NotingKey { key: key.key.clone(), scheme: scheme.clone() }))
}

impl SigningKey for NotingKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let signer = self.key.choose_scheme(offered)?;
        self.scheme.store(signer.scheme().into(), Ordering::Relaxed);
        Some(signer)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        self.key.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}

/// Takes any certificate whose key the client really has. What it is worth is found out afterwards: a client without a
/// trusted certificate is still a client (smtpd_tls_ask_ccert).
#[derive(Debug)]
struct AskForCertificate {
    provider: Arc<CryptoProvider>,
    authorities: Arc<[DistinguishedName]>,
    scheme: Arc<AtomicU16>,
}

impl ClientCertVerifier for AskForCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.authorities
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.scheme.store(signed.scheme.into(), Ordering::Relaxed);
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
