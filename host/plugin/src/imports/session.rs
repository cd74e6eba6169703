//! `session`: the SMTP session and transaction behind the call.

use std::time::Duration;

use hook::Attribute as A;

use crate::{
    bindings::waxwing::plugin::{session, types},
    imports::types::stage,
    state::State,
};

impl session::Host for State {
    fn get(&mut self, attribute: session::Attribute) -> wasmtime::Result<Option<String>> {
        Ok(self.session()?.attribute(plain(attribute)).map(str::to_owned))
    }

    fn get_many(&mut self, attributes: Vec<session::Attribute>) -> wasmtime::Result<Vec<Option<String>>> {
        let session = self.session()?;
        Ok(attributes.into_iter().map(|attribute| session.attribute(plain(attribute)).map(str::to_owned)).collect())
    }

    fn get_named(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.session()?.named(&name))
    }

    fn current_stage(&mut self) -> wasmtime::Result<types::Stage> {
        Ok(stage(self.current()?.stage))
    }

    fn current_facts(&mut self) -> wasmtime::Result<session::Facts> {
        let facts = self.session()?.facts();
        let mut out = session::Facts::empty();
        for (ours, theirs) in [
            (hook::Facts::ESMTP, session::Facts::ESMTP),
            (hook::Facts::ENCRYPTED, session::Facts::ENCRYPTED),
            (hook::Facts::CERTIFICATE_TRUSTED, session::Facts::CERTIFICATE_TRUSTED),
            (hook::Facts::AUTHENTICATED, session::Facts::AUTHENTICATED),
            (hook::Facts::AUTH_AVAILABLE, session::Facts::AUTH_AVAILABLE),
            (hook::Facts::PIPELINED_EARLY, session::Facts::PIPELINED_EARLY),
            (hook::Facts::SMTPUTF8, session::Facts::SMTPUTF8),
            (hook::Facts::REQUIRETLS, session::Facts::REQUIRETLS),
            (hook::Facts::LOCAL_SUBMISSION, session::Facts::LOCAL_SUBMISSION),
            (hook::Facts::DELAY_REJECT, session::Facts::DELAY_REJECT),
        ] {
            if facts.contains(ours) {
                out |= theirs;
            }
        }
        Ok(out)
    }

    fn recipient_count(&mut self) -> wasmtime::Result<u32> {
        Ok(self.session()?.recipient_count())
    }

    fn recipient_at(&mut self, index: u32) -> wasmtime::Result<Option<String>> {
        Ok(self.session()?.recipient_at(index).map(str::to_owned))
    }

    fn size(&mut self) -> wasmtime::Result<u64> {
        Ok(self.session()?.size())
    }

    fn client_port(&mut self) -> wasmtime::Result<u16> {
        Ok(self.session()?.client_port())
    }

    fn server_port(&mut self) -> wasmtime::Result<u16> {
        Ok(self.session()?.server_port())
    }

    fn encryption_keysize(&mut self) -> wasmtime::Result<u16> {
        Ok(self.session()?.encryption_keysize())
    }

    fn client_connections(&mut self) -> wasmtime::Result<u32> {
        Ok(self.session()?.client_connections())
    }

    fn client_name_status(&mut self) -> wasmtime::Result<session::NameStatus> {
        Ok(name_status(self.session()?.client_name_status()))
    }

    fn reverse_client_name_status(&mut self) -> wasmtime::Result<session::NameStatus> {
        Ok(name_status(self.session()?.reverse_client_name_status()))
    }

    fn pause(&mut self, milliseconds: u32) -> wasmtime::Result<()> {
        self.current()?;
        self.pause += Duration::from_millis(milliseconds.into());
        Ok(())
    }
}

fn name_status(status: hook::NameStatus) -> session::NameStatus {
    match status {
        hook::NameStatus::Verified => session::NameStatus::Verified,
        hook::NameStatus::TemporaryFailure => session::NameStatus::TemporaryFailure,
        hook::NameStatus::NotFound => session::NameStatus::NotFound,
        hook::NameStatus::Forged => session::NameStatus::Forged,
        hook::NameStatus::Unchecked => session::NameStatus::Unchecked,
    }
}

/// The attribute of the plain types.
fn plain(attribute: session::Attribute) -> A {
    use session::Attribute as W;
    match attribute {
        W::ProtocolState => A::ProtocolState,
        W::ProtocolName => A::ProtocolName,
        W::HeloName => A::HeloName,
        W::QueueId => A::QueueId,
        W::Sender => A::Sender,
        W::Recipient => A::Recipient,
        W::ClientAddress => A::ClientAddress,
        W::ClientName => A::ClientName,
        W::ReverseClientName => A::ReverseClientName,
        W::ServerAddress => A::ServerAddress,
        W::Instance => A::Instance,
        W::SaslMethod => A::SaslMethod,
        W::SaslUsername => A::SaslUsername,
        W::SaslSender => A::SaslSender,
        W::CcertSubject => A::CcertSubject,
        W::CcertIssuer => A::CcertIssuer,
        W::CcertFingerprint => A::CcertFingerprint,
        W::CcertPubkeyFingerprint => A::CcertPubkeyFingerprint,
        W::EncryptionProtocol => A::EncryptionProtocol,
        W::EncryptionCipher => A::EncryptionCipher,
        W::TlsSni => A::TlsSni,
        W::EtrnDomain => A::EtrnDomain,
        W::PolicyContext => A::PolicyContext,
        W::CompatibilityLevel => A::CompatibilityLevel,
        W::MailVersion => A::MailVersion,
        W::Stress => A::Stress,
        W::ServiceName => A::ServiceName,
        W::DaemonName => A::DaemonName,
        W::EnvelopeId => A::EnvelopeId,
        W::DsnReturn => A::DsnReturn,
        W::BodyType => A::BodyType,
        W::OriginalRecipient => A::OriginalRecipient,
        W::DsnNotify => A::DsnNotify,
    }
}
