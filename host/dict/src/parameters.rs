//! The parameters that only lookup tables read.

config::parameters! {
    /// The key that access(5) tables are asked for the null sender address.
    SMTPD_NULL_ACCESS_LOOKUP_KEY: Text = "smtpd_null_access_lookup_key", "<>";
}
