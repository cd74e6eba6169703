//! Processes by parent, read from /proc.

use std::{collections::BTreeMap, fs};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// The process and all below it.
pub fn descendants(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let entries = fs::read_dir("/proc").expect("/proc is mounted");
    for pid in entries.flatten().filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok()) {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        // The command name may hold spaces and parentheses; the parent is the second word behind the last one.
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        children.entry(parent.unwrap_or(0)).or_default().push(pid);
    }
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let below = children.get(&found[next]).cloned().unwrap_or_default();
        found.extend(below);
        next += 1;
    }
    found
}

pub fn signal(pid: u32, signal: Signal) {
    // A process that is gone already is what the caller wants.
    let _ = kill(Pid::from_raw(i32::try_from(pid).expect("process ids are positive")), signal);
}

/// SIGKILL to the process and all below it. Who they were.
pub fn kill_family(root: u32) -> Vec<u32> {
    let family = descendants(root);
    for pid in &family {
        signal(*pid, Signal::SIGKILL);
    }
    family
}

/// Dead, if perhaps not yet collected by its parent: its first thread is a zombie, and no other is left that could hold files
/// or ports.
pub fn is_gone(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return true };
    let zombie = stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']));
    zombie && fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count) <= 1
}
