//! Private keys and their certificates: `*_tls_chain_files`, `*_tls_cert_file`, `*_tls_key_file` and their EC variants.

use std::{io, path::Path, sync::Arc};

use rustls::{
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject, pem::SectionKind},
    sign::CertifiedKey,
};

use super::Unavailable;

/// Reads a file. The server's own user may not read keys, so the program decides who does it.
pub type ReadFile = dyn Fn(&Path) -> io::Result<Vec<u8>> + Send + Sync;

/// Reads it as the user that this process runs as.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// Where keys are. Empty texts: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainFiles {
    /// Each with a key and then its certificates. Before the others, which then do not count.
    pub chain_files: Vec<String>,
    pub certificate: String,
    pub key: String,
    pub ec_certificate: String,
    pub ec_key: String,
}

impl ChainFiles {
    /// There is nothing to load.
    pub fn is_empty(&self) -> bool {
        self.chain_files.is_empty() && self.certificate.is_empty() && self.ec_certificate.is_empty()
    }

    /// Loads all of them.
    pub(super) fn load(
        &self,
        provider: &CryptoProvider,
        read: &ReadFile,
    ) -> Result<Vec<Arc<CertifiedKey>>, Unavailable> {
        let mut keys = Vec::new();
        if !self.chain_files.is_empty() {
            for file in &self.chain_files {
                keys.extend(chains(provider, file, read)?);
            }
            return Ok(keys);
        }
        for (kind, certificate, key) in
            [("RSA", &self.certificate, &self.key), ("ECDSA", &self.ec_certificate, &self.ec_key)]
        {
            if !certificate.is_empty() {
                let key = if key.is_empty() { certificate } else { key };
                keys.push(pair(provider, kind, certificate, key, read)?);
            }
        }
        Ok(keys)
    }
}

/// A certificate file with the leaf first, and its key's file.
fn pair(
    provider: &CryptoProvider,
    kind: &str,
    certificate: &str,
    key: &str,
    read: &ReadFile,
) -> Result<Arc<CertifiedKey>, Unavailable> {
    let trouble = |what: &str, file: &str, why: &dyn std::fmt::Display| {
        let text = format!("cannot get {kind} {what} from file \"{file}\": disabling TLS support");
        Unavailable(vec![text, format!("TLS library problem: {file}: {why}")])
    };
    let bytes = read(Path::new(certificate)).map_err(|why| trouble("certificate", certificate, &why))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let certificates = certificates.map_err(|why| trouble("certificate", certificate, &why))?;
    if certificates.is_empty() {
        return Err(trouble("certificate", certificate, &"no certificate in it"));
    }
    let bytes = read(Path::new(key)).map_err(|why| trouble("private key", key, &why))?;
    let private = PrivateKeyDer::from_pem_slice(&bytes).map_err(|why| trouble("private key", key, &why))?;
    certified(provider, certificates, private).map_err(|why| trouble("private key", key, &why))
}

/// A file of `smtpd_tls_chain_files`: one or more keys, each followed by its certificates.
fn chains(provider: &CryptoProvider, file: &str, read: &ReadFile) -> Result<Vec<Arc<CertifiedKey>>, Unavailable> {
    let trouble = |why: String| {
        let text = format!("error loading private keys and certificates from: {file}: disabling TLS support");
        Unavailable(vec![format!("error loading certificate chain: {why}"), text])
    };
    let bytes = read(Path::new(file)).map_err(|why| {
        let text = format!("error loading private keys and certificates from: {file}: disabling TLS support");
        Unavailable(vec![format!("error opening chain file: {file}: {why}"), text])
    })?;
    let mut found: Vec<(PrivateKeyDer<'static>, Vec<CertificateDer<'static>>)> = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(&bytes) {
        let (kind, der) = section.map_err(|why| trouble(format!("{file}: {why}")))?;
        let key = match kind {
            SectionKind::PrivateKey => PrivateKeyDer::Pkcs8(der.into()),
            SectionKind::RsaPrivateKey => PrivateKeyDer::Pkcs1(der.into()),
            SectionKind::EcPrivateKey => PrivateKeyDer::Sec1(der.into()),
            SectionKind::Certificate => {
                let Some((_, certificates)) = found.last_mut() else {
                    return Err(trouble(format!("{file}: key not first")));
                };
                certificates.push(der.into());
                continue;
            }
            _ => continue,
        };
        found.push((key, Vec::new()));
    }
    if found.is_empty() {
        return Err(trouble(format!("No private key found in {file}")));
    }
    let join = |(number, (key, certificates)): (usize, (_, Vec<_>))| {
        if certificates.is_empty() {
            return Err(trouble(format!("No certs for key at index {number} in {file}")));
        }
        certified(provider, certificates, key)
            .map_err(|why| trouble(format!("key at index {number} in {file} does not match next certificate ({why})")))
    };
    found.into_iter().enumerate().map(join).collect()
}

fn certified(
    provider: &CryptoProvider,
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    CertifiedKey::from_der(certificates, key, provider).map(Arc::new)
}
