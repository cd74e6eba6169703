//! The parameters that only lookup tables read.

config::parameters! {
    /// The key that access(5) tables are asked for the null sender address.
    SMTPD_NULL_ACCESS_LOOKUP_KEY: Text = "smtpd_null_access_lookup_key", "<>";
    /// How large an lmdb: table may grow before postmap doubles the limit, in bytes.
    LMDB_MAP_SIZE: Size = "lmdb_map_size", "16777216", min = 1;
}
