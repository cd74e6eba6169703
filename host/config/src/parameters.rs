//! The parameters that more than one daemon or tool reads. A parameter of a single daemon stands in that daemon's crate.

mod computed;

use computed::{config_directory, default_mynetworks, mydomain, myhostname, process_id};

/// What is wrong with `relayhost` as a whole: mail sent to this system itself would loop.
pub(crate) fn relayhost_is_this_host(myhostname: &str, relayhost: &str) -> Option<String> {
    myhostname
        .eq_ignore_ascii_case(relayhost)
        .then(|| format!("myhostname and relayhost parameter settings must not be identical: {myhostname}"))
}

crate::parameters! {
    // === who this machine is ===

    /// The Internet name of this mail system; the default of many other parameters. Without a setting it is the name of the
    /// machine, with `$mydomain` or `localdomain` appended when that has no dot.
    MYHOSTNAME: Text = "myhostname", "", computed = myhostname, min = 1, check = computed::check_myhostname;
    /// The domain of this mail system: `$myhostname` without its first part.
    MYDOMAIN: Text = "mydomain", "", computed = mydomain, min = 1, check = computed::check_mydomain;
    /// The domain that locally posted mail appears to come from.
    MYORIGIN: Text = "myorigin", "$myhostname", min = 1, check = computed::check_myorigin;
    /// The domains delivered through `$local_transport`: names, `/file/name` and `type:table` patterns.
    MYDESTINATION: Text = "mydestination", "$myhostname, localhost.$mydomain, localhost";
    /// The clients that are trusted more than strangers: networks, `/file/name` and `type:table` patterns. Without a setting
    /// it is made from the machine's interfaces as `mynetworks_style` says.
    MYNETWORKS: Text = "mynetworks", "", computed = default_mynetworks;
    /// How the default of `mynetworks` is made: `host`, `subnet` or `class`.
    MYNETWORKS_STYLE: Text = "mynetworks_style", "${{$compatibility_level} <level {2} ? {subnet} : {host}}",
        min = 1, check = computed::check_mynetworks_style;
    /// The addresses this mail system receives mail on: `all`, `loopback-only`, or a list of names and addresses.
    INET_INTERFACES: List = "inet_interfaces", "all", min = 1;
    /// The protocols in use: `all`, or `ipv4` and `ipv6` in the order of preference.
    INET_PROTOCOLS: List = "inet_protocols", "all", min = 1, check = computed::check_inet_protocols;
    /// Further addresses that reach this mail system, by a proxy or address translation.
    PROXY_INTERFACES: List = "proxy_interfaces", "";
    /// The name of the mail system in banners, Received headers and notices.
    MAIL_NAME: Text = "mail_name", "Waxwing", min = 1;
    /// The version of the mail system.
    MAIL_VERSION: Text = "mail_version", env!("CARGO_PKG_VERSION"), min = 1;
    /// The process id of the program that asks. Cannot be set.
    PROCESS_ID: Count = "process_id", "", computed = process_id, read_only;
    /// The name of the program that asks. Cannot be set.
    PROCESS_NAME: Text = "process_name", "waxwing", read_only;
    /// The master.cf service that asks. Cannot be set.
    SERVICE_NAME: Text = "service_name", "", read_only;

    // === directories, accounts ===

    /// Where main.cf, master.cf and plugins.cf are. Cannot be set in main.cf; it is where the files were read from.
    CONFIG_DIRECTORY: Text = "config_directory", "", computed = config_directory, read_only;
    /// Where the queue is.
    QUEUE_DIRECTORY: Text = "queue_directory", "/var/spool/waxwing", min = 1;
    /// Where caches and other data that the server writes are.
    DATA_DIRECTORY: Text = "data_directory", "/var/lib/waxwing", min = 1;
    /// The account that owns the queue and runs the server.
    MAIL_OWNER: Text = "mail_owner", "postfix", min = 1;

    // === logging ===

    /// What stands before the daemon's name in the log.
    SYSLOG_NAME: Text = "syslog_name", "${multi_instance_name?{$multi_instance_name}:{postfix}}", min = 1;
    /// The syslog facility.
    SYSLOG_FACILITY: Text = "syslog_facility", "mail", min = 1;
    /// A file to log to instead of syslog; `/dev/stdout` in a container.
    MAILLOG_FILE: Text = "maillog_file", "";

    // === compatibility ===

    /// Which version's defaults apply where later versions changed them.
    COMPATIBILITY_LEVEL: Text = "compatibility_level", "0", min = 1, check = computed::check_compatibility_level;
    /// Turns every permanent refusal into a temporary one.
    SOFT_BOUNCE: Boolean = "soft_bounce", "no";
    /// `yes` while the server is short of sessions; conditions other values.
    STRESS: Text = "stress", "";
    /// Tell recipients apart by the address they had before rewriting.
    ENABLE_ORIGINAL_RECIPIENT: Boolean = "enable_original_recipient", "yes";
    /// Mail addresses beyond ASCII (RFC 6531).
    SMTPUTF8_ENABLE: Boolean = "smtputf8_enable", "${{$compatibility_level} <level {1} ? {no} : {yes}}";
    /// Refuses the extended syntax of addresses where SMTPUTF8 was not asked for.
    STRICT_SMTPUTF8: Boolean = "strict_smtputf8", "no";
    /// Lists in which a domain matches its subdomains too, without a leading dot.
    PARENT_DOMAIN_MATCHES_SUBDOMAINS: List = "parent_domain_matches_subdomains", "debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,relay_domains,smtpd_access_maps";

    // === address classes ===

    /// The characters that separate a user name from its extension.
    RECIPIENT_DELIMITER: Text = "recipient_delimiter", "";
    /// Which extensions survive a table lookup that did not name them.
    PROPAGATE_UNMATCHED_EXTENSIONS: List = "propagate_unmatched_extensions", "canonical, virtual";
    /// The recipients of `mydestination` domains; empty accepts any.
    LOCAL_RECIPIENT_MAPS: Text = "local_recipient_maps", "proxy:unix:passwd.byname $alias_maps";
    /// The domains this system relays mail for.
    RELAY_DOMAINS: Text = "relay_domains", "${{$compatibility_level} <level {2} ? {$mydestination} : {}}";
    /// The recipients of `relay_domains` domains; empty accepts any.
    RELAY_RECIPIENT_MAPS: Text = "relay_recipient_maps", "";
    /// Domains whose every address is an alias for addresses elsewhere.
    VIRTUAL_ALIAS_DOMAINS: Text = "virtual_alias_domains", "$virtual_alias_maps";
    /// Tables that replace recipients of any domain.
    VIRTUAL_ALIAS_MAPS: Text = "virtual_alias_maps", "$virtual_maps";
    /// Domains delivered through `$virtual_transport`.
    VIRTUAL_MAILBOX_DOMAINS: Text = "virtual_mailbox_domains", "$virtual_mailbox_maps";
    /// The recipients of `virtual_mailbox_domains` domains.
    VIRTUAL_MAILBOX_MAPS: Text = "virtual_mailbox_maps", "";
    /// Tables of recipients that have moved.
    RELOCATED_MAPS: Text = "relocated_maps", "";
    /// The alias tables of local delivery.
    ALIAS_MAPS: Text = "alias_maps", "hash:/etc/aliases, nis:mail.aliases";
    /// The alias tables that newaliases rebuilds.
    ALIAS_DATABASE: Text = "alias_database", "hash:/etc/aliases";
    /// Tables of address rewriting, senders and recipients, envelope and headers.
    CANONICAL_MAPS: Text = "canonical_maps", "";
    /// Tables of address rewriting for senders.
    SENDER_CANONICAL_MAPS: Text = "sender_canonical_maps", "";
    /// Tables of address rewriting for recipients.
    RECIPIENT_CANONICAL_MAPS: Text = "recipient_canonical_maps", "";
    /// The named lists of restrictions an administrator defines.
    SMTPD_RESTRICTION_CLASSES: List = "smtpd_restriction_classes", "";

    // === transports ===

    /// Tables of transport and nexthop by recipient.
    TRANSPORT_MAPS: Text = "transport_maps", "";
    /// The nexthop of mail that is not delivered here.
    RELAYHOST: Text = "relayhost", "";
    /// The transport of `mydestination` domains.
    LOCAL_TRANSPORT: Text = "local_transport", "local:$myhostname", min = 1;
    /// The transport of `virtual_mailbox_domains` domains.
    VIRTUAL_TRANSPORT: Text = "virtual_transport", "virtual", min = 1;
    /// The transport of `relay_domains` domains.
    RELAY_TRANSPORT: Text = "relay_transport", "relay", min = 1;
    /// The transport of every other domain.
    DEFAULT_TRANSPORT: Text = "default_transport", "smtp", min = 1;
    /// Tables that override `relayhost` by sender.
    SENDER_DEPENDENT_RELAYHOST_MAPS: Text = "sender_dependent_relayhost_maps", "";
    /// Tables that override `default_transport` by sender.
    SENDER_DEPENDENT_DEFAULT_TRANSPORT_MAPS: Text = "sender_dependent_default_transport_maps", "";
    /// Transports whose mail waits until a flush.
    DEFER_TRANSPORTS: List = "defer_transports", "";

    // === generated mail ===

    /// The local part of the sender of mail that must not come back.
    DOUBLE_BOUNCE_SENDER: Text = "double_bounce_sender", "double-bounce", min = 1;
    /// Who receives mail to the null address.
    EMPTY_ADDRESS_RECIPIENT: Text = "empty_address_recipient", "MAILER-DAEMON", min = 1;
    /// Which problems are told to the postmaster.
    NOTIFY_CLASSES: List = "notify_classes", "resource, software";
    /// How long a message is tried before it bounces.
    MAXIMAL_QUEUE_LIFETIME: Time = "maximal_queue_lifetime", "5d", unit = d, min = 0, max = 8_640_000;
    /// How long a notice is tried.
    BOUNCE_QUEUE_LIFETIME: Time = "bounce_queue_lifetime", "5d", unit = d, min = 0, max = 8_640_000;
    /// After what time the sender is told that mail is delayed; 0 never.
    DELAY_WARNING_TIME: Time = "delay_warning_time", "0h", unit = h, min = 0;

    // === limits ===

    /// The largest message, envelope included, in bytes; 0 is no limit.
    MESSAGE_SIZE_LIMIT: Size = "message_size_limit", "10240000";
    /// Longer lines are broken for storage, in bytes.
    LINE_LENGTH_LIMIT: Count = "line_length_limit", "2048", min = 512;
    /// The largest header, in bytes; the rest is dropped.
    HEADER_SIZE_LIMIT: Count = "header_size_limit", "102400", min = 1;
    /// How many recipients of one message are remembered to drop repeated ones.
    DUPLICATE_FILTER_LIMIT: Count = "duplicate_filter_limit", "1000", min = 0;
    /// The session limit of a service whose master.cf entry has `-`.
    DEFAULT_PROCESS_LIMIT: Count = "default_process_limit", "100", min = 1;

    // === plugins, tables, instances ===

    /// Where the components named in plugins.cf are.
    PLUGIN_DIRECTORY: Text = "plugin_directory", "$config_directory/plugins", min = 1;
    /// The plugins asked before and after each delivery attempt, in order.
    DELIVERY_PLUGINS: List = "delivery_plugins", "";
    /// The table type of a table that is named without one.
    DEFAULT_DATABASE_TYPE: Text = "default_database_type", "hash", min = 1;
    /// The account for local delivery to commands and files when no recipient's own applies.
    DEFAULT_PRIVS: Text = "default_privs", "nobody", min = 1;
    /// Environment variables taken over from the process that starts the server: names, or `name=value`.
    IMPORT_ENVIRONMENT: List = "import_environment", "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME";
    /// Environment variables given to commands outside the mail system: names, or `name=value`.
    EXPORT_ENVIRONMENT: List = "export_environment", "TZ MAIL_CONFIG LANG";
    /// The time a command may run that a pipe(8), spawn(8) or local(8) delivery starts.
    COMMAND_TIME_LIMIT: Time = "command_time_limit", "1000s", unit = s, min = 1;
    /// How deep MIME parts may nest.
    MIME_NESTING_LIMIT: Count = "mime_nesting_limit", "100", min = 1;
    /// The longest MIME boundary that is told apart.
    MIME_BOUNDARY_LENGTH_LIMIT: Count = "mime_boundary_length_limit", "2048", min = 1;
    /// Which mail origins have their need of SMTPUTF8 found out from the content.
    SMTPUTF8_AUTODETECT_CLASSES: List = "smtputf8_autodetect_classes", "sendmail, verify", min = 1;
    /// The name of this instance among several.
    MULTI_INSTANCE_NAME: Text = "multi_instance_name", "";
    /// The configuration directories of the other instances.
    MULTI_INSTANCE_DIRECTORIES: List = "multi_instance_directories", "";
    /// Whether this instance is started with the others.
    MULTI_INSTANCE_ENABLE: Boolean = "multi_instance_enable", "no";
    /// The group of instances this one belongs to.
    MULTI_INSTANCE_GROUP: Text = "multi_instance_group", "";
}
