//! From a [`Plugin`] constant to the exports of a component.

use crate::{
    Plugin, Restriction, Verdict,
    bindings::exports::waxwing::plugin::{plugin as described, restrictions as offered},
};

/// Exports a [`Plugin`] constant. Native builds export nothing: there the tests call the restrictions themselves.
#[macro_export]
macro_rules! export {
    ($plugin:expr) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            impl $crate::bindings::exports::waxwing::plugin::plugin::Guest for Component {
                fn describe() -> $crate::bindings::exports::waxwing::plugin::plugin::Description {
                    $crate::describe(&$plugin)
                }
            }

            impl $crate::bindings::exports::waxwing::plugin::restrictions::Guest for Component {
                fn list_restrictions()
                -> ::std::vec::Vec<$crate::bindings::exports::waxwing::plugin::restrictions::Restriction> {
                    $crate::list_restrictions(&$plugin)
                }

                fn validate(
                    name: ::std::string::String,
                    argument: ::std::option::Option<::std::string::String>,
                ) -> ::std::result::Result<(), ::std::string::String> {
                    $crate::validate(&$plugin, &name, argument.as_deref())
                }

                fn check(
                    name: ::std::string::String,
                    argument: ::std::option::Option<::std::string::String>,
                ) -> $crate::Verdict {
                    $crate::dispatch(&$plugin, &name, argument.as_deref())
                }
            }

    $crate::bindings::__export_restrictions!(Component with_types_in $crate::bindings);
        };
    };
}

/// `plugin.describe`.
pub fn describe(plugin: &Plugin) -> described::Description {
    described::Description {
        name: plugin.name.into(),
        version: plugin.version.into(),
        summary: plugin.summary.into(),
        parameters: plugin
            .parameters
            .iter()
            .map(|parameter| described::Parameter {
                name: parameter.name.into(),
                kind: parameter.kind,
                default_value: parameter.default_value.into(),
                summary: parameter.summary.into(),
            })
            .collect(),
        grants: plugin
            .grants
            .iter()
            .map(|request| described::GrantRequest {
                grant: request.grant,
                scope: request.scope.into(),
                reason: request.reason.into(),
            })
            .collect(),
    }
}

/// `restrictions.list-restrictions`.
pub fn list_restrictions(plugin: &Plugin) -> Vec<offered::Restriction> {
    let offer = |restriction: &Restriction| offered::Restriction {
        name: restriction.name.into(),
        aliases: restriction.aliases.iter().map(|&alias| alias.into()).collect(),
        argument: restriction.argument,
        stages: restriction.stages,
        bare_table: restriction.bare_table,
        depends_on: restriction.depends_on,
        traits: restriction.traits,
        warning: restriction.warning.map(Into::into),
        summary: restriction.summary.into(),
    };
    plugin.restrictions.iter().map(offer).collect()
}

/// `restrictions.validate`.
pub fn validate(plugin: &Plugin, name: &str, argument: Option<&str>) -> Result<(), String> {
    match find(plugin, name) {
        Some(restriction) => (restriction.validate)(argument.unwrap_or_default()),
        None => Err(["unknown smtpd restriction: \"", name, "\""].concat()),
    }
}

/// `restrictions.check`.
pub fn dispatch(plugin: &Plugin, name: &str, argument: Option<&str>) -> Verdict {
    match find(plugin, name) {
        Some(restriction) => (restriction.check)(argument.unwrap_or_default()),
        None => crate::configuration_error(),
    }
}

/// By the exact name: the host resolves aliases and case.
fn find(plugin: &Plugin, name: &str) -> Option<&'static Restriction> {
    plugin.restrictions.iter().find(|offered| offered.name == name)
}
