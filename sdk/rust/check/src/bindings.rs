//! Generated from `wit/`: the exports of a check plugin. What it may import is that of [`waxwing_sdk::bindings`].
#![allow(unsafe_code, missing_docs, clippy::all, clippy::unwrap_used)]

wit_bindgen::generate!({
    inline: "
        package waxwing:sdk;
        world check-plugin {
            include waxwing:plugin/check@0.1.0;
        }
    ",
    path: "../../../wit",
    world: "waxwing:sdk/check-plugin",
    with: {
        "waxwing:plugin/types@0.1.0": waxwing_sdk::bindings::waxwing::plugin::types,
        "waxwing:plugin/session@0.1.0": waxwing_sdk::bindings::waxwing::plugin::session,
        "waxwing:plugin/message@0.1.0": waxwing_sdk::bindings::waxwing::plugin::message,
        "waxwing:plugin/parameters@0.1.0": waxwing_sdk::bindings::waxwing::plugin::parameters,
        "waxwing:plugin/log@0.1.0": waxwing_sdk::bindings::waxwing::plugin::log,
    },
    pub_export_macro: true,
    export_macro_name: "__export_checks",
    default_bindings_module: "waxwing_sdk_check::bindings",
    additional_derives: [PartialEq],
});
