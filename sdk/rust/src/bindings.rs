//! Generated from `wit/`: the imports a plugin may call and the glue that exports it.
//!
//! Rust components import only what they call, so this world can name every interface: a plugin that never
//! touches `dns` does not import it, and so needs no grant for it.
#![allow(unsafe_code, missing_docs, clippy::all, clippy::unwrap_used)]

wit_bindgen::generate!({
    inline: "
        package waxwing:sdk;
        world restriction-plugin {
            include waxwing:plugin/restriction@0.1.0;
            import waxwing:plugin/addresses@0.1.0;
            import waxwing:plugin/body@0.1.0;
            import waxwing:plugin/clock@0.1.0;
            import waxwing:plugin/dns@0.1.0;
            import waxwing:plugin/envelope-edits@0.1.0;
            import waxwing:plugin/header-edits@0.1.0;
            import waxwing:plugin/message@0.1.0;
            import waxwing:plugin/notes@0.1.0;
            import waxwing:plugin/random@0.1.0;
            import waxwing:plugin/socket@0.1.0;
            import waxwing:plugin/store@0.1.0;
            import waxwing:plugin/tables@0.1.0;
            import waxwing:plugin/verification@0.1.0;
        }
    ",
    path: "../../wit",
    world: "waxwing:sdk/restriction-plugin",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "__export_restrictions",
    default_bindings_module: "waxwing_sdk::bindings",
    additional_derives: [PartialEq],
});
