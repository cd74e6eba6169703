//! Parameters of local(8).

/// The characters that mean nothing to a shell.
const HARMLESS: &str = "1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

config::parameters! {
    /// Where `|command` may stand: any of alias, forward, include.
    ALLOW_MAIL_TO_COMMANDS: List = "allow_mail_to_commands", "alias, forward";
    /// Where `/file/name` may stand: any of alias, forward, include.
    ALLOW_MAIL_TO_FILES: List = "allow_mail_to_files", "alias, forward";
    /// Tells comsat(8) of new mail.
    BIFF: Boolean = "biff", "yes";
    /// Where commands are run; `$name` is expanded for each delivery. Empty: in the queue directory.
    COMMAND_EXECUTION_DIRECTORY: Raw = "command_execution_directory", "";
    /// Characters that commands may find in their environment; others become `_`.
    COMMAND_EXPANSION_FILTER: Raw = "command_expansion_filter", HARMLESS, min = 1;
    /// The same for what is put into command_execution_directory.
    EXECUTION_DIRECTORY_EXPANSION_FILTER: Raw = "execution_directory_expansion_filter", HARMLESS, min = 1;
    /// The same for what is put into forward_path.
    FORWARD_EXPANSION_FILTER: Raw = "forward_expansion_filter", HARMLESS, min = 1;
    /// The envelope sender of a list is what its owner- alias stands for.
    EXPAND_OWNER_ALIAS: Boolean = "expand_owner_alias", "no";
    /// The transport for who is neither an alias nor a user.
    FALLBACK_TRANSPORT: Text = "fallback_transport", "";
    /// The same by recipient.
    FALLBACK_TRANSPORT_MAPS: Text = "fallback_transport_maps", "";
    /// Where a user's forwarding file is looked for; the first that exists counts.
    FORWARD_PATH: Raw = "forward_path", "$home/.forward${recipient_delimiter}${extension}, $home/.forward";
    /// A mailbox below the home directory; with a slash at its end a maildir.
    HOME_MAILBOX: Text = "home_mailbox", "";
    /// What runs commands in the place of /bin/sh.
    LOCAL_COMMAND_SHELL: Text = "local_command_shell", "";
    /// An address for who is neither an alias nor a user; `$name` is expanded for each delivery.
    LUSER_RELAY: Raw = "luser_relay", "";
    /// Where mailboxes lie; with a slash at its end they are maildirs.
    MAIL_SPOOL_DIRECTORY: Text = "mail_spool_directory", "/var/mail";
    /// A command in the place of a mailbox.
    MAILBOX_COMMAND: Raw = "mailbox_command", "";
    /// The same by user.
    MAILBOX_COMMAND_MAPS: Text = "mailbox_command_maps", "";
    /// A transport in the place of all mailboxes.
    MAILBOX_TRANSPORT: Text = "mailbox_transport", "";
    /// The same by recipient.
    MAILBOX_TRANSPORT_MAPS: Text = "mailbox_transport_maps", "";
    /// How a mailbox file is locked: any of `fcntl`, `flock`, `dotlock`.
    MAILBOX_DELIVERY_LOCK: List = "mailbox_delivery_lock", "fcntl, dotlock", min = 1;
    /// The largest mailbox file, or maildir message file, in bytes; 0 is no limit.
    MAILBOX_SIZE_LIMIT: Size = "mailbox_size_limit", "51200000", min = 0;
    /// Delivered-To: names the recipient before all aliasing and forwarding.
    FROZEN_DELIVERED_TO: Boolean = "frozen_delivered_to", "yes";
    /// Which mail gets a Delivered-To: line: any of command, file, forward.
    PREPEND_DELIVERED_HEADER: List = "prepend_delivered_header", "command, file, forward";
    /// Mail of a user without a home directory waits.
    REQUIRE_HOME_DIRECTORY: Boolean = "require_home_directory", "no";
    /// An alias without an owner- alias of its own forgets that of the alias before it.
    RESET_OWNER_ALIAS: Boolean = "reset_owner_alias", "no";
    /// Dotlock files only. Obsolete: mailbox_delivery_lock says it better.
    SUN_MAILTOOL_COMPATIBILITY: Boolean = "sun_mailtool_compatibility", "no";
}
