use super::*;

/// One letter for each thing: P, M, N a field of the message, a part, a nested message; `.` its header's end; `-` a line put
/// in; B a body line (Q: to be encoded).
fn events(text: &str, options: Options) -> Vec<String> {
    let mut mime = Mime::new(options, Limits::default());
    let mut out = Vec::new();
    let mut note = |step: Step, line: &str| {
        for header in [step.header, step.encoding].into_iter().flatten() {
            let place = match header.place {
                Place::Primary => 'P',
                Place::Part => 'M',
                Place::Nested => 'N',
            };
            out.push(format!("{place} {}", String::from_utf8_lossy(&header.text).replace('\n', "|")));
        }
        if step.header_ends {
            out.push(".".into());
        }
        if step.separator {
            out.push("-".into());
        }
        if let Some(body) = step.body {
            out.push(format!("{}{} {line}", if body.encode { 'Q' } else { 'B' }, body.offset));
        }
    };
    for line in text.lines() {
        note(mime.line(line.as_bytes(), true), line);
    }
    note(mime.end(), "");
    for (fault, text) in mime.take_faults() {
        out.push(format!("! {}: {}", fault.text(), String::from_utf8_lossy(&text)));
    }
    out
}

#[test]
fn header_and_body() {
    assert_eq!(
        events("A : 1\n 2\nB:3\n\nx\nyz\n", Options::empty()),
        ["P A: 1| 2", "P B:3", ".", "B0 ", "B0 x", "B1 yz"].map(String::from)
    );
    assert_eq!(events("A: 1\nno header\n", Options::empty()), ["P A: 1", ".", "-", "B0 no header"].map(String::from));
    assert_eq!(events("A: 1\n", Options::empty()), ["P A: 1", "."].map(String::from));
    assert_eq!(events("", Options::empty()), ["."].map(String::from));
}

const NEST: &str = "\
Content-Type: multipart/mixed; boundary=\"b 1\"

prolog
--b 1
A: 1

text
--b 1
Content-Type: message/rfc822

N: 1
Content-Type: multipart/digest; boundary=b2

--b2

D: 1

digest
--b2--
--b 1--
epilog
";

#[test]
fn nested_parts() {
    let expected = [
        "P Content-Type: multipart/mixed; boundary=\"b 1\"",
        ".",
        "B0 ",
        "B0 prolog",
        "B0 --b 1",
        "M A: 1",
        "B0 ",
        "B0 text",
        "B0 --b 1",
        "M Content-Type: message/rfc822",
        "B0 ",
        "N N: 1",
        "N Content-Type: multipart/digest; boundary=b2",
        "B0 ",
        "B0 --b2",
        "B0 ",
        "N D: 1",
        "B0 ",
        "B0 digest",
        "B0 --b2--",
        "B6 --b 1--",
        "B7 epilog",
    ];
    let got = events(NEST, Options::empty());
    // Offsets begin anew with each segment; the lines themselves are what matters here.
    let plain = |list: &[String]| -> Vec<String> {
        list.iter().map(|e| e.trim_start_matches(|c: char| c == 'B' || c.is_ascii_digit()).to_string()).collect()
    };
    assert_eq!(plain(&got), plain(&expected.map(String::from)));
    let flat = events(NEST, Options::DISABLED);
    assert_eq!(flat.iter().filter(|e| e.starts_with(['M', 'N'])).count(), 0, "{flat:?}");
}

#[test]
fn parts_that_are_labelled_8bit_are_converted() {
    let text = "\
Content-Transfer-Encoding: 8bit
Content-Type: multipart/mixed; boundary=b

--b
Content-Transfer-Encoding: 8bit

é
--b
Content-Transfer-Encoding: base64

YQ==
--b--
";
    assert_eq!(
        events(text, Options::DOWNGRADE)
            .iter()
            .filter(|e| e.starts_with(['P', 'M', 'Q']))
            .map(String::as_str)
            .collect::<Vec<_>>(),
        [
            "P Content-Type: multipart/mixed; boundary=b",
            "P Content-Transfer-Encoding: 7bit",
            "M Content-Transfer-Encoding: quoted-printable",
            "Q0 ",
            "Q0 é",
            "M Content-Transfer-Encoding: base64",
        ]
    );
}

