//! Grants: what a component imports decides what it needs, what plugins.cf gives decides what its linker holds.

use wasmtime::component::{Component, HasSelf, Linker};

use crate::{PluginError, bindings::waxwing::plugin as imports, engine::Engine, limits::Waits, state::State};

/// The permissions of wit/plugin.wit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grant {
    Dns,
    Tables,
    Addresses,
    Verification,
    Store,
    Http,
    Socket,
    Body,
    EditEnvelope,
    EditHeaders,
    EditBody,
    Submit,
    Metrics,
    Files,
}

const GRANTS: [(Grant, &str); 14] = [
    (Grant::Dns, "dns"),
    (Grant::Tables, "tables"),
    (Grant::Addresses, "addresses"),
    (Grant::Verification, "verification"),
    (Grant::Store, "store"),
    (Grant::Http, "http"),
    (Grant::Socket, "socket"),
    (Grant::Body, "body"),
    (Grant::EditEnvelope, "edit-envelope"),
    (Grant::EditHeaders, "edit-headers"),
    (Grant::EditBody, "edit-body"),
    (Grant::Submit, "submit"),
    (Grant::Metrics, "metrics"),
    (Grant::Files, "files"),
];

impl Grant {
    /// As written in plugins.cf.
    pub fn name(self) -> &'static str {
        GRANTS.iter().find(|(grant, _)| *grant == self).map_or("", |(_, name)| name)
    }

    fn parse(name: &str) -> Option<Self> {
        GRANTS.iter().find(|(_, known)| *known == name).map(|(grant, _)| *grant)
    }
}

/// What one plugin was given.
#[derive(Clone, Debug)]
pub(crate) struct Grants {
    everything: bool,
    given: Vec<(Grant, Option<String>)>,
}

impl Grants {
    pub(crate) fn none() -> Self {
        Self { everything: false, given: Vec::new() }
    }

    /// For default plugins: what they ask for.
    pub(crate) fn everything() -> Self {
        Self { everything: true, given: Vec::new() }
    }

    /// Adds `name[:scope], …`.
    pub(crate) fn add(&mut self, list: &str) -> Result<(), String> {
        for item in list.split([',', ' ', '\t']).filter(|item| !item.is_empty()) {
            let (name, scope) = match item.split_once(':') {
                Some((name, scope)) => (name, Some(scope.to_string())),
                None => (item, None),
            };
            let grant = Grant::parse(name).ok_or_else(|| {
                let known: Vec<_> = GRANTS.iter().map(|(_, name)| *name).collect();
                format!("unknown grant in grant={item}: want one of {}", known.join(", "))
            })?;
            self.given.push((grant, scope));
        }
        Ok(())
    }

    pub(crate) fn has(&self, grant: Grant) -> bool {
        self.everything || self.given.iter().any(|(given, _)| *given == grant)
    }

    /// Whether the grant covers this scope: a grant without a scope covers all.
    pub(crate) fn covers(&self, grant: Grant, scope: &str) -> bool {
        self.everything
            || self.given.iter().any(|(given, narrowed)| {
                *given == grant && narrowed.as_deref().is_none_or(|narrowed| narrowed == scope)
            })
    }

    /// Whether the grant `socket` covers this endpoint. A scope may end in `*`: `inet:127.0.0.1:*`.
    pub(crate) fn covers_endpoint(&self, endpoint: &str) -> bool {
        // `..` leaves the folder that a scope names.
        let leaves = endpoint.split('/').any(|part| part == "..");
        self.everything
            || self.given.iter().any(|(given, narrowed)| match narrowed.as_deref() {
                _ if *given != Grant::Socket => false,
                None => true,
                Some(scope) => match scope.strip_suffix('*') {
                    Some(start) => !leaves && endpoint.starts_with(start),
                    None => scope == endpoint,
                },
            })
    }

    /// As in plugins.cf, for `waxwing plugin list`.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.given
            .iter()
            .map(|(grant, scope)| match scope {
                Some(scope) => format!("{}:{scope}", grant.name()),
                None => grant.name().to_string(),
            })
            .collect()
    }
}

/// What an interface of `waxwing:plugin` needs.
enum Need {
    Nothing,
    Granted(Grant),
    /// The interface is in `wit/`, but this release has nothing behind it.
    Unsupported,
}

fn need(interface: &str) -> Option<Need> {
    Some(match interface {
        "types" | "session" | "parameters" | "log" | "clock" | "random" | "notes" | "message" | "delivery-types" => {
            Need::Nothing
        }
        // Own table arguments and declared parameters need no grant: each call is checked.
        "tables" => Need::Nothing,
        "dns" => Need::Granted(Grant::Dns),
        "addresses" => Need::Granted(Grant::Addresses),
        "verification" => Need::Granted(Grant::Verification),
        "store" => Need::Granted(Grant::Store),
        "body" => Need::Granted(Grant::Body),
        "envelope-edits" => Need::Granted(Grant::EditEnvelope),
        "header-edits" => Need::Granted(Grant::EditHeaders),
        "body-edits" => Need::Granted(Grant::EditBody),
        "socket" => Need::Granted(Grant::Socket),
        "http" | "submission" | "metrics" => Need::Unsupported,
        _ => return None,
    })
}

/// Splits `waxwing:plugin/dns@0.1.0` into `dns` and the version.
pub(crate) fn own_interface(import: &str) -> Option<(&str, &str)> {
    let (interface, version) = import.strip_prefix("waxwing:plugin/")?.split_once('@')?;
    version.starts_with("0.1.").then_some((interface, version))
}

