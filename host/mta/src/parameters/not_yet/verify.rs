//! Not yet obeyed: verify(8).

config::parameters! {
    /// LMTP counterpart of smtp_address_verify_target.
    LMTP_ADDRESS_VERIFY_TARGET: Text = "lmtp_address_verify_target", "rcpt", min = 1;
}
