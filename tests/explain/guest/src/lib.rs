//! A user's plugin. With the feature `replace` it takes the place of reject_unknown_sender_domain, with `wrap` it offers
//! another restriction that leaves the rest to the default one, and with `remember` it learns in a store.

use waxwing_sdk::prelude::*;

/// Domains this site knows better than DNS does.
fn own_word() -> Option<Verdict> {
    let sender = session::sender().unwrap_or_default();
    if sender.ends_with("@partner.test") {
        return Some(Verdict::Permit);
    }
    sender.ends_with("@pest.test").then(|| refuse(550, "5.7.1", format!("<{sender}>: not from there")))
}

#[cfg(feature = "replace")]
const RESTRICTION: Restriction = Restriction::new("reject_unknown_sender_domain", |_| {
    // The default one is still there for whoever names its plugin.
    let default = || Verdict::Restrictions("check_plugin address:reject_unknown_sender_domain".into());
    own_word().unwrap_or_else(default)
});

#[cfg(feature = "wrap")]
const RESTRICTION: Restriction = Restriction::new("reject_pests_and_unknown", |_| {
    own_word().unwrap_or_else(|| Verdict::Restrictions("reject_unknown_sender_domain".into()))
});

#[cfg(feature = "remember")]
const RESTRICTION: Restriction = Restriction::new("defer_newcomers", |_| {
    use waxwing_sdk::{edits::headers, reply, store};
    session::pause(std::time::Duration::from_secs(60));
    let sender = session::sender().unwrap_or_default();
    match store::put_if_absent("newcomers", &sender, b"seen", 0) {
        Ok(true) => Verdict::DeferIfPermit(reply(450, "4.7.1", "You are new here")),
        Ok(false) => {
            headers::prepend("X-Known", "yes");
            Verdict::Dunno
        }
        Err(error) => Verdict::Defer(reply(451, "4.3.0", format!("{error:?}"))),
    }
});

pub const PLUGIN: Plugin =
    Plugin::new("explained", env!("CARGO_PKG_VERSION"), "A user's plugin").restrictions(&[RESTRICTION]);

waxwing_sdk::export!(PLUGIN);
