//! What the SQL and LDAP clients and memcache do around a query: which keys are asked for, and what becomes of the answers.

use hook::{Lookup, TableError};

use crate::{
    DictError, ListStyle, MatchList,
    client_parameters::ClientParameters,
    open::Opener,
    template::{Template, Wanted},
};

/// domain, result_format and expansion_limit.
pub(crate) struct Selected {
    title: String,
    /// Keys that are not in these domains are not asked for.
    domains: Option<MatchList>,
    pub result_format: Template,
    /// 0: no limit.
    expansion_limit: usize,
    wanted: Wanted,
}

impl Selected {
    /// `queries` are the templates that make a question out of a key.
    pub fn read(
        title: &str,
        parameters: &ClientParameters,
        result_format: &str,
        queries: &[&Template],
        opener: &mut Opener,
    ) -> Result<Self, DictError> {
        let result_format = Template::parse(title, "result", result_format)?;
        let wanted = queries.iter().map(|query| query.wanted_in_query()).fold(Wanted::default(), Wanted::and);
        let domain = parameters.text("domain", "");
        let domains = match domain.is_empty() {
            true => None,
            false => Some(MatchList::parse("domain", &domain, ListStyle::Text, false, opener)?),
        };
        let expansion_limit = parameters.number("expansion_limit", 0, 0)?;
        Ok(Self {
            title: title.to_string(),
            domains,
            wanted: wanted.and(result_format.wanted_in_result()),
            result_format,
            expansion_limit: usize::try_from(expansion_limit).unwrap_or(usize::MAX),
        })
    }

    /// Whether a key is asked for; one that is not has no value.
    pub async fn asks_for(&self, key: &str) -> Result<bool, TableError> {
        // No database has such a key, and not every protocol could carry it.
        if key.is_empty() || key.contains('\0') || !self.wanted.has(key) {
            return Ok(false);
        }
        let Some(domains) = &self.domains else { return Ok(true) };
        match key.rsplit_once('@') {
            Some((user, domain)) if !user.is_empty() && !domain.is_empty() => domains.matches(domain).wait().await,
            _ => Ok(false),
        }
    }

    /// The values that were found, each in the result format, in one text.
    pub fn joined<'v>(
        &self,
        values: impl IntoIterator<Item = Option<&'v str>>,
        key: &str,
        warn: &dyn Fn(&str),
    ) -> Result<Option<String>, TableError> {
        let mut results = Vec::new();
        for value in values.into_iter().flatten() {
            if value.is_empty() {
                warn(&format!("table \"{}\": empty lookup result for: \"{key}\" -- ignored", self.title));
                continue;
            }
            results.extend(self.result_format.result(value, key));
            if self.expansion_limit > 0 && results.len() > self.expansion_limit {
                let title = &self.title;
                return Err(TableError::Temporary(format!("{title}: Expansion limit exceeded for key: '{key}'")));
            }
        }
        Ok((!results.is_empty()).then(|| results.join(",")))
    }
}

/// A lookup that waits for a server.
pub(crate) fn later<'a>(
    answer: impl Future<Output = Result<Option<String>, TableError>> + Send + 'a,
) -> Lookup<'a, Option<String>> {
    Lookup::Later(Box::pin(answer))
}
