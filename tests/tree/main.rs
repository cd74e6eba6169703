//! Holds the shape of the source tree: which crate may import which, how long a file may be, who may name wasmtime,
//! and that plugins have no private door into the host.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The crates of host/ and what each may import of the others. docs/design.md draws it.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("mail", &[]),
    ("config", &["mail"]),
    ("hook", &["mail", "config"]),
    ("plugin", &["mail", "config", "hook"]),
    ("dict", &["mail", "config", "hook"]),
    ("net", &["mail", "config", "hook"]),
    ("queue", &["mail", "config", "hook"]),
    ("master", &["mail", "config", "hook"]),
    ("rewrite", &["mail", "config", "hook", "dict", "net"]),
    ("cleanup", &["mail", "config", "hook", "dict", "net", "queue", "rewrite"]),
    ("smtpd", &["mail", "config", "hook", "dict", "net", "queue", "rewrite", "cleanup"]),
    ("bounce", &["mail", "config", "hook", "dict", "net", "queue", "rewrite", "cleanup"]),
    ("delivery", &["mail", "config", "hook", "dict", "net", "queue", "rewrite", "bounce"]),
    ("qmgr", &["mail", "config", "hook", "dict", "net", "queue", "rewrite", "cleanup", "bounce"]),
    (
        "mta",
        &[
            "mail", "config", "hook", "plugin", "dict", "net", "queue", "rewrite", "cleanup", "smtpd", "bounce",
            "delivery", "qmgr", "master",
        ],
    ),
];

const LONGEST_FILE: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").to_path_buf()
}

/// name -> (manifest directory relative to the root, path dependencies as directories, other dependencies)
fn packages() -> BTreeMap<String, (String, BTreeSet<String>, BTreeSet<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let root = root();
    let relative = |path: &str| Path::new(path).strip_prefix(&root).expect("in the workspace").display().to_string();
    let list = metadata["packages"].as_array().expect("packages");
    list.iter()
        .map(|package| {
            let manifest = package["manifest_path"].as_str().expect("manifest_path");
            let (mut ours, mut others) = (BTreeSet::new(), BTreeSet::new());
            for dependency in package["dependencies"].as_array().expect("dependencies") {
                // What only tests use may go any way.
                if dependency["kind"] == "dev" {
                    continue;
                }
                match dependency["path"].as_str() {
                    Some(path) => ours.insert(relative(path)),
                    None => others.insert(dependency["name"].as_str().expect("name").to_string()),
                };
            }
            let dir = relative(manifest.strip_suffix("/Cargo.toml").expect("a manifest"));
            (package["name"].as_str().expect("name").to_string(), (dir, ours, others))
        })
        .collect()
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a readable directory").map(|e| e.expect("an entry").path()) {
        if entry.is_dir() && !entry.ends_with("target") {
            rust_files(&entry, found);
        } else if entry.extension().is_some_and(|e| e == "rs") {
            found.push(entry);
        }
    }
}

fn all_rust_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for dir in ["host", "plugins", "sdk", "examples", "tests"] {
        rust_files(&root().join(dir), &mut found);
    }
    assert!(found.len() > 50, "only {} Rust files found", found.len());
    found
}

#[test]
fn imports_go_one_way() {
    let rules: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, (dir, ours, _)) in packages() {
        let Some(crate_name) = dir.strip_prefix("host/") else { continue };
        let Some(allowed) = rules.get(crate_name) else {
            wrong.push(format!("{name} ({dir}) has no row in MAY_IMPORT"));
            continue;
        };
        seen.insert(crate_name.to_string());
        for import in &ours {
            if !import.strip_prefix("host/").is_some_and(|i| allowed.contains(&i)) {
                wrong.push(format!("host/{crate_name} imports {import}"));
            }
        }
    }
    let missing: Vec<_> = rules.keys().filter(|k| !seen.contains(**k)).collect();
    assert!(wrong.is_empty() && missing.is_empty(), "{wrong:#?}\nrows without a crate: {missing:?}");
}

#[test]
fn only_the_plugin_host_names_wasmtime() {
    let mut wrong = Vec::new();
    for (name, (dir, _, others)) in packages() {
        if dir != "host/plugin" && others.iter().any(|o| o.starts_with("wasmtime")) {
            wrong.push(name);
        }
    }
    for file in all_rust_files() {
        let text = fs::read_to_string(&file).expect("UTF-8 source");
        if file.starts_with(root().join("host"))
            && !file.starts_with(root().join("host/plugin"))
            && text.contains("wasmtime::")
        {
            wrong.push(file.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "wasmtime outside host/plugin: {wrong:?}");
}

#[test]
fn plugins_have_no_private_door() {
    let mut wrong = Vec::new();
    for (name, (dir, ours, _)) in packages() {
        let guest = dir.starts_with("plugins/") || dir.starts_with("examples/") || dir.starts_with("sdk/");
        if guest {
            wrong.extend(ours.iter().filter(|o| o.starts_with("host/")).map(|o| format!("{name} imports {o}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = all_rust_files()
        .iter()
        .filter_map(|file| {
            let lines = fs::read_to_string(file).expect("UTF-8 source").lines().count();
            (lines > LONGEST_FILE).then(|| format!("{} has {lines} lines", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "split by concept: {long:#?}");
}

#[test]
fn every_host_crate_says_what_it_is() {
    let mut wrong = Vec::new();
    for (crate_name, _) in MAY_IMPORT {
        let dir = root().join("host").join(crate_name).join("src");
        let file = [dir.join("lib.rs"), dir.join("main.rs")].into_iter().find(|f| f.exists()).expect("a crate root");
        let text = fs::read_to_string(&file).expect("UTF-8 source");
        let header = text.lines().take_while(|l| l.starts_with("//!")).count();
        if !(10..=25).contains(&header) {
            wrong.push(format!("{}: header of {header} lines", file.display()));
        }
        if !text.contains("forbid(unsafe_code)") && !text.contains("deny(unsafe_code)") {
            wrong.push(format!("{}: unsafe code is not forbidden", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
