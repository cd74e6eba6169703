//! What master(8) reads of main.cf beside inet_interfaces and inet_protocols, and who may give the running server orders.

config::parameters! {
    /// Switches services of master.cf off: a type, or `name/type`; `!` takes one out. The first match counts.
    MASTER_SERVICE_DISABLE: List = "master_service_disable", "";
    /// Users who may submit mail with sendmail(1): names, `!name`, files and tables.
    AUTHORIZED_SUBMIT_USERS: Text = "authorized_submit_users", "static:anyone";
    /// Users who may see the queue with mailq(1); root and mail_owner always may.
    AUTHORIZED_MAILQ_USERS: Text = "authorized_mailq_users", "static:anyone";
    /// Users who may flush the queue; root and mail_owner always may.
    AUTHORIZED_FLUSH_USERS: Text = "authorized_flush_users", "static:anyone";
}
