//! Plugins as an earlier server of these tests compiled them: most tests start one or two servers on an empty data directory, and
//! none but the first has to compile the same plugins again.

use std::{
    env, fs, io,
    os::unix::fs::{DirBuilderExt, chown},
    path::{Path, PathBuf},
};

use crate::needs;

/// In the build's own directory. The files are named by what they were made from.
fn store() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| needs::root().join("target"), PathBuf::from);
    target.join("tmp/cwasm")
}

/// Gives a server that starts what is there, below its data_directory. `owner` is who it runs as.
pub fn lend(data_directory: &Path, owner: (u32, u32)) {
    // Without them it compiles its plugins.
    let _ = copy_all(&store(), &data_directory.join("cwasm"), Some(owner));
}

/// Keeps what a server compiled.
pub fn collect(data_directory: &Path) {
    let _ = copy_all(&data_directory.join("cwasm"), &store(), None);
}

fn copy_all(from: &Path, to: &Path, owner: Option<(u32, u32)>) -> io::Result<()> {
    let files = fs::read_dir(from)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    let own = |path: &Path| owner.map_or(Ok(()), |(uid, gid)| chown(path, Some(uid), Some(gid)));
    own(to)?;
    for file in files {
        let path = file?.path();
        let (Some(name), Some("cwasm")) = (path.file_name(), path.extension().and_then(|e| e.to_str())) else {
            continue;
        };
        let target = to.join(name);
        if target.exists() {
            continue;
        }
        // Other tests do the same at this moment, and must not see half a file.
        let mut part = tempfile::NamedTempFile::new_in(to)?;
        io::copy(&mut fs::File::open(&path)?, &mut part)?;
        own(part.path())?;
        part.persist(&target)?;
    }
    Ok(())
}
