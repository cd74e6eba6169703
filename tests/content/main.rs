//! The content of mail as cleanup(8) and smtp(8) leave it: each file of messages/ goes through Debian's Postfix and through
//! Waxwing to the same next server, and has to come out the same, byte for byte, but for queue ids, times and the name of
//! the software. The files have LF line ends; every other byte is as it is sent.

mod actions;
mod deliver;
mod example;
mod limits;
mod normal;

use waxwing_tests::{
    namespace,
    needs::{Need, asked_for, say},
    server::{Kind, Server, alone},
};

use deliver::{Outcome, Way};

/// Where Waxwing answers differently and means it: message, only by sendmail, reason.
const DIFFERENCES: &[(&str, bool, &str)] = &[
    ("-address-no-brackets-open", false, "`Joe joe>` is no address; Postfix joins its words to Joejoe@mx.test>"),
    (
        "-address-crazy",
        true,
        "a local part in pieces keeps its spaces, as in the header; Postfix joins them for the envelope",
    ),
];

/// All messages by one way through one server.
fn outcomes(place: &namespace::Place, kind: Kind, way: &Way) -> Vec<Outcome> {
    let out = std::sync::Mutex::new(Vec::new());
    let run = |server: &mut Server| *out.lock().expect("one thread") = deliver::all(server, way);
    if let Err(why) = alone(place, kind, &run) {
        panic!("{why}");
    }
    out.into_inner().expect("one thread")
}

fn compare(way: &Way, name: &str) {
    namespace::inside_named(name.to_string(), &[Need::Postfix, Need::Waxwing], |place| {
        if !(asked_for("postfix") && asked_for("waxwing")) {
            return;
        }
        let theirs = outcomes(place, Kind::Postfix, way);
        let ours = outcomes(place, Kind::Waxwing, way);
        let mut wrong = Vec::new();
        for (their, our) in theirs.iter().zip(&ours) {
            let meant = DIFFERENCES
                .iter()
                .any(|(name, sendmail, _)| their.name.ends_with(name) && (!sendmail || way.client.is_none()));
            if (their == our) == meant {
                let why = if meant {
                    "is listed as a difference, but there is none".into()
                } else {
                    deliver::diff(their, our)
                };
                wrong.push(format!("{}: {why}", their.name));
            }
        }
        let good = theirs.len() - wrong.len();
        say(&format!("RESULT content by {name}: {good} of {}", theirs.len()));
        assert!(theirs.len() >= 150, "only {} messages", theirs.len());
        assert!(wrong.is_empty(), "{good} of {}\n{}", theirs.len(), wrong.join("\n"));
    });
}

#[test]
fn by_smtp_from_a_local_client() {
    compare(&Way { client: Some("127.0.0.1"), main_cf: "", offer_8bit: true }, "by_smtp_from_a_local_client");
}

/// Whose headers are completed with another domain, and lack nothing; and the next server takes 7-bit text only.
#[test]
fn by_smtp_from_a_remote_client() {
    let main_cf = "mynetworks = 127.0.0.0/8 198.51.100.0/24
remote_header_rewrite_domain = domain.invalid
undisclosed_recipients_header = To: undisclosed-recipients:;
masquerade_domains = a.test
canonical_maps = inline:{joe@a.test=Joe.Doe@corp.test}
disable_mime_input_processing = no
";
    compare(&Way { client: Some("198.51.100.7"), main_cf, offer_8bit: false }, "by_smtp_from_a_remote_client");
}

#[test]
fn by_sendmail_with_recipients_of_the_header() {
    compare(&Way { client: None, main_cf: "", offer_8bit: true }, "by_sendmail_with_recipients_of_the_header");
}
