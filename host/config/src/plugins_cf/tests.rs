use super::parse;
use crate::error::ConfigError;

fn errors_of(text: &str) -> Vec<String> {
    let mut errors: Vec<ConfigError> = Vec::new();
    parse(&std::path::Path::new("plugins.cf").into(), text, &mut Vec::new(), &mut errors);
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn entries_have_master_cf_s_grammar() {
    let text = "\
# plugin    component
greylist    greylist.wasm
    -o grant=dns,store:greylist
# a comment between
    -o { reply = come back later } -o time_limit=50ms -o time_limit=70ms
spf /opt/spf.wasm
";
    let (mut warnings, mut errors) = (Vec::new(), Vec::new());
    let entries = parse(&std::path::Path::new("plugins.cf").into(), text, &mut warnings, &mut errors);
    assert!(warnings.is_empty() && errors.is_empty(), "{warnings:?} {errors:?}");
    assert_eq!(entries.len(), 2);
    assert_eq!((entries[0].name.as_str(), entries[0].component.as_str()), ("greylist", "greylist.wasm"));
    assert_eq!(entries[0].place.to_string(), "plugins.cf, line 2");
    assert_eq!(entries[0].option("grant"), Some("dns,store:greylist"));
    assert_eq!(entries[0].option("reply"), Some("come back later"));
    assert_eq!(entries[0].option("time_limit"), Some("70ms"), "the last one counts");
    assert_eq!(entries[0].option("mode"), None);
    assert_eq!(entries[1].component, "/opt/spf.wasm");
}

#[test]
fn malformed_entries_are_refused_with_their_line() {
    assert_eq!(errors_of("\nlonely\n"), ["plugins.cf: line 2: missing \"component\" field"]);
    assert_eq!(errors_of("a a.wasm extra"), ["plugins.cf: line 1: plugin \"a\": unexpected text: \"extra\""]);
    assert_eq!(errors_of("a a.wasm -v"), ["plugins.cf: line 1: plugin \"a\": unexpected text: \"-v\""]);
    assert_eq!(errors_of("a a.wasm\na b.wasm"), ["plugins.cf: line 2: duplicate plugins.cf entry for plugin \"a\""]);
    assert_eq!(
        errors_of("a a.wasm -o mode"),
        ["plugins.cf: line 1: invalid \"-o mode\" option value: missing '=' after attribute name: \"mode\""]
    );
}
