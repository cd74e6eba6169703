//! Host bindings generated from `wit/`. An import is `async` only where it may have to wait: a plugin that imports none of
//! those is called without a stack switch.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "everything",
    imports: {
        "waxwing:plugin/dns": async | trappable,
        "waxwing:plugin/tables": async | trappable,
        "waxwing:plugin/addresses": async | trappable,
        "waxwing:plugin/verification": async | trappable,
        "waxwing:plugin/http": async | trappable,
        "waxwing:plugin/socket": async | trappable,
        "waxwing:plugin/submission": async | trappable,
        default: trappable,
    },
    with: { "waxwing:plugin/socket.connection": crate::connections::Held },
    exports: { default: async },
    require_store_data_send: true,
});
