//! TLS towards a directory: ldap_table(5), LDAP SSL AND STARTTLS PARAMETERS.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};

use crate::{DictError, client_parameters::ClientParameters};

pub(super) fn config(parameters: &ClientParameters) -> Result<Arc<ClientConfig>, DictError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let wrong = |parameter: &str, value: &str, error: &dyn std::fmt::Display| {
        parameters.error(&format!("{error}: "), parameter, value)
    };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| DictError::ConfigSyntax(error.to_string()))?;
    let builder = match parameters.boolean("tls_require_cert", false)? {
        false => builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
        true => {
            let mut roots = RootCertStore::empty();
            for file in root_files(parameters)? {
                let shown = file.display().to_string();
                let certificates =
                    CertificateDer::pem_file_iter(&file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
                let certificates = certificates.map_err(|error| wrong("tls_ca_cert_file", &shown, &error))?;
                roots.add_parsable_certificates(certificates);
            }
            builder.with_root_certificates(roots)
        }
    };
    let (certificate, key) = (parameters.text("tls_cert", ""), parameters.text("tls_key", ""));
    if certificate.is_empty() {
        return Ok(Arc::new(builder.with_no_client_auth()));
    }
    let chain = CertificateDer::pem_file_iter(&certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| wrong("tls_cert", &certificate, &error))?;
    let secret = PrivateKeyDer::from_pem_file(&key).map_err(|error| wrong("tls_key", &key, &error))?;
    let config =
        builder.with_client_auth_cert(chain, secret).map_err(|error| wrong("tls_cert", &certificate, &error))?;
    Ok(Arc::new(config))
}

/// tls_ca_cert_file counts before tls_ca_cert_dir.
fn root_files(parameters: &ClientParameters) -> Result<Vec<std::path::PathBuf>, DictError> {
    let file = parameters.text("tls_ca_cert_file", "");
    if !file.is_empty() {
        return Ok(vec![file.into()]);
    }
    let directory = parameters.text("tls_ca_cert_dir", "");
    if directory.is_empty() {
        let what = "tls_require_cert = yes needs tls_ca_cert_file or tls_ca_cert_dir: ";
        return Err(parameters.error(what, "tls_require_cert", "yes"));
    }
    let unreadable = |error: std::io::Error| {
        parameters.error(&format!("{}: ", crate::error::reason(&error)), "tls_ca_cert_dir", &directory)
    };
    let entries = std::fs::read_dir(Path::new(&directory)).map_err(unreadable)?;
    Ok(entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_file()).collect())
}

/// tls_require_cert = no: whoever answers is believed.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