/// What the calls of a component may have to wait for.
pub(crate) fn waits(engine: &Engine, component: &Component) -> Waits {
    let component_type = component.component_type();
    let imports = component_type.imports(engine.wasmtime());
    let waits = imports.map(|(name, _)| match own_interface(name) {
        Some(("socket", _)) => Waits::Sockets,
        Some(("dns" | "tables" | "addresses" | "verification", _)) => Waits::Services,
        _ => Waits::Never,
    });
    waits.max().unwrap_or(Waits::Never)
}

/// The linker of one plugin, holding what it imports as far as that was granted.
pub(crate) fn linker(
    engine: &Engine,
    component: &Component,
    grants: &Grants,
    plugin: &str,
    place: &str,
) -> Result<Linker<State>, PluginError> {
    let wrong = |text: String| PluginError::Component { place: place.into(), plugin: plugin.into(), text };
    let mut linker = Linker::new(engine.wasmtime());
    let mut missing: Vec<(String, Grant)> = Vec::new();
    let component_type = component.component_type();
    let mut linked = Vec::new();
    for (import, _) in component_type.imports(engine.wasmtime()) {
        let Some((interface, _)) = own_interface(import) else {
            return Err(wrong(foreign_import(import)));
        };
        match need(interface) {
            None => return Err(wrong(format!("imports {import}, which this server does not offer"))),
            Some(Need::Unsupported) => {
                return Err(wrong(format!("imports {import}, which is not supported in this release")));
            }
            Some(Need::Granted(grant)) if !grants.has(grant) => missing.push((import.to_string(), grant)),
            Some(_) if linked.contains(&interface) => {}
            Some(_) => {
                link(&mut linker, interface)
                    .map_err(|error| PluginError::Server(format!("cannot link {import}: {error}")))?;
                linked.push(interface);
            }
        }
    }
    if missing.is_empty() {
        return Ok(linker);
    }
    // One line that gives all it has and all it lacks, to be copied as it is.
    let mut grants = grants.texts();
    grants.extend(missing.iter().map(|(_, grant)| grant.name().to_string()));
    let imports: Vec<_> = missing.into_iter().map(|(import, _)| import).collect();
    Err(PluginError::Grant {
        place: place.into(),
        plugin: plugin.into(),
        import: imports.join(", "),
        grants: grants.join(","),
    })
}

fn foreign_import(import: &str) -> String {
    if import.starts_with("wasi:") {
        format!(
            "imports {import}: WASI is not supported in this release; build for wasm32-unknown-unknown, or stub WASI out"
        )
    } else if import.starts_with("waxwing:plugin/") {
        format!("imports {import}, but this server speaks waxwing:plugin 0.1")
    } else {
        format!("imports {import}, which is no interface of waxwing:plugin")
    }
}

/// One interface, as those have it that may wait.
pub(crate) fn link(linker: &mut Linker<State>, interface: &str) -> wasmtime::Result<()> {
    type Own = HasSelf<State>;
    fn own(state: &mut State) -> &mut State {
        state
    }
    match interface {
        "types" => imports::types::add_to_linker::<_, Own>(linker, own),
        "session" => imports::session::add_to_linker::<_, Own>(linker, own),
        "parameters" => imports::parameters::add_to_linker::<_, Own>(linker, own),
        "log" => imports::log::add_to_linker::<_, Own>(linker, own),
        "clock" => imports::clock::add_to_linker::<_, Own>(linker, own),
        "random" => imports::random::add_to_linker::<_, Own>(linker, own),
        "notes" => imports::notes::add_to_linker::<_, Own>(linker, own),
        "message" => imports::message::add_to_linker::<_, Own>(linker, own),
        "delivery-types" => imports::delivery_types::add_to_linker::<_, Own>(linker, own),
        "tables" => imports::tables::add_to_linker::<_, Own>(linker, own),
        "dns" => imports::dns::add_to_linker::<_, Own>(linker, own),
        "addresses" => imports::addresses::add_to_linker::<_, Own>(linker, own),
        "verification" => imports::verification::add_to_linker::<_, Own>(linker, own),
        "store" => imports::store::add_to_linker::<_, Own>(linker, own),
        "socket" => imports::socket::add_to_linker::<_, Own>(linker, own),
        "body" => imports::body::add_to_linker::<_, Own>(linker, own),
        "envelope-edits" => imports::envelope_edits::add_to_linker::<_, Own>(linker, own),
        "header-edits" => imports::header_edits::add_to_linker::<_, Own>(linker, own),
        "body-edits" => imports::body_edits::add_to_linker::<_, Own>(linker, own),
        other => wasmtime::bail!("no implementation of {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_narrow_and_their_absence_does_not() {
        let mut grants = Grants::none();
        grants.add("dns, store:greylist,store:counts").expect("known grants");
        assert!(grants.has(Grant::Dns) && !grants.has(Grant::Tables));
        assert!(grants.covers(Grant::Store, "greylist") && grants.covers(Grant::Store, "counts"));
        assert!(!grants.covers(Grant::Store, "other"), "another store than the granted ones");
        grants.add("store").expect("a grant without scope");
        assert!(grants.covers(Grant::Store, "other"));
        grants.add("socket:inet:127.0.0.1:*, socket:unix:/run/policy/*, socket:unix:private/policy").expect("scopes");
        for (endpoint, granted) in [
            ("inet:127.0.0.1:9998", true),
            ("inet:127.0.0.10:9998", false),
            ("unix:/run/policy/socket", true),
            ("unix:/run/policy/../docker.sock", false),
            ("unix:private/policy", true),
            ("unix:private/policy2", false),
        ] {
            assert_eq!(grants.covers_endpoint(endpoint), granted, "{endpoint}");
        }
        assert_eq!(
            grants.add("dns,root").expect_err("no such grant").split(':').next(),
            Some("unknown grant in grant=root")
        );
    }
}
