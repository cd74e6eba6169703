//! Builds the default plugins, and the example that quickstart installs, to Wasm and writes the table that embeds them.
//!
//! They are built by a cargo of their own in a target folder of their own, below OUT_DIR, so that it never waits for the lock
//! of the cargo that runs this. What comes out are core modules with their component type: the server makes components of
//! them when it loads them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const TARGET: &str = "wasm32-unknown-unknown";

/// The plugin of examples/ that quickstart installs.
const EXAMPLE: &str = "greylist";

fn main() {
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let root = manifest.ancestors().nth(2).expect("host/mta lies two folders below the root").to_path_buf();
    let families = families(&root.join("plugins"));
    for path in ["Cargo.toml", "Cargo.lock", "plugins", "sdk/rust/src", "sdk/rust/Cargo.toml", "sdk/rust/check", "wit"]
    {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    for path in ["src", "Cargo.toml"] {
        println!("cargo::rerun-if-changed={}", root.join("examples").join(EXAMPLE).join(path).display());
    }
    ensure_target();
    let packages: Vec<_> = families.iter().map(|family| format!("waxwing-plugin-{family}")).collect();
    let built = build(&root, &out.join("plugins"), &packages);
    let module = |package: &str| {
        let file = built.join(format!("{}.wasm", package.replace('-', "_")));
        assert!(file.is_file(), "{} was not built", file.display());
        format!("include_bytes!({:?})", file.display().to_string())
    };
    let mut table = String::from("pub const DEFAULT_PLUGINS: &[(&str, &[u8])] = &[\n");
    for (family, package) in families.iter().zip(&packages) {
        table += &format!("    ({family:?}, {}),\n", module(package));
    }
    table += &format!("];\n\npub const GREYLIST: &[u8] = {};\n", module(EXAMPLE));
    fs::write(out.join("default_plugins.rs"), table).expect("OUT_DIR can be written");
}

/// One folder of plugins/ is one plugin.
fn families(plugins: &Path) -> Vec<String> {
    let entries = fs::read_dir(plugins).unwrap_or_else(|error| panic!("{}: {error}", plugins.display()));
    let mut families: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    families.sort();
    families
}

/// Adds the Wasm target where it is missing.
fn ensure_target() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let installed = output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    if installed {
        return;
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    assert!(
        added.is_ok_and(|status| status.success()),
        "The default plugins are WebAssembly, and this Rust cannot build it yet. Type:\n    rustup target add {TARGET}\n\
         (or, where Rust came from the distribution, install its package for {TARGET}), then build again."
    );
}

/// Runs cargo; gives the folder with the modules.
fn build(root: &Path, target_dir: &Path, packages: &[String]) -> PathBuf {
    let mut cargo = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    cargo.current_dir(root).args(["build", "--lib", "--profile", "wasm", "--target", TARGET]);
    cargo.arg("--target-dir").arg(target_dir);
    for package in packages.iter().map(String::as_str).chain([EXAMPLE]) {
        cargo.args(["-p", package]);
    }
    // What the outer cargo says of the host's build (flags, clippy as compiler, profile) is not for the plugins; where to
    // find and how to fetch crates is.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let fetching = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_", "CARGO_MAKEFLAGS"];
        let inherited = text.starts_with("CARGO") && !fetching.iter().any(|kept| text.starts_with(kept));
        let compiler = matches!(&*text, "RUSTFLAGS" | "RUSTC_WRAPPER" | "RUSTC_WORKSPACE_WRAPPER" | "RUSTDOCFLAGS");
        if inherited || compiler {
            cargo.env_remove(&name);
        }
    }
    let status = cargo.status().unwrap_or_else(|error| panic!("cargo cannot be run: {error}"));
    assert!(status.success(), "the default plugins could not be built: {status}");
    target_dir.join(TARGET).join("wasm")
}
