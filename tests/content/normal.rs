//! Content without what differs from one delivery to the next.

use std::sync::LazyLock;

use regex::bytes::Regex;

static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // Dates of this century's second quarter are the test's, not the messages'.
        (r"[A-Z][a-z]{2}, {1,2}\d{1,2} [A-Z][a-z]{2} 20[2-9]\d \d\d:\d\d:\d\d [+-]\d{4} \([A-Z]+\)", "DATE"),
        (r"(id|ID) [0-9A-F]{6,}|id [0-9A-Za-z]{10,}", "id ID"),
        (r"<20\d{12}\.[0-9A-Za-z]+@mx\.test>", "<ID@mx.test>"),
        (r"\((?:Postfix|Waxwing)", "(MAIL_NAME"),
    ]
    .map(|(pattern, with)| (Regex::new(pattern).expect("the test's own pattern"), with))
    .into()
});

pub fn normal(content: &[u8]) -> Vec<u8> {
    RULES.iter().fold(content.to_vec(), |text, (rule, with)| rule.replace_all(&text, with.as_bytes()).into_owned())
}

#[test]
fn what_the_servers_add_looks_the_same() {
    let ours = normal(
        b"Received: by mx.test (Waxwing, from userid 0)\r\n\tid 4F00AA11BB; Sun, 22 Nov 2026 01:00:00 +0000 (UTC)\r\n",
    );
    let theirs = normal(
        b"Received: by mx.test (Postfix, from userid 0)\r\n\tid 3F00AA11B2; Sun, 22 Nov 2026 01:00:07 +0000 (UTC)\r\n",
    );
    assert_eq!(ours, theirs);
    assert_eq!(normal(b"Date: Mon, 1 Jan 2001 00:00:00 +0000"), b"Date: Mon, 1 Jan 2001 00:00:00 +0000");
}
