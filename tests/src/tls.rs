//! TLS at the client's end of a test: any server certificate will do, and one of tests/certificates may be shown.
//!
//! The certificates are made by openssl(1): `Test CA` signed those of mx.test (server.pem) and client.test (client.pem);
//! stranger.pem signed itself.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    path::PathBuf,
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};

use crate::needs;

/// Where the certificates are.
pub fn certificates() -> PathBuf {
    needs::root().join("tests/certificates")
}

/// A client's connection, in the clear or under TLS.
pub enum Transport {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Transport {
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.sock,
        }
    }

    /// The handshake. `certificate` names one of tests/certificates, without `.pem`.
    pub fn start_tls(&mut self, certificate: Option<&str>, only_tls12: bool) -> Result<(), String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let versions = if only_tls12 { vec![&rustls::version::TLS12] } else { rustls::ALL_VERSIONS.to_vec() };
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)));
        let config = match certificate {
            None => config.with_no_client_auth(),
            Some(name) => {
                let file = |end: &str| certificates().join(format!("{name}.{end}"));
                let chain =
                    CertificateDer::pem_file_iter(file("pem")).expect("a certificate").map(|c| c.expect("a good one"));
                let key = PrivateKeyDer::from_pem_file(file("key")).expect("a key");
                config.with_client_auth_cert(chain.collect(), key).map_err(|e| e.to_string())?
            }
        };
        let name = ServerName::try_from("mx.test").expect("a name");
        let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())?;
        let mut tcp = self.tcp().try_clone().map_err(|e| e.to_string())?;
        while connection.is_handshaking() {
            connection.complete_io(&mut tcp).map_err(|e| e.to_string())?;
        }
        *self = Self::Tls(Box::new(StreamOwned::new(connection, tcp)));
        Ok(())
    }
}

impl Read for Transport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
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
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
