//! The `-o` options of plugins.cf that the host itself reads: grant, time_limit, memory_limit, failure_action, instance, mode.
//! Every other name is a parameter of the plugin.

use std::time::Duration;

use hook::FailureAction;

use config::{Place, PluginEntry};

use crate::{PluginError, grants::Grants};

/// `instance=`: how long an instance lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstanceScope {
    /// One for each SMTP session, made at first use.
    Session,
    /// One for each mail transaction.
    Message,
    /// A pool: each call has an instance to itself, no state may be relied on.
    Shared,
}

/// `mode=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Enforce,
    /// Log what it would do, change nothing.
    Warn,
}

/// The families of worlds that differ in their limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    Restriction,
    Check,
    Filter,
    Table,
    Delivery,
    DeliveryHook,
    Report,
}

impl World {
    /// As in `wit/`, for the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            World::Restriction => "restriction",
            World::Check => "check",
            World::Filter => "filter",
            World::Table => "table",
            World::Delivery => "delivery",
            World::DeliveryHook => "delivery-hook",
            World::Report => "report",
        }
    }
}

/// What the calls of a component may have to wait for, by what it imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Waits {
    /// It is called on the session's own thread.
    Never,
    /// The server's own services, which have time limits of their own: DNS, tables, addresses, verification.
    Services,
    /// Other programs, for as long as it says itself with each call of `socket`.
    Sockets,
}

/// How long one call may compute, and how long it may take with what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub compute: Duration,
    pub wait: Duration,
}

/// The host's options of one plugin.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub grants: Grants,
    time_limit: Option<Duration>,
    /// Bytes of linear memory of one instance.
    pub memory_limit: usize,
    failure_action: Option<FailureAction>,
    pub instance: InstanceScope,
    pub mode: Mode,
    /// The other options, parameters of the plugin: names and where they stand.
    pub parameters: Vec<(String, Place)>,
}

/// Default of memory_limit.
const MEMORY_LIMIT: usize = 16 * 1024 * 1024;

impl Settings {
    /// Those of a default plugin: granted what it asks for, instances shared, nothing set by the administrator.
    pub(crate) fn of_default_plugin() -> Self {
        Self {
            grants: Grants::everything(),
            time_limit: None,
            memory_limit: MEMORY_LIMIT,
            failure_action: None,
            instance: InstanceScope::Shared,
            mode: Mode::Enforce,
            parameters: Vec::new(),
        }
    }

