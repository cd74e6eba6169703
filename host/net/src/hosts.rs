//! hosts(5), which the C library's resolver reads before it asks the DNS; native name lookups do the same.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// The lines of a hosts file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Address and its names, the canonical one first, in the file's order.
    lines: Vec<(IpAddr, Vec<String>)>,
}

impl Table {
    /// Lines that are not understood are skipped, as in the C library.
    pub fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let mut words = line.split('#').next()?.split_whitespace();
            let address = words.next()?.parse().ok()?;
            let names: Vec<_> = words.map(str::to_string).collect();
            (!names.is_empty()).then_some((address, names))
        };
        Self { lines: text.lines().filter_map(line).collect() }
    }

    /// The canonical name of the first line with this address.
    pub fn name_of(&self, address: IpAddr) -> Option<&str> {
        self.lines.iter().find(|(a, _)| *a == address).map(|(_, names)| names[0].as_str())
    }

    /// All addresses whose lines carry this name, letter case aside.
    pub fn addresses_of(&self, name: &str) -> Vec<IpAddr> {
        let carries = |names: &[String]| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        self.lines.iter().filter(|(_, names)| carries(names)).map(|(address, _)| *address).collect()
    }
}

/// A hosts file that is read again when it has changed. Clones share.
#[derive(Clone, Debug)]
pub struct HostsFile {
    path: PathBuf,
    read: Arc<Mutex<(Option<SystemTime>, Arc<Table>)>>,
}

impl HostsFile {
    /// `/etc/hosts`.
    pub fn system() -> Self {
        Self::at("/etc/hosts")
    }

    /// Another file; one that does not exist is empty.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_path_buf(), read: Arc::default() }
    }

    /// What the file says now.
    pub fn table(&self) -> Arc<Table> {
        let changed = std::fs::metadata(&self.path).and_then(|file| file.modified()).ok();
        // A poisoned lock only means that another task panicked; the pair inside is replaced in one step.
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.is_none() || read.0 != changed {
            let text = std::fs::read(&self.path).unwrap_or_default();
            *read = (changed, Arc::new(Table::parse(&String::from_utf8_lossy(&text))));
        }
        read.1.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_rereads_a_changed_file() {
        let file = std::env::temp_dir().join(format!("waxwing-hosts-{}", std::process::id()));
        std::fs::write(&file, "127.0.0.1 localhost local # x\n::1\tip6 LocalHost\nnonsense here\n10.0.0.1\n")
            .expect("written");
        let hosts = HostsFile::at(&file);
        let v4: IpAddr = [127, 0, 0, 1].into();
        assert_eq!(hosts.table().name_of(v4), Some("localhost"));
        assert_eq!(hosts.table().addresses_of("LOCALHOST"), [v4, "::1".parse().expect("an address")]);
        assert_eq!(hosts.table().name_of([10, 0, 0, 1].into()), None);
        std::fs::write(&file, "127.0.0.1 other\n").expect("written");
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        let times = std::fs::FileTimes::new().set_modified(later);
        std::fs::File::options().write(true).open(&file).and_then(|f| f.set_times(times)).expect("touched");
        assert_eq!(hosts.table().name_of(v4), Some("other"));
        std::fs::remove_file(&file).expect("removed");
        assert_eq!(hosts.table().name_of(v4), None);
    }
}
