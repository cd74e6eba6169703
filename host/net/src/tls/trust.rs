//! Certification authorities: `*_tls_CAfile`, `*_tls_CApath`, `tls_append_default_CA`.

use std::{fs, path::Path};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{ReadFile, Unavailable};

/// Where Debian and its relatives keep the system's authorities.
const SYSTEM_AUTHORITIES: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Whom certificates are believed from. Empty texts: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorities {
    pub file: String,
    pub directory: String,
    /// The system's too.
    pub system: bool,
}

impl Authorities {
    /// Reads them. A file or directory that cannot be read is an error; a certificate that the library does not understand
    /// is left out.
    pub(super) fn load(&self, read: &ReadFile) -> Result<RootCertStore, Unavailable> {
        let mut roots = RootCertStore::empty();
        let shown = || {
            let part = |name: &str, value: &str| (!value.is_empty()).then(|| format!("{name}=\"{value}\""));
            let parts = [part("CAfile", &self.file), part("CApath", &self.directory)];
            parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
        };
        let trouble = |why: &dyn std::fmt::Display| {
            let text = format!("cannot load Certification Authority data, {}: disabling TLS support", shown());
            Unavailable(vec![text, format!("TLS library problem: {why}")])
        };
        if !self.file.is_empty() {
            let bytes = read(Path::new(&self.file)).map_err(|why| trouble(&format!("{}: {why}", self.file)))?;
            if add(&mut roots, &bytes) == 0 {
                return Err(trouble(&format!("{}: no certificate in it", self.file)));
            }
        }
        if !self.directory.is_empty() {
            let entries =
                fs::read_dir(&self.directory).map_err(|why| trouble(&format!("{}: {why}", self.directory)))?;
            for entry in entries.flatten().filter(|entry| is_hash_name(&entry.file_name().to_string_lossy())) {
                // As in OpenSSL, a bad file among the others does no harm.
                if let Ok(bytes) = fs::read(entry.path()) {
                    add(&mut roots, &bytes);
                }
            }
        }
        if self.system {
            let bytes = SYSTEM_AUTHORITIES.iter().find_map(|path| fs::read(path).ok());
            add(&mut roots, &bytes.unwrap_or_default());
        }
        Ok(roots)
    }
}

fn add(roots: &mut RootCertStore, pem: &[u8]) -> usize {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).filter(|one| roots.add(one.clone()).is_ok()).count()
}

/// As c_rehash(1) names them: `9d66eef0.0`.
fn is_hash_name(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}
