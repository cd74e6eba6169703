//! A damaged queue: whatever lies in a journal segment or a queue file, reading ends, and nothing panics.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let directory = directory.expect("a temporary directory");
    let (journal, file) = bytes.split_at(bytes.len() / 2);
    for (name, content) in [("journal/0000000001-0123456789abcdef", journal), ("deferred/4/4F2A901B3C", file)] {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a directory above")).expect("made");
        std::fs::write(path, content).expect("written");
    }
    if let Ok(listed) = queue::offline::list(directory.path()) {
        for message in listed {
            if let Ok(Some((_, message))) = queue::offline::read(directory.path(), message.id) {
                let _ = message.content.read(0, 1 << 16);
            }
        }
    }
});
