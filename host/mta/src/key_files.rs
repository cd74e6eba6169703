//! Files with private keys: usually root's alone, so that the privileged parent opens them for the server.

use std::{
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use config::Config;
use master::privileged::Parent;
use net::tls::ReadFile;

/// Parameters whose values are such files.
const NAMES: &[&str] = &[
    "smtpd_tls_chain_files",
    "smtpd_tls_cert_file",
    "smtpd_tls_key_file",
    "smtpd_tls_eccert_file",
    "smtpd_tls_eckey_file",
    "smtpd_tls_CAfile",
    "smtp_tls_chain_files",
    "smtp_tls_cert_file",
    "smtp_tls_key_file",
    "smtp_tls_eccert_file",
    "smtp_tls_eckey_file",
    "smtp_tls_CAfile",
];

/// More than any chain of certificates.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Whether main.cf, or an `-o` of master.cf, names the file for keys or certificates.
pub fn is_named(config: &Config, path: &Path) -> bool {
    let views = config.master().iter().map(|entry| config.service(entry));
    std::iter::once(config.clone()).chain(views).any(|view| {
        NAMES.iter().any(|name| {
            let value = view.text(name).unwrap_or_default();
            config::tokens::split(&value, config::tokens::COMMA_SPACE).iter().any(|word| Path::new(word) == path)
        })
    })
}

/// How this process reads them: by its parent where it has one.
pub fn reader(parent: Option<Arc<Parent>>) -> Arc<ReadFile> {
    let Some(parent) = parent else { return Arc::new(net::tls::read_file) };
    Arc::new(move |path: &Path| {
        let mut bytes = Vec::new();
        parent.key_file(path)?.take(LARGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    })
}

/// The parent's side: opens the file only where the configuration, which it reads for itself, names it.
pub fn open(directory: &Path, path: &Path) -> io::Result<std::fs::File> {
    let config = crate::server::load(directory).map_err(io::Error::other)?;
    if !is_named(&config, path) {
        return Err(io::Error::other(format!("{}: main.cf does not name it", path.display())));
    }
    std::fs::File::open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_the_configuration_names() {
        let main_cf = "smtpd_tls_cert_file = /c/cert.pem\nsmtpd_tls_chain_files = /c/a.pem, /c/b.pem\n";
        let config = Config::from_text(main_cf, crate::parameters::ROWS).expect("good");
        for (path, named) in
            [("/c/cert.pem", true), ("/c/b.pem", true), ("/c/../c/b.pem", false), ("/etc/shadow", false), ("", false)]
        {
            assert_eq!(is_named(&config, Path::new(path)), named, "{path}");
        }
    }
}
