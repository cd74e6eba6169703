//! The side that asks for STARTTLS.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, SystemTime},
};

use rustls::{
    ClientConfig, CommonState, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::{Common, Digest, HandshakeError, Peer, Protocols, ReadFile, Stream, Unavailable, peer, protocols, server};

/// What one handshake uses; the policy of a destination may differ from the settings.
#[derive(Clone, Debug, Default)]
pub struct Handshake<'a> {
    pub protocols: &'a str,
    pub grade: &'a str,
    pub exclude_ciphers: &'a str,
    /// The name to ask for; empty: none.
    pub server_name: &'a str,
    pub limit: Duration,
}

/// Ready for handshakes. One for each transport and configuration generation.
pub struct Client {
    roots: RootCertStore,
    keys: Vec<Arc<CertifiedKey>>,
    digest: Digest,
    verify_depth: usize,
}

impl Client {
    /// Loads keys and authorities.
    pub fn new(common: &Common, verify_depth: usize, read: &ReadFile) -> Result<Self, Unavailable> {
        let Some(digest) = Digest::named(&common.digest) else {
            return Err(Unavailable::because(format!("Digest algorithm \"{}\" not found", common.digest)));
        };
        let roots = common.authorities.load(read)?;
        let keys = common.chains.load(&server::provider(""), read)?;
        Ok(Self { roots, keys, digest, verify_depth })
    }

    /// The handshake. On error the stream is of no more use. Whether the peer is whom one wanted is for the caller to judge.
    pub async fn connect<S>(
        &self,
        stream: &mut Stream<S>,
        handshake: &Handshake<'_>,
        now: SystemTime,
    ) -> Result<Peer, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let plain = stream.take_plain().ok_or(HandshakeError::Lost)?;
        let settings = |text: String| HandshakeError::Settings(vec![text]);
        let list = handshake.protocols;
        let protocols = Protocols::parse(list)
            .ok_or_else(|| settings(format!("Invalid TLS protocol list \"{list}\": aborting TLS session")))?;
        let common = Common { protocols: list.into(), grade: handshake.grade.into(), ..Common::default() };
        if let Some(refusal) = server::refusal(&common, protocols) {
            return Err(settings(refusal));
        }
        let provider = Arc::new(server::provider(handshake.exclude_ciphers));
        let scheme = Arc::new(AtomicU16::new(0));
        let verifier = AnyCertificate { provider: provider.clone(), scheme: scheme.clone() };
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&protocols::versions(protocols))
            .map_err(|why| settings(why.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = builder.with_client_cert_resolver(Arc::new(OwnKeys(self.keys.clone())));
        config.resumption = Resumption::disabled();
        let name =
            ServerName::try_from(handshake.server_name.to_string()).ok().filter(|_| !handshake.server_name.is_empty());
        config.enable_sni = name.is_some();
        // Without a name to ask for the library still wants one; it is not sent.
        let name = name.unwrap_or(ServerName::IpAddress(std::net::IpAddr::from([0, 0, 0, 0]).into()));
        let connect = TlsConnector::from(Arc::new(config)).connect(name, plain);
        let tls = tokio::time::timeout(handshake.limit, connect).await.map_err(|_| HandshakeError::Timeout)??;
        let connection = tls.get_ref().1;
        let mut peer = Peer::of(connection, self.digest);
        if connection.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3)
            && let Some(certificate) = connection.peer_certificates().and_then(|chain| chain.first())
        {
            let scheme = SignatureScheme::from(scheme.load(Ordering::Relaxed));
            peer.server_signature = peer::signature(scheme, certificate, "server");
        }
        if let Some(certificate) = &mut peer.certificate {
            certificate.trusted = self.trusts(connection, &provider, now);
        }
        *stream = Stream::Tls(Box::new(tls.into()));
        Ok(peer)
    }

    fn trusts(&self, connection: &CommonState, provider: &CryptoProvider, now: SystemTime) -> bool {
        let Some([leaf, chain @ ..]) = connection.peer_certificates() else { return false };
        let now = UnixTime::since_unix_epoch(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
        let algorithms = provider.signature_verification_algorithms.all;
        let verified = |leaf: ParsedCertificate<'_>| {
            verify_server_cert_signed_by_trust_anchor(&leaf, &self.roots, chain, now, algorithms)
        };
        chain.len() < self.verify_depth && ParsedCertificate::try_from(leaf).and_then(verified).is_ok()
    }
}

/// Certificates for servers that ask.
#[derive(Debug)]
struct OwnKeys(Vec<Arc<CertifiedKey>>);

impl rustls::client::ResolvesClientCert for OwnKeys {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.iter().find(|key| key.key.choose_scheme(schemes).is_some()).cloned()
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}

/// Takes any certificate whose key the server really has; opportunistic TLS needs no more, and the other levels judge
/// afterwards.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
    scheme: Arc<AtomicU16>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
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
