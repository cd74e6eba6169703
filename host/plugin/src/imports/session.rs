//! `session`: the SMTP session and transaction behind the call.

use std::time::Duration;

use hook::{Attribute as A, Inputs};

use crate::{
    bindings::waxwing::plugin::{session, types},
    imports::types::stage,
    state::State,
};

impl session::Host for State {
    fn get(&mut self, attribute: session::Attribute) -> wasmtime::Result<Option<String>> {
        let attribute = plain(attribute);
        self.sees(attribute);
        Ok(self.session(Inputs::empty())?.attribute(attribute).map(str::to_owned))
    }

    fn get_many(&mut self, attributes: Vec<session::Attribute>) -> wasmtime::Result<Vec<Option<String>>> {
        attributes.iter().for_each(|attribute| self.sees(plain(*attribute)));
        let session = self.session(Inputs::empty())?;
        Ok(attributes.into_iter().map(|attribute| session.attribute(plain(attribute)).map(str::to_owned)).collect())
    }

    fn get_named(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        self.sees_everything();
        Ok(self.session(Inputs::empty())?.named(&name))
    }

    fn current_stage(&mut self) -> wasmtime::Result<types::Stage> {
        self.sees_everything();
        Ok(stage(self.current()?.stage))
    }

    fn current_facts(&mut self) -> wasmtime::Result<session::Facts> {
        self.sees_everything();
        let facts = self.session(Inputs::empty())?.facts();
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
        Ok(self.session(Inputs::RECIPIENT)?.recipient_count())
    }

    fn recipient_at(&mut self, index: u32) -> wasmtime::Result<Option<String>> {
        Ok(self.session(Inputs::RECIPIENT)?.recipient_at(index).map(str::to_owned))
    }

    fn size(&mut self) -> wasmtime::Result<u64> {
        Ok(self.session(Inputs::SENDER | Inputs::CONTENT)?.size())
    }

    fn client_port(&mut self) -> wasmtime::Result<u16> {
        Ok(self.session(Inputs::CONNECTION)?.client_port())
    }

    fn server_port(&mut self) -> wasmtime::Result<u16> {
        Ok(self.session(Inputs::CONNECTION)?.server_port())
    }

    fn encryption_keysize(&mut self) -> wasmtime::Result<u16> {
        Ok(self.session(Inputs::TLS)?.encryption_keysize())
    }

    fn client_connections(&mut self) -> wasmtime::Result<u32> {
        self.sees_everything();
        Ok(self.session(Inputs::empty())?.client_connections())
    }

    fn client_name_status(&mut self) -> wasmtime::Result<session::NameStatus> {
        Ok(name_status(self.session(Inputs::CONNECTION)?.client_name_status()))
    }

    fn reverse_client_name_status(&mut self) -> wasmtime::Result<session::NameStatus> {
        Ok(name_status(self.session(Inputs::CONNECTION)?.reverse_client_name_status()))
    }

    fn pause(&mut self, milliseconds: u32) -> wasmtime::Result<()> {
        self.current()?;
        self.pause += Duration::from_millis(milliseconds.into());
        Ok(())
    }
}

impl State {
    /// What may change an attribute, as the session tells of changes.
    fn sees(&mut self, attribute: A) {
        self.seen.inputs |= match attribute {
            A::ClientAddress | A::ClientName | A::ReverseClientName | A::ServerAddress => Inputs::CONNECTION,
            A::HeloName | A::ProtocolName => Inputs::HELO,
            A::CcertSubject
            | A::CcertIssuer
            | A::CcertFingerprint
            | A::CcertPubkeyFingerprint
            | A::EncryptionProtocol
            | A::EncryptionCipher
            | A::TlsSni => Inputs::TLS,
            A::SaslMethod | A::SaslUsername => Inputs::AUTH,
            A::Sender | A::SaslSender | A::EnvelopeId | A::DsnReturn | A::BodyType => Inputs::SENDER,
            A::Recipient | A::OriginalRecipient | A::DsnNotify => Inputs::RECIPIENT,
            A::CompatibilityLevel | A::MailVersion | A::ServiceName | A::DaemonName => Inputs::empty(),
            A::ProtocolState | A::QueueId | A::Instance | A::EtrnDomain | A::PolicyContext | A::Stress => {
                return self.sees_everything();
            }
        };
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
