//! What a test needs of the machine it runs on.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Debian's Postfix, the oracle.
    Postfix,
    /// The binary under test.
    Waxwing,
    Swaks,
    /// Debian's dovecot-core.
    Dovecot,
    /// Debian's dovecot-lmtpd.
    DovecotLmtp,
    /// Debian's dovecot-sieve.
    DovecotSieve,
    /// Debian's opendkim.
    Opendkim,
    /// Debian's python3-milter.
    PythonMilter,
    /// Content filters of Debian: amavisd-new; spamd with spamc; spamass-milter.
    Amavis,
    SpamAssassin,
    SpamassMilter,
    Pflogsumm,
    /// Policy servers of Debian.
    Postgrey,
    PolicydSpf,
    /// A C compiler and the wasm32 target are needed by few tests only.
    CCompiler,
    WasmTarget,
    /// A table type of Debian's Postfix: package postfix-NAME.
    TableType(&'static str),
    /// Databases of Debian, with their clients: postgresql, mariadb-server, slapd and ldap-utils, memcached, sqlite3.
    PostgreSql,
    MariaDb,
    Slapd,
    Memcached,
    Sqlite,
}

impl Need {
    fn missing(self) -> Option<String> {
        let program = |path: &str| (!Path::new(path).exists()).then(|| path.to_string());
        match self {
            Self::Postfix if !asked_for("postfix") => None,
            Self::Waxwing if !asked_for("waxwing") => None,
            Self::Postfix => program("/usr/sbin/postfix"),
            Self::Swaks => program("/usr/bin/swaks"),
            Self::Dovecot => program("/usr/sbin/dovecot"),
            Self::DovecotLmtp => program("/usr/lib/dovecot/lmtp"),
            Self::DovecotSieve => program("/usr/lib/dovecot/modules/lib90_sieve_plugin.so"),
            Self::Opendkim => program("/usr/sbin/opendkim"),
            Self::PythonMilter => program("/usr/lib/python3/dist-packages/Milter/__init__.py"),
            Self::Amavis => program("/usr/sbin/amavisd"),
            Self::SpamAssassin => program("/usr/sbin/spamd").or_else(|| program("/usr/bin/spamc")),
            Self::SpamassMilter => program("/usr/sbin/spamass-milter"),
            Self::Pflogsumm => program("/usr/sbin/pflogsumm"),
            Self::Postgrey => program("/usr/sbin/postgrey"),
            Self::PolicydSpf => program("/usr/bin/policyd-spf"),
            Self::TableType(_) if !asked_for("postfix") => None,
            Self::TableType(name) => program(&format!("/usr/lib/postfix/postfix-{name}.so")),
            Self::PostgreSql => postgresql().is_none().then(|| "/usr/lib/postgresql/*/bin/postgres".to_string()),
            Self::MariaDb => program("/usr/sbin/mariadbd"),
            Self::Slapd => program("/usr/sbin/slapd").or_else(|| program("/usr/bin/ldapadd")),
            Self::Memcached => program("/usr/bin/memcached"),
            Self::Sqlite => program("/usr/bin/sqlite3"),
            Self::CCompiler => program("/usr/bin/cc"),
            Self::Waxwing => waxwing().as_ref().err().cloned(),
            Self::WasmTarget => wasm_target_missing(),
        }
    }
}

/// WAXWING_TEST_SERVERS=postfix leaves Waxwing out, to try a test on the oracle alone; and the other way round.
pub fn asked_for(server: &str) -> bool {
    env::var("WAXWING_TEST_SERVERS").map_or(true, |only| only == server)
}

/// A line on the real standard error, which the test harness does not swallow.
pub fn say(line: &str) {
    // A closed standard error is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// True when all is there. Otherwise says SKIPPED and what is missing, or panics if WAXWING_REQUIRE_ALL is set.
pub fn present(test: &str, needs: &[Need]) -> bool {
    let mut missing: Vec<String> = needs.iter().filter_map(|n| n.missing()).collect();
    if !nix::unistd::geteuid().is_root() {
        missing.push("root, for namespaces".into());
    }
    missing
        .extend(["/usr/bin/unshare", "/usr/sbin/ip"].iter().filter(|p| !Path::new(p).exists()).map(|p| p.to_string()));
    if missing.is_empty() {
        return true;
    }
    let what = missing.join("; ");
    assert!(env::var_os("WAXWING_REQUIRE_ALL").is_none(), "{test} needs {what}");
    say(&format!("SKIPPED: {test} needs {what}"));
    false
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").to_path_buf()
}

/// The binary under test: $WAXWING, or the one this tree builds.
pub fn waxwing() -> &'static Result<PathBuf, String> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(given) = env::var_os("WAXWING") {
            let path = root().join(given);
            return fs::canonicalize(&path).map_err(|e| format!("WAXWING={}: {e}", path.display()));
        }
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--offline", "--package", "waxwing", "--message-format", "short"])
            .current_dir(root())
            .output()
            .map_err(|e| format!("cargo: {e}"))?;
        if !built.status.success() {
            let text = String::from_utf8_lossy(&built.stderr);
            let first = text.lines().find(|l| l.contains("error")).unwrap_or("no reason given");
            return Err(format!("the waxwing binary, which does not build: {first}"));
        }
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        fs::canonicalize(target.join("debug/waxwing")).map_err(|e| format!("target/debug/waxwing: {e}"))
    })
}

/// The directory of PostgreSQL's programs, of the newest version there is.
pub fn postgresql() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
    versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("postgres").exists()).max()
}

fn wasm_target_missing() -> Option<String> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let sysroot = String::from_utf8_lossy(&sysroot.stdout).trim().to_string();
    let target = Path::new(&sysroot).join("lib/rustlib/wasm32-unknown-unknown");
    (!target.exists()).then(|| "the Rust target wasm32-unknown-unknown".to_string())
}

/// The binary for the run inside a namespace, where nothing can be built.
pub fn waxwing_if_asked(needs: &[Need]) -> Option<PathBuf> {
    if !needs.contains(&Need::Waxwing) || !asked_for("waxwing") {
        return None;
    }
    waxwing().clone().ok()
}
