//! Postfix's restrictions, built from `plugins/` to Wasm by build.rs and embedded: name and module of each.
//! `GREYLIST` is the example of `examples/greylist`, which quickstart installs.

include!(concat!(env!("OUT_DIR"), "/default_plugins.rs"));
