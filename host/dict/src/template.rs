//! The `%s`, `%u`, `%d` and so on of query, result_format, query_filter, search_base and key_format: mysql_table(5).

use crate::DictError;

/// A text with holes.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Hole(Hole),
}

/// What fills a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    Whole(Of),
    User(Of),
    Domain(Of),
    /// 1 is the last label of the key's domain.
    Label(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// `%s`, `%u`, `%d`: the lookup key in a query, the value found in a result.
    Value,
    /// `%S`, `%U`, `%D`: the lookup key.
    Key,
}

/// What templates want a key to have: the query's and the result's together, for a key is known before it is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    user: bool,
    domain: bool,
    labels: usize,
}

impl Template {
    /// `parameter` is named in the error.
    pub fn parse(title: &str, parameter: &str, text: &str) -> Result<Self, DictError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                plain.push(c);
                continue;
            }
            let hole = match rest.next() {
                Some('%') => {
                    plain.push('%');
                    continue;
                }
                Some('s') => Hole::Whole(Of::Value),
                Some('u') => Hole::User(Of::Value),
                Some('d') => Hole::Domain(Of::Value),
                Some('S') => Hole::Whole(Of::Key),
                Some('U') => Hole::User(Of::Key),
                Some('D') => Hole::Domain(Of::Key),
                Some(digit @ '1'..='9') => Hole::Label(digit as usize - '0' as usize),
                _ => {
                    let name = title.split_once(':').map_or(title, |(_, name)| name);
                    let text = format!("db_common_parse: {name}: Invalid {parameter} template: {text}");
                    return Err(DictError::ConfigSyntax(text));
                }
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Hole(hole));
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    fn holes(&self) -> impl Iterator<Item = Hole> {
        self.parts.iter().filter_map(|part| if let Part::Hole(hole) = part { Some(*hole) } else { None })
    }

    /// Whether the text depends on the key at all.
    pub fn has_holes(&self) -> bool {
        self.holes().next().is_some()
    }

    /// What the template of a query wants of a key; every hole in it is filled from the key.
    pub fn wanted_in_query(&self) -> Wanted {
        self.wanted(|_| true)
    }

    /// What the template of a result wants of a key.
    pub fn wanted_in_result(&self) -> Wanted {
        self.wanted(|of| of == Of::Key)
    }

    fn wanted(&self, counts: impl Fn(Of) -> bool) -> Wanted {
        let mut wanted = Wanted::default();
        for hole in self.holes() {
            match hole {
                Hole::User(of) if counts(of) => wanted.user = true,
                Hole::Domain(of) if counts(of) => wanted.domain = true,
                Hole::Label(label) => {
                    wanted.domain = true;
                    wanted.labels = wanted.labels.max(label);
                }
                _ => {}
            }
        }
        wanted
    }

    /// A query for a key that [`Wanted::has`] what it needs. `quote` gets each hole's place among the parts.
    pub fn query(&self, key: &str, mut quote: impl FnMut(usize, &str, &mut String)) -> String {
        let mut out = String::new();
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(hole) => quote(index, hole.fill(key, key).unwrap_or_default(), &mut out),
            }
        }
        out
    }

    /// One value that was found under a key. None when it has not what the template wants.
    pub fn result(&self, value: &str, key: &str) -> Option<String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(hole) => out.push_str(hole.fill(value, key)?),
            }
        }
        Some(out)
    }
}

impl Hole {
    /// None when there is no such part, or when it is empty and must not be.
    fn fill<'t>(self, value: &'t str, key: &'t str) -> Option<&'t str> {
        let of = |of: Of| if of == Of::Value { value } else { key };
        match self {
            Hole::Whole(which) => Some(of(which)),
            Hole::User(which) => match of(which).rsplit_once('@') {
                Some(("", _)) => None,
                Some((user, _)) => Some(user),
                None => Some(of(which)),
            },
            Hole::Domain(which) => of(which).rsplit_once('@').map(|(_, domain)| domain).filter(|d| !d.is_empty()),
            Hole::Label(number) => labels(key).nth(number - 1),
        }
    }
}

/// The labels of the domain of an address, the last first.
fn labels(key: &str) -> impl Iterator<Item = &str> {
    let domain = key.rsplit_once('@').map_or("", |(_, domain)| domain);
    domain.rsplit('.').filter(|label| !label.is_empty())
}

impl Wanted {
    pub fn and(self, other: Wanted) -> Wanted {
        Wanted {
            user: self.user || other.user,
            domain: self.domain || other.domain,
            labels: self.labels.max(other.labels),
        }
    }

    /// A key without it is not asked for: it is not found.
    pub fn has(self, key: &str) -> bool {
        let (user, domain) = match key.rsplit_once('@') {
            Some((user, domain)) => (Some(user), domain),
            None => (None, ""),
        };
        (!self.domain || !domain.is_empty())
            && (!self.user || user != Some(""))
            && (self.labels == 0 || labels(key).count() >= self.labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Template {
        Template::parse("t:x", "query", text).expect(text)
    }

    fn plain(template: &str, key: &str) -> Option<String> {
        let template = parse(template);
        template.wanted_in_query().has(key).then(|| template.query(key, |_, text, out| out.push_str(text)))
    }

    #[test]
    fn queries() {
        let key = "user@mail.example.com";
        assert_eq!(
            plain("%s|%u|%d|%S|%U|%D|100%%", key).as_deref(),
            Some("user@mail.example.com|user|mail.example.com|user@mail.example.com|user|mail.example.com|100%")
        );
        assert_eq!(plain("%1 %2 %3", key).as_deref(), Some("com example mail"));
        assert_eq!(plain("%4", key), None, "not enough labels");
        assert_eq!(plain("%u", "user").as_deref(), Some("user"));
        assert_eq!(plain("%d", "user"), None);
        assert_eq!(plain("%u", "@example.com"), None);
        assert_eq!(plain("%d", "@example.com").as_deref(), Some("example.com"));
        assert_eq!(plain("%u", "a@b@c").as_deref(), Some("a@b"));
        assert_eq!(plain("%s", "@").as_deref(), Some("@"));
        assert!(
            Template::parse("t:x", "query", "%x").is_err_and(|e| e.to_string().contains("Invalid query template: %x"))
        );
        assert!(Template::parse("t:x", "query", "5%").is_err());
    }

    #[test]
    fn results() {
        let result = |template: &str, value: &str| parse(template).result(value, "key@example.org");
        assert_eq!(result("smtp:[%s]", "host").as_deref(), Some("smtp:[host]"));
        assert_eq!(result("%u+%U@%d", "a@b").as_deref(), Some("a+key@b"));
        assert_eq!(result("%d", "unqualified"), None);
        assert_eq!(result("%u", "@b"), None);
        assert_eq!(result("%u", "word").as_deref(), Some("word"));
        assert_eq!(result("%1.%s", "x").as_deref(), Some("org.x"));
        assert!(!parse("%D").wanted_in_result().has("user"));
        assert!(parse("%d").wanted_in_result().has("user"));
    }
}
