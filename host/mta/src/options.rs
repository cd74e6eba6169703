//! Option letters as getopt(3) reads them for the Postfix commands: `-c dir`, `-cdir`, `-hn`.

use anyhow::{Result, anyhow};

/// Options and what follows them.
#[derive(Debug, Default)]
pub struct Options {
    given: Vec<(char, Option<String>)>,
    pub operands: Vec<String>,
}

impl Options {
    /// `spec` is getopt's: a letter, with `:` when it takes a value. Options end at the first operand or `--`.
    pub fn parse(spec: &str, words: &[String]) -> Result<Self> {
        let takes_value = |letter: char| {
            let at = spec.find(letter).filter(|_| letter != ':')?;
            Some(spec[at + letter.len_utf8()..].starts_with(':'))
        };
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(letters) = word.strip_prefix('-').filter(|l| !l.is_empty()) else {
                options.operands.push(word.clone());
                break;
            };
            if letters == "-" {
                break;
            }
            for (at, letter) in letters.char_indices() {
                match takes_value(letter) {
                    None => return Err(anyhow!("invalid option -- '{letter}'")),
                    Some(false) => options.given.push((letter, None)),
                    Some(true) => {
                        let rest = &letters[at + letter.len_utf8()..];
                        let value = if rest.is_empty() { words.next().cloned() } else { Some(rest.to_string()) };
                        let value = value.ok_or_else(|| anyhow!("option requires an argument -- '{letter}'"))?;
                        options.given.push((letter, Some(value)));
                        break;
                    }
                }
            }
        }
        options.operands.extend(words.cloned());
        Ok(options)
    }

    pub fn has(&self, letter: char) -> bool {
        self.given.iter().any(|(l, _)| *l == letter)
    }

    /// The last value of an option.
    pub fn value(&self, letter: char) -> Option<&str> {
        self.values(letter).last()
    }

    pub fn values(&self, letter: char) -> impl Iterator<Item = &str> {
        self.given.iter().filter(move |(l, _)| *l == letter).filter_map(|(_, v)| v.as_deref())
    }

    /// In the order given.
    pub fn all(&self) -> impl Iterator<Item = (char, Option<&str>)> {
        self.given.iter().map(|(l, v)| (*l, v.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_string).collect()
    }

    #[test]
    fn as_getopt() {
        let o = Options::parse("c:hdn", &words("-hnc /etc/x name -d")).expect("good options");
        assert!(o.has('h') && o.has('n') && !o.has('d'));
        assert_eq!(o.value('c'), Some("/etc/x"));
        assert_eq!(o.operands, ["name", "-d"]);
        let o = Options::parse("c:", &words("-c/etc/x -- -c")).expect("good options");
        assert_eq!((o.value('c'), o.operands.as_slice()), (Some("/etc/x"), &["-c".to_string()][..]));
        assert!(Options::parse("c:", &words("-x")).is_err_and(|e| e.to_string().contains("'x'")));
        assert!(Options::parse("c:", &words("-c")).is_err_and(|e| e.to_string().contains("requires")));
    }
}
