//! permit: ends the list with OK.

use waxwing_sdk::prelude::*;

pub const RESTRICTION: Restriction = Restriction::new("permit", |_| Verdict::Permit)
    .depends_on(Inputs::empty())
    .traits(Traits::FINAL)
    .summary("Permits the request; what follows is ignored");

#[cfg(test)]
mod tests {
    use waxwing_sdk::{prelude::*, testing::Host};

    #[test]
    fn permits() {
        assert_eq!(Host::new().check(&super::RESTRICTION, ""), Verdict::Permit);
    }
}
