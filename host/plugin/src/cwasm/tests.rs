use std::os::unix::fs::PermissionsExt;

use super::*;

fn engine() -> Engine {
    Engine::default()
}

/// The smallest component.
fn component(engine: &Engine) -> Component {
    Component::from_binary(engine, b"\0asm\x0d\0\x01\0").expect("an empty component")
}

fn cwasm_files(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).expect("store directory").map(|entry| entry.expect("entry").path()).collect()
}

#[test]
fn keeps_and_gives_back() {
    let home = tempfile::tempdir().expect("temporary directory");
    let (engine, directory) = (engine(), home.path().join("cwasm"));
    let store = CompiledStore::open(&directory, &engine);
    assert!(store.read(&engine, "aa").is_none());
    store.write(&component(&engine), "aa").expect("written");
    assert!(store.read(&engine, "aa").is_some());
    assert!(store.read(&engine, "bb").is_none(), "another hash");
    assert_eq!(cwasm_files(&directory).len(), 1, "no temporary file stays");
}

#[test]
fn trusts_only_what_nobody_else_could_write() {
    let home = tempfile::tempdir().expect("temporary directory");
    let (engine, directory) = (engine(), home.path().join("cwasm"));
    let store = CompiledStore::open(&directory, &engine);
    store.write(&component(&engine), "aa").expect("written");
    let file = cwasm_files(&directory).remove(0);

    fs::set_permissions(&file, fs::Permissions::from_mode(0o622)).expect("chmod");
    assert!(store.read(&engine, "aa").is_none(), "group and others may write");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("chmod");
    assert!(store.read(&engine, "aa").is_some());

    let elsewhere = home.path().join("elsewhere");
    fs::rename(&file, &elsewhere).expect("rename");
    std::os::unix::fs::symlink(&elsewhere, &file).expect("symlink");
    assert!(store.read(&engine, "aa").is_none(), "a link");

    fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).expect("chmod");
    let open_to_all = CompiledStore::open(&directory, &engine);
    open_to_all.write(&component(&engine), "cc").expect("silently not kept");
    assert!(open_to_all.read(&engine, "cc").is_none(), "a directory others may write to");
}

#[test]
fn a_torn_file_is_compiled_again() {
    let home = tempfile::tempdir().expect("temporary directory");
    let (engine, directory) = (engine(), home.path().join("cwasm"));
    let store = CompiledStore::open(&directory, &engine);
    store.write(&component(&engine), "aa").expect("written");
    let file = cwasm_files(&directory).remove(0);
    let whole = fs::read(&file).expect("read");
    for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
        fs::write(&file, &whole[..cut]).expect("truncate");
        assert!(store.read(&engine, "aa").is_none(), "cut at {cut} of {}", whole.len());
    }
}
