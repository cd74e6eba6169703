//! What a plugin may read of the SMTP session and message behind a call (wit/session.wit, wit/message.wit).

use std::sync::Arc;

use bytes::Bytes;

use crate::Tables;

/// The text attributes of SMTPD_POLICY_README and those milters and XCLIENT know, in the order of `wit/session.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attribute {
    ProtocolState,
    ProtocolName,
    HeloName,
    QueueId,
    Sender,
    Recipient,
    ClientAddress,
    ClientName,
    ReverseClientName,
    ServerAddress,
    Instance,
    SaslMethod,
    SaslUsername,
    SaslSender,
    CcertSubject,
    CcertIssuer,
    CcertFingerprint,
    CcertPubkeyFingerprint,
    EncryptionProtocol,
    EncryptionCipher,
    TlsSni,
    EtrnDomain,
    PolicyContext,
    CompatibilityLevel,
    MailVersion,
    Stress,
    ServiceName,
    DaemonName,
    EnvelopeId,
    DsnReturn,
    BodyType,
    OriginalRecipient,
    DsnNotify,
}

/// Outcome of the client's name lookup (smtpd_peername_lookup).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum NameStatus {
    /// Address to name, name to address, and both agree.
    Verified,
    /// A lookup failed for now.
    TemporaryFailure,
    /// There is no name, or no address for it.
    NotFound,
    /// The name's addresses do not contain the client's.
    Forged,
    /// Lookups are switched off.
    #[default]
    Unchecked,
}

bitflags::bitflags! {
    /// Truth values of the session, in the order of `wit/session.wit`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Facts: u16 {
        const ESMTP = 1; const ENCRYPTED = 2; const CERTIFICATE_TRUSTED = 4; const AUTHENTICATED = 8;
        const AUTH_AVAILABLE = 16; const PIPELINED_EARLY = 32; const SMTPUTF8 = 64; const REQUIRETLS = 128;
        const LOCAL_SUBMISSION = 256; const DELAY_REJECT = 512;
    }
}

/// An SMTP session as plugins see it. All answers come from memory.
pub trait SessionView: Send + Sync {
    /// None when it does not exist at this point; `Some("")` for the null sender.
    fn attribute(&self, attribute: Attribute) -> Option<&str>;
    /// By policy protocol name (`ccert_subject`) or milter macro (`{client_ptr}`, `j`).
    fn named(&self, name: &str) -> Option<String>;
    fn facts(&self) -> Facts;
    /// Recipients accepted so far, the one under test not counted.
    fn recipient_count(&self) -> u32;
    fn recipient_at(&self, index: u32) -> Option<&str>;
    /// Bytes, from the SIZE parameter until the content is in, then its real size; 0 when not known.
    fn size(&self) -> u64;
    fn client_port(&self) -> u16;
    fn server_port(&self) -> u16;
    /// TLS secret bits in use; 0 without TLS.
    fn encryption_keysize(&self) -> u16;
    /// Open connections of this client (anvil(8)).
    fn client_connections(&self) -> u32;
    fn client_name_status(&self) -> NameStatus;
    fn reverse_client_name_status(&self) -> NameStatus;
    /// Parameters of plugins that the service of this session overrides (`-o` in master.cf), by name, with their values.
    fn service_parameters(&self) -> &[(String, String)] {
        &[]
    }
    /// Tables and match lists as that service has them. None: as main.cf has them.
    fn service_tables(&self) -> Option<&Arc<dyn Tables>> {
        None
    }
}

/// The message's header and body as plugins see them, with CR LF line ends.
pub trait MessageView: Send + Sync {
    /// Bytes of header, separator and body.
    fn size(&self) -> u64;
    fn header_count(&self) -> u32;
    /// Name and value, CR LF removed where the field was folded.
    fn header_at(&self, index: u32) -> Option<(String, String)>;
    /// Position of the `nth` (from 0) field of this name, ASCII case ignored.
    fn find_header(&self, name: &str, nth: u32) -> Option<u32>;
    /// Exact bytes of a field, name to last CR LF.
    fn raw_header(&self, index: u32) -> Option<Bytes>;
    fn body_size(&self) -> u64;
    /// Up to `len` bytes (64 KiB at most) from `offset`; empty at the end.
    fn read_body(&self, offset: u64, len: u32) -> Bytes;
}