#[test]
fn faults_show_once() {
    let all = Options::all() - Options::DISABLED - Options::DOWNGRADE;
    let text = "A: é\nB: é\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nN: 1\n\né\né\n";
    let faults: Vec<_> = events(text, all).into_iter().filter(|e| e.starts_with('!')).collect();
    assert_eq!(
        faults,
        [
            "! improper use of 8-bit data in message header: A: é",
            "! invalid message/* or multipart/* encoding domain: base64",
            "! improper use of 8-bit data in message body: é",
        ]
    );
    let deep = "Content-Type: multipart/x; boundary=a; boundary=b; boundary=c; boundary=d\n\n";
    let mut mime = Mime::new(Options::NESTING, Limits { nesting: 1, ..Limits::default() });
    for line in deep.lines() {
        mime.line(line.as_bytes(), true);
    }
    assert_eq!(mime.take_faults().len(), 1);
}

#[test]
fn a_field_is_cut_at_the_limit_and_pieces_belong_together() {
    let mut mime = Mime::new(Options::empty(), Limits { header_size: 8, ..Limits::default() });
    mime.line(b"A: 1234", false);
    mime.line(b"5678", true);
    mime.line(b" more", true);
    let step = mime.line(b"", true);
    assert_eq!(step.header.map(|h| h.text), Some(b"A: 12345678".to_vec()));
}

fn encoded(lines: &[(&str, bool)]) -> String {
    let (mut encoder, mut out) = (QuotedPrintable::default(), Vec::new());
    lines.iter().for_each(|(line, whole)| encoder.encode(line.as_bytes(), *whole, &mut out));
    String::from_utf8(out).expect("7-bit text")
}

#[test]
fn quoted_printable_as_rfc_2045_has_it() {
    assert_eq!(encoded(&[("é=\ta ", true)]), "=C3=A9=3D\ta=20\r\n");
    assert_eq!(encoded(&[("", true), ("\u{7f}", true)]), "\r\n=7F\r\n");
    let long = encoded(&[(&"x".repeat(100), true)]);
    assert_eq!(long, format!("{}=\r\n{}\r\n", "x".repeat(73), "x".repeat(27)));
    assert_eq!(encoded(&[("ab", false), ("c", true)]), "abc\r\n");
    assert!(encoded(&[(&"é".repeat(200), true)]).lines().all(|line| line.len() <= 76));
}

/// Bytes of a small generator, the same every time.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    const WORDS: [&str; 18] = [
        "Content-Type: ",
        "multipart/mixed; ",
        "boundary=b",
        "boundary=\"b\"",
        "message/rfc822",
        "\n",
        "\n\n",
        "--b",
        "--b--",
        "Content-Transfer-Encoding: 8bit",
        "(",
        "\"",
        "\\",
        ";",
        " ",
        "é",
        "\0",
        "x",
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::new();
    while out.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(WORDS[(state >> 32) as usize % WORDS.len()].as_bytes());
    }
    out
}

/// Whatever comes in: nothing panics, every line comes out once as field or body, and no field is invented.
#[test]
fn no_line_is_lost() {
    for seed in 0..2000 {
        let text = noise(seed, 600);
        let mut mime = Mime::new(Options::empty(), Limits { nesting: 3, ..Limits::default() });
        let (mut given, mut got) = (0, 0);
        let count = |step: Step, line: &[u8], got: &mut usize| {
            *got += step.header.map_or(0, |h| h.text.iter().filter(|b| **b == b'\n').count() + 1);
            *got += usize::from(step.body.is_some());
            assert!(step.encoding.is_none(), "seed {seed}: {line:?}");
        };
        for line in text.split(|b| *b == b'\n') {
            given += 1;
            count(mime.line(line, true), line, &mut got);
        }
        count(mime.end(), b"", &mut got);
        assert_eq!(given, got, "seed {seed}: {}", String::from_utf8_lossy(&text));
    }
}

/// What goes out under DOWNGRADE is 7-bit wherever it was labelled.
#[test]
fn labelled_text_goes_out_in_7bit() {
    for seed in 0..500 {
        let mut text = b"Content-Transfer-Encoding: binary\n\n".to_vec();
        text.extend(noise(seed, 300));
        let mut mime = Mime::new(Options::DOWNGRADE, Limits::default());
        let (mut encoder, mut out) = (QuotedPrintable::default(), Vec::new());
        for line in text.split(|b| *b == b'\n') {
            if mime.line(line, true).body.is_some_and(|body| body.encode) {
                encoder.encode(line, true, &mut out);
            }
        }
        assert!(out.is_ascii() && out.split(|b| *b == b'\n').all(|line| line.len() <= 77), "seed {seed}");
    }
}
