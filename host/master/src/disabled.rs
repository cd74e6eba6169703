//! master_service_disable.

use config::MasterEntry;

/// Whether the list switches the entry off. As in Postfix's match lists the first word that fits decides.
pub fn is_disabled(master_service_disable: &[String], entry: &MasterEntry) -> bool {
    let fits = |pattern: &str| {
        let (name, kind) = pattern.rsplit_once('/').map_or((None, pattern), |(name, kind)| (Some(name), kind));
        kind.eq_ignore_ascii_case(entry.kind.name())
            && name.is_none_or(|name| name.eq_ignore_ascii_case(&entry.service))
    };
    let decides = master_service_disable.iter().find(|word| fits(word.trim_start_matches('!')));
    decides.is_some_and(|word| !word.starts_with('!'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_that_fits_decides() {
        let text = "smtp inet n - n - - smtpd\n[::1]:25 inet n - n - - smtpd\nsmtp unix - - n - - smtp\n";
        let config = config::Config::from_texts("myhostname = mx.test\n", text, "", &[]).expect("a good master.cf");
        let disabled = |list: &str| -> Vec<bool> {
            let words: Vec<String> = list.split_whitespace().map(str::to_string).collect();
            config.master().iter().map(|entry| is_disabled(&words, entry)).collect()
        };
        assert_eq!(disabled(""), [false, false, false]);
        assert_eq!(disabled("inet"), [true, true, false]);
        assert_eq!(disabled("!smtp/inet inet"), [false, true, false]);
        assert_eq!(disabled("smtp/unix fifo"), [false, false, true]);
        assert_eq!(disabled("[::1]:25/inet"), [false, true, false]);
        assert_eq!(disabled("inet !smtp/inet"), [true, true, false]);
        assert_eq!(disabled("smtp"), [false, false, false], "a name alone is no pattern");
    }
}
