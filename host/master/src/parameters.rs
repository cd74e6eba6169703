//! What master(8) reads of main.cf beside inet_interfaces and inet_protocols.

config::parameters! {
    /// Switches services of master.cf off: a type, or `name/type`; `!` takes one out. The first match counts.
    MASTER_SERVICE_DISABLE: List = "master_service_disable", "";
}
