//! Takes out of replies and log lines what two honest servers may have differently: queue ids, dates, process ids, ports.

use std::sync::OnceLock;

use regex::Regex;

fn patterns() -> &'static [(Regex, &'static str)] {
    static PATTERNS: OnceLock<Vec<(Regex, &'static str)>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let regex = |text: &str| Regex::new(text).expect("a good pattern");
        vec![
            (regex(r"queued as [0-9A-Za-z]+"), "queued as ID"),
            // Short queue ids: upper case hexadecimal digits, in replies behind a space.
            (regex(r"\b[0-9A-F]{9,14}\b"), "ID"),
            (regex(r"ESMTP setting[0-9]+"), "ESMTP"),
        ]
    })
}

pub fn reply(text: &str) -> String {
    patterns().iter().fold(text.to_string(), |text, (regex, with)| regex.replace_all(&text, *with).into_owned())
}

/// One mail log line without its date, host and process id: `smtpd: NOQUEUE: reject: ...`.
pub fn log_line(line: &str) -> String {
    static HEAD: OnceLock<Regex> = OnceLock::new();
    let head = HEAD.get_or_init(|| {
        Regex::new(r"^\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ postfix(?:/[a-z0-9-]+)*/([a-z]+)\[\d+\]: ")
            .expect("a good pattern")
    });
    reply(&head.replace(line, "$1: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_ids_go() {
        assert_eq!(reply("250 2.0.0 Ok: queued as 3F2A1B09CD"), "250 2.0.0 Ok: queued as ID");
        assert_eq!(reply("250 2.0.0 Ok: 512 bytes queued as 4Xyz1b0Zk2z3"), "250 2.0.0 Ok: 512 bytes queued as ID");
        assert_eq!(reply("550 5.1.1 <a@b>: no"), "550 5.1.1 <a@b>: no");
        let line = "Nov 21 22:00:01 mx postfix/smtpd[123]: NOQUEUE: reject: x";
        assert_eq!(log_line(line), "smtpd: NOQUEUE: reject: x");
    }
}
