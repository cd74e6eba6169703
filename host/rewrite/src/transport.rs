//! `transport:nexthop` values: transport(5) results, *_transport parameters.

/// Transports whose nexthop is a text for the sender.
const EXPLAINING: [&str; 2] = ["error", "retry"];

/// Where mail goes, while it is worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub transport: String,
    pub nexthop: String,
}

impl Destination {
    /// The value of a *_transport parameter; `nexthop` stands in where it names none.
    pub fn of_parameter(value: &str, nexthop: &str) -> Self {
        let (transport, own) = value.split_once(':').unwrap_or((value, ""));
        let nexthop = if own.is_empty() { nexthop } else { own };
        Self { transport: transport.to_string(), nexthop: nexthop.to_string() }
    }

    /// Applies a transport(5) result: an empty transport keeps the transport, and the nexthop unless one is given;
    /// a transport alone resets the nexthop to the recipient's domain.
    pub fn apply(&mut self, value: &str, recipient_domain: &str) {
        let (transport, nexthop) = value.split_once(':').unwrap_or((value, ""));
        if transport.is_empty() {
            if !nexthop.is_empty() {
                self.nexthop = nexthop.to_string();
            }
            return;
        }
        self.transport = transport.to_string();
        self.nexthop = match nexthop {
            "" if EXPLAINING.contains(&transport) => "Address is undeliverable".to_string(),
            "" => recipient_domain.to_string(),
            nexthop => nexthop.to_string(),
        };
    }
}
