//! What trivial-rewrite(8) reads besides the parameters in `config::parameters`.

config::parameters! {
    /// Append `@$myorigin` to addresses without a domain.
    APPEND_AT_MYORIGIN: Boolean = "append_at_myorigin", "yes";
    /// Append `.$mydomain` to domains without a dot.
    APPEND_DOT_MYDOMAIN: Boolean = "append_dot_mydomain", "${{$compatibility_level} <level {1} ? {yes} : {no}}";
    /// Rewrite `site!user` to `user@site`.
    SWAP_BANGPATH: Boolean = "swap_bangpath", "yes";
    /// Rewrite `user%domain` to `user@domain`.
    ALLOW_PERCENT_HACK: Boolean = "allow_percent_hack", "yes";
    /// Look for routing operators inside quoted local parts too.
    RESOLVE_DEQUOTED_ADDRESS: Boolean = "resolve_dequoted_address", "yes";
    /// Relay mail for `user@elsewhere@domain`, which the next host may send on, as for other addresses of the domain.
    ALLOW_UNTRUSTED_ROUTING: Boolean = "allow_untrusted_routing", "no";
    /// Take `user@` for `user`.
    RESOLVE_NULL_DOMAIN: Boolean = "resolve_null_domain", "no";
    /// Take `user@1.2.3.4` for `user@[1.2.3.4]`.
    RESOLVE_NUMERIC_DOMAIN: Boolean = "resolve_numeric_domain", "no";
    /// Allow recipients that start with `-`.
    ALLOW_MIN_USER: Boolean = "allow_min_user", "no";
    /// Say which table does not list a recipient.
    SHOW_USER_UNKNOWN_TABLE_NAME: Boolean = "show_user_unknown_table_name", "yes";
    /// Warn of a domain that is in the lists of two address classes.
    HELPFUL_WARNINGS: Boolean = "helpful_warnings", "yes";
    /// Leave `owner-list` and `list-request` whole where `-` is a recipient delimiter.
    OWNER_REQUEST_SPECIAL: Boolean = "owner_request_special", "yes";
    /// What remote clients' incomplete header addresses are completed with; empty: they are left alone.
    REMOTE_HEADER_REWRITE_DOMAIN: Text = "remote_header_rewrite_domain", "";
    /// What sender_dependent_relayhost_maps are asked for in place of the null sender.
    EMPTY_ADDRESS_RELAYHOST_MAPS_LOOKUP_KEY: Text = "empty_address_relayhost_maps_lookup_key", "<>", min = 1;
    /// What sender_dependent_default_transport_maps are asked for in place of the null sender.
    EMPTY_ADDRESS_DEFAULT_TRANSPORT_MAPS_LOOKUP_KEY: Text = "empty_address_default_transport_maps_lookup_key", "<>", min = 1;
    /// In place of local_transport for verify(8) probes.
    ADDRESS_VERIFY_LOCAL_TRANSPORT: Text = "address_verify_local_transport", "$local_transport", min = 1;
    /// In place of virtual_transport for verify(8) probes.
    ADDRESS_VERIFY_VIRTUAL_TRANSPORT: Text = "address_verify_virtual_transport", "$virtual_transport", min = 1;
    /// In place of relay_transport for verify(8) probes.
    ADDRESS_VERIFY_RELAY_TRANSPORT: Text = "address_verify_relay_transport", "$relay_transport", min = 1;
    /// In place of default_transport for verify(8) probes.
    ADDRESS_VERIFY_DEFAULT_TRANSPORT: Text = "address_verify_default_transport", "$default_transport", min = 1;
    /// In place of relayhost for verify(8) probes.
    ADDRESS_VERIFY_RELAYHOST: Text = "address_verify_relayhost", "$relayhost";
    /// In place of transport_maps for verify(8) probes.
    ADDRESS_VERIFY_TRANSPORT_MAPS: Text = "address_verify_transport_maps", "$transport_maps";
    /// In place of sender_dependent_relayhost_maps for verify(8) probes.
    ADDRESS_VERIFY_SENDER_DEPENDENT_RELAYHOST_MAPS: Text = "address_verify_sender_dependent_relayhost_maps", "$sender_dependent_relayhost_maps";
    /// In place of sender_dependent_default_transport_maps for verify(8) probes.
    ADDRESS_VERIFY_SENDER_DEPENDENT_DEFAULT_TRANSPORT_MAPS: Text = "address_verify_sender_dependent_default_transport_maps", "$sender_dependent_default_transport_maps";
}
