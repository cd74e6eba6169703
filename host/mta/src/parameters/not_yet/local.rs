//! Not yet obeyed: local(8).

config::parameters! {
    /// Where '|command' destinations are allowed: alias, forward, include.
    ALLOW_MAIL_TO_COMMANDS: Text = "allow_mail_to_commands", "alias, forward", protects;
    /// Where /file/name destinations are allowed: alias, forward, include.
    ALLOW_MAIL_TO_FILES: Text = "allow_mail_to_files", "alias, forward", protects;
    /// Tells comsat(8) of new mail.
    BIFF: Boolean = "biff", "yes";
    /// Working directory for commands run by local delivery.
    COMMAND_EXECUTION_DIRECTORY: Raw = "command_execution_directory", "";
    /// Characters allowed in $name expansions of mailbox_command; others become '_'.
    COMMAND_EXPANSION_FILTER: Text = "command_expansion_filter", "1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min = 1, protects;
    /// The account for local delivery to commands and files when no recipient's own applies.
    DEFAULT_PRIVS: Text = "default_privs", "nobody", min = 1;
    /// Characters allowed in $name expansions of command_execution_directory.
    EXECUTION_DIRECTORY_EXPANSION_FILTER: Text = "execution_directory_expansion_filter", "1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min = 1;
    /// Uses the expansion of owner-LIST as sender instead of owner-LIST itself.
    EXPAND_OWNER_ALIAS: Boolean = "expand_owner_alias", "no";
    /// Transport for names that local delivery does not know.
    FALLBACK_TRANSPORT: Text = "fallback_transport", "";
    /// Per-name version of fallback_transport.
    FALLBACK_TRANSPORT_MAPS: Text = "fallback_transport_maps", "";
    /// Characters allowed in $name expansions of forward_path.
    FORWARD_EXPANSION_FILTER: Text = "forward_expansion_filter", "1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min = 1, protects;
    /// Where .forward files are looked for.
    FORWARD_PATH: Raw = "forward_path", "$home/.forward${recipient_delimiter}${extension}, $home/.forward";
    /// Sets the Delivered-To loop key once at the start of alias and .forward expansion.
    FROZEN_DELIVERED_TO: Boolean = "frozen_delivered_to", "yes";
    /// Mailbox below the home directory; a trailing slash selects maildir.
    HOME_MAILBOX: Text = "home_mailbox", "";
    /// Shell for commands of local delivery; empty runs them directly unless they need a shell.
    LOCAL_COMMAND_SHELL: Text = "local_command_shell", "", protects;
    /// Status filter for local deliveries.
    LOCAL_DELIVERY_STATUS_FILTER: Text = "local_delivery_status_filter", "$default_delivery_status_filter";
    /// Catch-all address for unknown local names.
    LUSER_RELAY: Raw = "luser_relay", "";
    /// Directory of /var/mail style mailboxes; trailing slash selects maildir.
    MAIL_SPOOL_DIRECTORY: Text = "mail_spool_directory", "/var/mail";
    /// Command that delivers local mail, such as procmail or a mail store's own.
    MAILBOX_COMMAND: Raw = "mailbox_command", "";
    /// Per-user version of mailbox_command.
    MAILBOX_COMMAND_MAPS: Text = "mailbox_command_maps", "";
    /// How mbox files are locked: fcntl, flock, dotlock.
    MAILBOX_DELIVERY_LOCK: Text = "mailbox_delivery_lock", "fcntl, dotlock", min = 1;
    /// Largest mailbox file; 0 is no limit. Must not be below message_size_limit.
    MAILBOX_SIZE_LIMIT: Size = "mailbox_size_limit", "51200000", min = 0;
    /// Hands local mailbox delivery to another transport.
    MAILBOX_TRANSPORT: Text = "mailbox_transport", "";
    /// Per-user version of mailbox_transport.
    MAILBOX_TRANSPORT_MAPS: Text = "mailbox_transport_maps", "";
    /// When local delivery adds Delivered-To: command, file, forward.
    PREPEND_DELIVERED_HEADER: Text = "prepend_delivered_header", "command, file, forward";
    /// Defers local mail while the home directory is missing.
    REQUIRE_HOME_DIRECTORY: Boolean = "require_home_directory", "no", protects;
    /// Forgets the owner- alias when a child alias has none.
    RESET_OWNER_ALIAS: Boolean = "reset_owner_alias", "no";
    /// Old form of mailbox_delivery_lock = dotlock.
    SUN_MAILTOOL_COMPATIBILITY: Boolean = "sun_mailtool_compatibility", "no";
}
