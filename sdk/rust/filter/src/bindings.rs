//! Generated from `wit/`: the exports of a filter plugin, and the edits of the body, which no other world has. What else it may
//! import is that of [`waxwing_sdk::bindings`].
#![allow(unsafe_code, missing_docs, clippy::all, clippy::unwrap_used)]

wit_bindgen::generate!({
    inline: "
        package waxwing:sdk;
        world filter-plugin {
            include waxwing:plugin/filter@0.1.0;
            import waxwing:plugin/body-edits@0.1.0;
        }
    ",
    path: "../../../wit",
    world: "waxwing:sdk/filter-plugin",
    with: {
        "waxwing:plugin/types@0.1.0": waxwing_sdk::bindings::waxwing::plugin::types,
        "waxwing:plugin/session@0.1.0": waxwing_sdk::bindings::waxwing::plugin::session,
        "waxwing:plugin/message@0.1.0": waxwing_sdk::bindings::waxwing::plugin::message,
        "waxwing:plugin/parameters@0.1.0": waxwing_sdk::bindings::waxwing::plugin::parameters,
        "waxwing:plugin/log@0.1.0": waxwing_sdk::bindings::waxwing::plugin::log,
        "waxwing:plugin/notes@0.1.0": waxwing_sdk::bindings::waxwing::plugin::notes,
        "waxwing:plugin/body-edits@0.1.0": generate,
    },
    pub_export_macro: true,
    export_macro_name: "__export_filter",
    default_bindings_module: "waxwing_sdk_filter::bindings",
    additional_derives: [PartialEq],
});
