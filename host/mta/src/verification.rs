//! verify(8) between the daemons: what plugins and the SMTP server ask it, and the one that answers at present.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bounce::{Submit, Verify, verify};
use config::Config;
use hook::{AddressError, Addresses, BoxFuture, Clock, Listing, Probe, Resolution};
use rewrite::Rewrite;

/// Outlives reloads; before the first generation it knows nobody to ask.
#[derive(Default)]
pub struct Verification(ArcSwapOption<Verify>);

impl Verification {
    /// For a new generation, with the cache of the present one where that stays the same.
    pub fn next(
        &self,
        config: &Config,
        rewrite: &Rewrite,
        submit: Arc<dyn Submit>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Verify>, bounce::BounceError> {
        let settings = verify::Settings::new(config, |address| rewrite.rewrite(address, true))?;
        Ok(Verify::new(settings, self.0.load().as_deref(), submit, clock))
    }

    /// From now on this one answers.
    pub fn replace(&self, verify: Arc<Verify>) {
        self.0.store(Some(verify));
    }
}

/// trivial-rewrite(8) of one generation, and verify(8).
pub struct VerifiedAddresses {
    pub rewrite: Rewrite,
    pub verification: Arc<Verification>,
}

impl Addresses for VerifiedAddresses {
    fn resolve<'a>(&'a self, address: &'a str, sender: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        self.rewrite.resolve(address, sender)
    }

    fn resolve_probe<'a>(
        &'a self,
        address: &'a str,
        sender: &'a str,
    ) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        self.rewrite.resolve_probe(address, sender)
    }

    fn find_recipient<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        self.rewrite.find_recipient(address)
    }

    fn find_sender<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        self.rewrite.find_sender(address)
    }

    fn probe<'a>(&'a self, address: &'a str, stress: bool) -> BoxFuture<'a, Result<Probe, String>> {
        Box::pin(async move {
            let Some(verify) = self.verification.0.load_full() else {
                return Err("address verification is not running yet".to_string());
            };
            verify.query(address, stress).await.map_err(|error| error.to_string())
        })
    }

    fn probe_sender(&self, address: &str) -> Option<String> {
        self.verification.0.load().as_ref()?.probe_sender(address).map(str::to_string)
    }
}
