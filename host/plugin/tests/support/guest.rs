//! Guests written in WebAssembly text: small enough to build in every test run, and able to misbehave in ways a compiler
//! would not let them.

use std::{fmt::Write, path::Path};

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where `check` leaves its verdict: zeroes, which is `dunno`.
pub const VERDICT: u32 = 1024;

/// One restriction in the guest's list.
pub struct Listed {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// By number, as in wit/restriction.wit: none, text, table, endpoint, duration.
    pub argument: u8,
    pub bare_table: u8,
}

impl Listed {
    pub fn new(name: &'static str) -> Self {
        Self { name, aliases: &[], argument: 1, bare_table: 0 }
    }
}

/// A guest of the world restriction, and of others.
pub struct Guest {
    pub name: &'static str,
    pub version: &'static str,
    pub restrictions: Vec<Listed>,
    /// Name, kind by number, default.
    pub parameters: Vec<(&'static str, u8, &'static str)>,
    /// Worlds beside restriction, and their exported functions.
    pub worlds: Vec<&'static str>,
    pub exports: String,
    /// Interfaces beyond those of the worlds.
    pub imports: Vec<&'static str>,
    /// `(import …)`, `(global …)` and `(func …)` before the exports.
    pub definitions: String,
    /// Body of `check`; its arguments are name pointer and length, whether there is an argument, its pointer and length.
    pub check: String,
    pub describe: String,
}

impl Guest {
    /// A guest with one restriction whose `check` runs this and then answers with what lies at [`VERDICT`].
    pub fn new(name: &'static str, check: &str) -> Self {
        Self {
            name,
            version: "1.2.3",
            restrictions: vec![Listed::new(name)],
            parameters: Vec::new(),
            worlds: Vec::new(),
            exports: String::new(),
            imports: Vec::new(),
            definitions: String::new(),
            check: format!("{check}\n(i32.const {VERDICT})"),
            describe: String::new(),
        }
    }

    /// The core module with its component type, as a Rust cdylib would be.
    pub fn module(&self) -> Vec<u8> {
        let mut memory = Memory::new();
        let description = self.description(&mut memory);
        let restrictions = self.listed(&mut memory);
        let wat = format!(
            r#"(module
            {definitions}
            (memory (export "memory") 3)
            (global $heap (mut i32) (i32.const 131072))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
              (local $at i32)
              (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
              (global.set $heap (i32.add (local.get $at) (local.get 3)))
              (block $fits (loop $grow
                (br_if $fits (i32.le_u (global.get $heap) (i32.shl (memory.size) (i32.const 16))))
                (br_if $grow (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
                unreachable))
              (local.get $at))
            (func (export "waxwing:plugin/plugin@0.1.0#describe") (result i32) {describe} (i32.const {description}))
            (func (export "waxwing:plugin/restrictions@0.1.0#list-restrictions") (result i32) (i32.const {restrictions}))
            (func (export "waxwing:plugin/restrictions@0.1.0#validate") (param i32 i32 i32 i32 i32) (result i32) (i32.const 2048))
            (func (export "waxwing:plugin/restrictions@0.1.0#check") (param i32 i32 i32 i32 i32) (result i32) {check})
            (func (export "cabi_post_waxwing:plugin/restrictions@0.1.0#check") (param i32)
              (global.set $heap (i32.const 131072)))
            {exports}
            (data (i32.const 4096) "{data}"))"#,
            exports = self.exports,
            definitions = self.definitions,
            describe = self.describe,
            check = self.check,
            data = memory.escaped(),
        );
        let mut module = wat::parse_str(&wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
        let mut resolve = Resolve::default();
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        resolve.push_dir(&wit).expect("wit/ resolves");
        let imports: String =
            self.imports.iter().map(|import| format!("import waxwing:plugin/{import}@0.1.0; ")).collect();
        let worlds: String =
            self.worlds.iter().map(|world| format!("include waxwing:plugin/{world}@0.1.0; ")).collect();
        let world = format!(
            "package test:guest; world guest {{ include waxwing:plugin/restriction@0.1.0; {worlds} {imports} }}"
        );
        let package = resolve.push_str("guest.wit", &world).expect("the guest's world resolves");
        let world = resolve.select_world(&[package], Some("guest")).expect("there is one world");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .expect("the type is embedded");
        module
    }

    fn description(&self, memory: &mut Memory) -> u32 {
        let mut parameters = Vec::new();
        for (name, kind, default) in &self.parameters {
            parameters.extend(memory.text(name));
            parameters.extend([*kind, 0, 0, 0]);
            parameters.extend(memory.text(default));
            parameters.extend(memory.text("a parameter"));
        }
        let parameters_at = memory.put(&parameters);
        let mut record = Vec::new();
        for text in [self.name, self.version, "a guest for tests"] {
            record.extend(memory.text(text));
        }
        record.extend(parameters_at.to_le_bytes());
        record.extend((self.parameters.len() as u32).to_le_bytes());
        record.extend([0; 8]);
        memory.put(&record)
    }

    fn listed(&self, memory: &mut Memory) -> u32 {
        let mut records = Vec::new();
        for listed in &self.restrictions {
            let aliases: Vec<u8> = listed.aliases.iter().flat_map(|alias| memory.text(alias)).collect();
            let aliases_at = memory.put(&aliases);
            records.extend(memory.text(listed.name));
            records.extend(aliases_at.to_le_bytes());
            records.extend((listed.aliases.len() as u32).to_le_bytes());
            // argument, stages, bare-table, depends-on, traits; then warning: none.
            records.extend([listed.argument, 0xff, listed.bare_table, 0x80, 0, 0, 0, 0]);
            records.extend([0; 12]);
            records.extend(memory.text("does something"));
        }
        let records_at = memory.put(&records);
        let list: Vec<u8> =
            [records_at, self.restrictions.len() as u32].into_iter().flat_map(u32::to_le_bytes).collect();
        memory.put(&list)
    }
}

/// Static data from address 4096 on.
struct Memory(Vec<u8>);

impl Memory {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn put(&mut self, bytes: &[u8]) -> u32 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let at = 4096 + self.0.len() as u32;
        self.0.extend(bytes);
        at
    }

    /// Pointer and length of a text.
    fn text(&mut self, text: &str) -> [u8; 8] {
        let mut out = [0; 8];
        out[..4].copy_from_slice(&self.put(text.as_bytes()).to_le_bytes());
        out[4..].copy_from_slice(&(text.len() as u32).to_le_bytes());
        out
    }

    fn escaped(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, byte| {
            write!(text, "\\{byte:02x}").expect("writing to a String cannot fail");
            text
        })
    }
}

/// Writes a refusal at [`VERDICT`]: `case` by number (2 reject, 3 defer), a code, and subject and detail.
pub fn refuse(case: u8, code: u16, status: Option<(u16, u16)>) -> String {
    let (has_status, subject, detail) = status.map_or((0, 0, 0), |(subject, detail)| (1, subject, detail));
    format!(
        "(i32.store8 (i32.const {VERDICT}) (i32.const {case}))
         (i32.store8 (i32.const {}) (i32.const 1)) (i32.store16 (i32.const {}) (i32.const {code}))
         (i32.store8 (i32.const {}) (i32.const {has_status}))
         (i32.store16 (i32.const {}) (i32.const {subject})) (i32.store16 (i32.const {}) (i32.const {detail}))",
        VERDICT + 4,
        VERDICT + 6,
        VERDICT + 8,
        VERDICT + 10,
        VERDICT + 12,
    )
}
