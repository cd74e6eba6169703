use waxwing_sdk::testing::Host;
use waxwing_sdk_check::Part;

use super::*;

fn check(line: &str) -> Action {
    Host::new().parameter("attachment_names_refused", "exe, scr").run(|| CHECK.check(Part::MimeHeader, line.as_bytes()))
}

#[test]
fn programs_are_refused_however_they_are_named() {
    for line in [
        "Content-Disposition: attachment; filename=a.exe",
        "Content-Disposition: attachment; filename=\"holiday.jpg.EXE\"",
        "Content-Type: application/octet-stream;\n\tname=\"a b; c.scr\"",
        "Content-Disposition: attachment; filename*=utf-8''a%2eexe",
        "Content-Disposition: attachment; filename*0=\"a.\"; filename*1=\"exe\"",
        "Content-Disposition: attachment; filename=\"a.exe. .\"",
        "content-type: x/y; NAME = a.exe",
    ] {
        assert!(matches!(check(line), Action::Reject(_)), "{line}");
    }
}

#[test]
fn everything_else_passes() {
    for line in [
        "Content-Type: text/plain; charset=utf-8",
        "Content-Disposition: attachment; filename=exe",
        "Content-Disposition: attachment; filename=a.pdf",
        "Content-Disposition: attachment; filename=a.exe.txt",
        "Content-Type: x/y; description=\"name=a.exe\"",
        "no header",
    ] {
        assert_eq!(check(line), Action::Dunno, "{line}");
    }
}

#[test]
fn the_client_is_told_the_name() {
    let Action::Reject(reply) = check("Content-Type: x/y; name=a.exe") else { panic!("not refused") };
    assert_eq!(reply.text.as_deref(), Some("Attachments named a.exe are not accepted here"));
}