    /// Those of an entry of plugins.cf.
    pub(crate) fn of_entry(entry: &PluginEntry) -> Result<Self, PluginError> {
        let mut settings =
            Self { grants: Grants::none(), instance: InstanceScope::Session, ..Self::of_default_plugin() };
        for (name, value, place) in &entry.options {
            settings
                .set(name, value.trim(), place)
                .map_err(|text| PluginError::Configuration(format!("{place}: {text}")))?;
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str, place: &Place) -> Result<(), String> {
        let wrong = |wanted: &str| format!("bad value in {name}={value}: want {wanted}");
        match name {
            "grant" => self.grants.add(value)?,
            "time_limit" => {
                self.time_limit = Some(time(value).ok_or_else(|| wrong("a time such as 50ms or 2s, up to 1h"))?)
            }
            "memory_limit" => {
                self.memory_limit = bytes(value).ok_or_else(|| wrong("a size such as 16M, from 64K to 4095M"))?;
            }
            "failure_action" => {
                self.failure_action = Some(match value {
                    "defer" => FailureAction::Defer,
                    "reject" => FailureAction::Reject,
                    "dunno" => FailureAction::Dunno,
                    _ => return Err(wrong("defer, reject or dunno")),
                });
            }
            "instance" => {
                self.instance = match value {
                    "session" => InstanceScope::Session,
                    "message" => InstanceScope::Message,
                    "shared" => InstanceScope::Shared,
                    _ => return Err(wrong("session, message or shared")),
                };
            }
            "mode" => {
                self.mode = match value {
                    "enforce" => Mode::Enforce,
                    "warn" => Mode::Warn,
                    _ => return Err(wrong("enforce or warn")),
                };
            }
            _ => self.parameters.push((name.to_string(), place.clone())),
        }
        Ok(())
    }

    /// The limits of a call. A set time_limit bounds computing and waiting together. Without one a call may compute for
    /// 50 ms (1 s where it handles whole messages), and wait for 30 s where it imports something that waits (300 s to deliver).
    /// A connection has a time limit of its own, such as smtpd_policy_service_timeout: there, an hour is for those who loop.
    pub(crate) fn limit(&self, world: World, waits: Waits) -> Limit {
        if let Some(time) = self.time_limit {
            return Limit { compute: time, wait: time };
        }
        let compute = Duration::from_millis(match world {
            World::Restriction | World::Check | World::Table => 50,
            World::Filter | World::Delivery | World::DeliveryHook | World::Report => 1000,
        });
        let wait = match (waits, world) {
            (Waits::Never, _) => compute,
            (Waits::Sockets, _) => Duration::from_secs(3600),
            (Waits::Services, World::Delivery) => Duration::from_secs(300),
            (Waits::Services, _) => Duration::from_secs(30),
        };
        Limit { compute, wait }
    }

    /// What becomes of a failed call. A plugin in mode=warn changes nothing, so its failures do not either.
    pub(crate) fn failure_action(&self, world: World) -> FailureAction {
        if self.mode == Mode::Warn && world != World::Table && world != World::Delivery {
            return FailureAction::Dunno;
        }
        self.failure_action.unwrap_or(match world {
            World::DeliveryHook | World::Report => FailureAction::Dunno,
            _ => FailureAction::Defer,
        })
    }
}

/// A time with Postfix's units and `ms`; without a unit, seconds.
pub(crate) fn time(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let millis = number.checked_mul(unit).filter(|millis| (1..=3_600_000).contains(millis))?;
    Some(Duration::from_millis(millis))
}

fn bytes(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: usize = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "" => 1,
        "K" | "k" => 1024,
        "M" | "m" => 1024 * 1024,
        _ => return None,
    };
    // A 32-bit memory ends below 4 GiB; a page is 64 KiB.
    number.checked_mul(unit).filter(|bytes| (64 * 1024..=4095 * 1024 * 1024).contains(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(options: &[(&str, &str)]) -> PluginEntry {
        let place = |line| Place { file: std::path::Path::new("plugins.cf").into(), line };
        let options =
            options.iter().zip(2..).map(|((name, value), line)| (name.to_string(), value.to_string(), place(line)));
        PluginEntry { name: "x".into(), component: "x.wasm".into(), options: options.collect(), place: place(1) }
    }

    #[test]
    fn options_are_read_and_the_rest_are_parameters() {
        let entry = entry(&[("time_limit", "20ms"), ("memory_limit", "2M"), ("instance", "shared"), ("x_delay", "3s")]);
        let settings = Settings::of_entry(&entry).expect("all well formed");
        assert_eq!(settings.limit(World::Restriction, Waits::Sockets).wait, Duration::from_millis(20));
        assert_eq!(settings.memory_limit, 2 << 20);
        assert_eq!(settings.instance, InstanceScope::Shared);
        assert_eq!(settings.parameters.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["x_delay"]);
    }

    #[test]
    fn a_bad_option_names_its_line() {
        for (name, value) in [
            ("time_limit", "0"),
            ("time_limit", "soon"),
            ("memory_limit", "12"),
            ("memory_limit", "9G"),
            ("failure_action", "accept"),
            ("instance", "global"),
            ("mode", "off"),
            ("grant", "everything"),
        ] {
            let error = Settings::of_entry(&entry(&[("x", "y"), (name, value)])).expect_err(value).to_string();
            assert!(error.starts_with("plugins.cf, line 3: "), "{name}={value}: {error}");
            assert!(error.contains(value), "{name}={value}: {error}");
        }
    }

    #[test]
    fn mode_warn_never_defers_mail() {
        let warn = Settings::of_entry(&entry(&[("mode", "warn"), ("failure_action", "reject")])).expect("well formed");
        assert_eq!(warn.failure_action(World::Restriction), FailureAction::Dunno);
        let enforce = Settings::of_entry(&entry(&[])).expect("well formed");
        assert_eq!(enforce.failure_action(World::Restriction), FailureAction::Defer);
        assert_eq!(enforce.failure_action(World::DeliveryHook), FailureAction::Dunno);
    }
}
