//! docs/restrictions.md is what the built binary makes of its default plugins, and each file it names exists.

use std::{fs, process::Command};

use waxwing_tests::{
    needs::{Need, present, root},
    server::binary,
};

#[test]
fn docs_restrictions_is_what_the_plugins_say() {
    if !present("docs_restrictions_is_what_the_plugins_say", &[Need::Waxwing]) {
        return;
    }
    let output = Command::new(binary()).args(["plugin", "docs"]).output().expect("waxwing runs");
    assert!(output.status.success(), "plugin docs: {}", String::from_utf8_lossy(&output.stderr));
    let made = String::from_utf8(output.stdout).expect("text");
    let path = root().join("docs/restrictions.md");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let again = "make the page again: waxwing plugin docs > docs/restrictions.md";
    for (number, (made, kept)) in made.lines().zip(kept.lines()).enumerate() {
        assert_eq!(made, kept, "line {} of docs/restrictions.md: the plugins, then the page; {again}", number + 1);
    }
    assert_eq!(made.lines().count(), kept.lines().count(), "lines the plugins make, and lines of the page; {again}");
    assert_eq!(made, kept, "{again}");

    let docs = root().join("docs");
    let files: Vec<_> = made.split("](../").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(files.len() > 60, "only {} files are named", files.len());
    for file in files {
        assert!(docs.join("..").join(file).is_file(), "{file} is named in docs/restrictions.md and is not there");
    }
}
