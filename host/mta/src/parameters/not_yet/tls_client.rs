//! Not yet obeyed: TLS to other servers.

config::parameters! {
    /// LMTP counterpart of smtp_tls_block_early_mail_reply.
    LMTP_TLS_BLOCK_EARLY_MAIL_REPLY: Boolean = "lmtp_tls_block_early_mail_reply", "no", protects;
    /// LMTP counterpart of smtp_tls_force_insecure_host_tlsa_lookup.
    LMTP_TLS_FORCE_INSECURE_HOST_TLSA_LOOKUP: Boolean = "lmtp_tls_force_insecure_host_tlsa_lookup", "no";
    /// LMTP counterpart of smtp_tls_trust_anchor_file.
    LMTP_TLS_TRUST_ANCHOR_FILE: Text = "lmtp_tls_trust_anchor_file", "", protects;
    /// Detects replies sent ahead of their commands after STARTTLS.
    SMTP_TLS_BLOCK_EARLY_MAIL_REPLY: Boolean = "smtp_tls_block_early_mail_reply", "no", protects;
    /// Level when the MX record itself is not signed.
    SMTP_TLS_DANE_INSECURE_MX_POLICY: Text = "smtp_tls_dane_insecure_mx_policy", "${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}", protects;
    /// Looks TLSA records up in unsigned zones too.
    SMTP_TLS_FORCE_INSECURE_HOST_TLSA_LOOKUP: Boolean = "smtp_tls_force_insecure_host_tlsa_lookup", "no";
    /// Trust anchors that replace the CA files.
    SMTP_TLS_TRUST_ANCHOR_FILE: Text = "smtp_tls_trust_anchor_file", "", protects;
}
