//! `addresses` and `verification`: trivial-rewrite(8) and verify(8).

use hook::{AddressClass, AddressError, Attribute, Inputs, Listing, ProbeStatus};

use crate::{
    bindings::waxwing::plugin::{addresses, verification},
    state::State,
};

impl addresses::Host for State {
    async fn resolve(
        &mut self,
        address: String,
        sender: String,
    ) -> wasmtime::Result<Result<addresses::Resolution, addresses::AddressError>> {
        self.needs("addresses", false)?;
        Ok(match self.plugin.services()?.addresses.resolve(&address, &sender).await {
            Ok(found) => Ok(addresses::Resolution {
                transport: found.transport,
                nexthop: found.nexthop,
                recipient: found.recipient,
                address_class: match found.address_class {
                    AddressClass::Local => addresses::AddressClass::Local,
                    AddressClass::VirtualAlias => addresses::AddressClass::VirtualAlias,
                    AddressClass::VirtualMailbox => addresses::AddressClass::VirtualMailbox,
                    AddressClass::Relay => addresses::AddressClass::Relay,
                    AddressClass::Default => addresses::AddressClass::DefaultClass,
                },
                source_routed: found.source_routed,
            }),
            Err(failed) => Err(self.failed(failed)),
        })
    }

    async fn find_recipient(
        &mut self,
        address: String,
    ) -> wasmtime::Result<Result<addresses::Listing, addresses::AddressError>> {
        self.needs("addresses", false)?;
        Ok(self
            .plugin
            .services()?
            .addresses
            .find_recipient(&address)
            .await
            .map(listing)
            .map_err(|failed| self.failed(failed)))
    }

    async fn find_sender(
        &mut self,
        address: String,
    ) -> wasmtime::Result<Result<addresses::Listing, addresses::AddressError>> {
        self.needs("addresses", false)?;
        Ok(self
            .plugin
            .services()?
            .addresses
            .find_sender(&address)
            .await
            .map(listing)
            .map_err(|failed| self.failed(failed)))
    }
}

impl verification::Host for State {
    async fn probe(&mut self, address: String) -> wasmtime::Result<Result<verification::ProbeResult, String>> {
        self.needs("verification", false)?;
        let session = self.session(Inputs::all()).ok();
        let stress = session.and_then(|session| session.attribute(Attribute::Stress)).is_some_and(|s| !s.is_empty());
        let probe = self.plugin.services()?.addresses.probe(&address, stress).await;
        Ok(probe.map(|probe| verification::ProbeResult {
            status: match probe.status {
                ProbeStatus::Deliverable => verification::ProbeStatus::Deliverable,
                ProbeStatus::Undeliverable => verification::ProbeStatus::Undeliverable,
                ProbeStatus::Unreachable => verification::ProbeStatus::Unreachable,
                ProbeStatus::InProgress => verification::ProbeStatus::InProgress,
            },
            // wit/addresses.wit: nothing is to be said against a deliverable address.
            text: if probe.status == ProbeStatus::Deliverable { String::new() } else { probe.text },
        }))
    }
}

fn listing(listing: Listing) -> addresses::Listing {
    match listing {
        Listing::Listed => addresses::Listing::Listed,
        Listing::Unlisted => addresses::Listing::Unlisted,
        Listing::Unavailable => addresses::Listing::Unavailable,
    }
}

impl State {
    fn failed(&mut self, failed: AddressError) -> addresses::AddressError {
        // It may go better next time.
        self.sees_everything();
        error(failed)
    }
}

fn error(error: AddressError) -> addresses::AddressError {
    match error {
        AddressError::Temporary(text) => {
            // wit has no room for the text; the log is where an administrator looks for it.
            tracing::debug!(target: "plugin", "addresses: {text}");
            addresses::AddressError::Temporary
        }
        AddressError::Syntax => addresses::AddressError::Syntax,
    }
}
