//! The texts of notices, as `bounce_template_file` sets them: bounce(5).

use std::fmt::Write;

use config::{
    Config,
    parameters::{DELAY_WARNING_TIME, MAXIMAL_QUEUE_LIFETIME},
    tokens,
};

/// What is wrong with a template file as a whole, in bounce(8)'s words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("open {file}: {reason}")]
    Unreadable { file: String, reason: String },
    /// A line is no `name = value`.
    #[error("{file}, line {line}: {message}")]
    Syntax { file: String, line: usize, message: String },
    /// The text of a template does not expand.
    #[error("{file}: {what} in {class} template: {line}")]
    Text { file: String, what: &'static str, class: &'static str, line: String },
}

/// One kind of notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// `failure`, `delay`, `success` or `verify`; in the file with `_template` behind it.
    pub class: &'static str,
    pub charset: String,
    /// `address (name)` or any other form of an address header.
    pub from: String,
    pub subject: String,
    /// Of the copy to postmaster; templates whose notices have no such copy have none.
    pub postmaster_subject: Option<String>,
    /// The lines of the text, `$name` not expanded.
    pub text: Vec<String>,
    /// Where it stands; empty: built in.
    file: String,
}

/// The four of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    pub failure: Template,
    pub delay: Template,
    pub success: Template,
    pub verify: Template,
}

const FROM: &str = "MAILER-DAEMON (Mail Delivery System)";

impl Templates {
    /// What counts without a template file.
    pub fn built_in() -> Self {
        let template = |class, subject: &str, postmaster_subject: Option<&str>, paragraphs: &[&str]| Template {
            class,
            charset: "us-ascii".to_string(),
            from: FROM.to_string(),
            subject: subject.to_string(),
            postmaster_subject: postmaster_subject.map(str::to_string),
            text: [&["This report comes from the mail server $myhostname."], paragraphs]
                .concat()
                .join("\n\n")
                .lines()
                .map(str::to_string)
                .collect(),
            file: String::new(),
        };
        Self {
            failure: template(
                "failure",
                "Undelivered Mail Returned to Sender",
                Some("Postmaster Copy: Undelivered Mail"),
                &[
                    "A message you sent could not be delivered to the recipients below,\nand no further attempt will be made. A copy follows the report.",
                    "If you need help, forward this whole report to postmaster.",
                ],
            ),
            delay: template(
                "delay",
                "Delayed Mail (still being retried)",
                Some("Postmaster Warning: Delayed Mail"),
                &[
                    "A message you sent has not yet reached the recipients below.\nDelivery is still being tried; you need not send the message again.",
                    "If you need help, forward this report to postmaster.",
                ],
            ),
            success: template(
                "success",
                "Successful Mail Delivery Report",
                None,
                &[
                    "You asked for a delivery report. The message was passed on as told below.\nWhere it was handed to another system, no further report may follow.",
                    "If you need help, forward this report to postmaster.",
                ],
            ),
            verify: template("verify", "Mail Delivery Status Report", None, &["You asked for this delivery report."]),
        }
    }

    /// The built-in templates with those of the file in their places. A template that is wrong is left out with a warning in
    /// bounce(8)'s words.
    ///
    /// # Errors
    /// When the file cannot be read or has a line that is no `name = value`.
    pub fn load(file: &str, warnings: &mut Vec<String>) -> Result<Self, TemplateError> {
        if file.is_empty() {
            return Ok(Self::built_in());
        }
        let text = std::fs::read(file).map_err(|error| {
            // Rust adds the error's number, Postfix does not.
            let reason = error.to_string();
            let reason = reason.split(" (os error").next().unwrap_or_default().to_string();
            TemplateError::Unreadable { file: file.to_string(), reason }
        })?;
        Self::parse(file, &String::from_utf8_lossy(&text), warnings)
    }

    /// [`Templates::load`] of a text.
    ///
    /// # Errors
    /// When a line is no `name = value`.
    pub fn parse(file: &str, text: &str, warnings: &mut Vec<String>) -> Result<Self, TemplateError> {
        let given = definitions(file, text, warnings)?;
        let mut templates = Self::built_in();
        for (template, given) in templates.all_mut().into_iter().zip(given) {
            if let Some(lines) = given {
                match template.replaced(file, &lines) {
                    Ok(better) => *template = better,
                    Err(problem) => warnings.extend(problem),
                }
            }
        }
        Ok(templates)
    }

    /// In the order of bounce(5).
    pub fn all(&self) -> [&Template; 4] {
        [&self.failure, &self.delay, &self.success, &self.verify]
    }

    fn all_mut(&mut self) -> [&mut Template; 4] {
        [&mut self.failure, &mut self.delay, &mut self.success, &mut self.verify]
    }

    /// What `postconf -t` prints: a template file.
    pub fn printed(&self, config: &Config) -> String {
        let printed = self.all().map(|template| template.printed(config));
        printed.join("\n")
    }

    /// What `postconf -b` prints: the texts as notices have them.
    ///
    /// # Errors
    /// When one does not expand.
    pub fn printed_expanded(&self, config: &Config, warnings: &mut Vec<String>) -> Result<String, TemplateError> {
        let mut printed = Vec::new();
        for template in self.all() {
            let text = template.expanded(config, warnings)?;
            printed.push(format!("expanded_{}_text = <<EOF\n{text}EOF\n", template.class));
        }
        Ok(printed.join("\n"))
    }
}

impl Template {
    /// The text for people, lines ending in `\n`.
    ///
    /// # Errors
    /// When a line refers to a parameter that does not exist or has wrong syntax.
    pub fn expanded(&self, config: &Config, warnings: &mut Vec<String>) -> Result<String, TemplateError> {
        let mut text = String::new();
        for line in &self.text {
            let error = |what| TemplateError::Text {
                file: if self.file.is_empty() { "[built-in]" } else { &self.file }.to_string(),
                what,
                class: self.class,
                line: line.clone(),
            };
            let mut names = Vec::new();
            let mut undefined = false;
            for name in config::references(line) {
                match in_time_unit(config, &name) {
                    Some((value, is_unfortunate)) => {
                        if is_unfortunate {
                            warnings.extend(self.unfortunate(&name, &value));
                        }
                        names.push((name, value));
                    }
                    None => undefined |= config.text(&name).is_none(),
                }
            }
            let expanded = config.with_overrides(&names).expand(line).map_err(|problem| {
                warnings.push(problem.to_string());
                error("bad $name syntax")
            })?;
            if undefined {
                return Err(error("undefined $name"));
            }
            text.push_str(&expanded);
            text.push('\n');
        }
        Ok(text)
    }

    fn printed(&self, config: &Config) -> String {
        let standard = config.text("header_from_format").is_none_or(|format| format == "standard");
        let from = if self.from == FROM && standard { "Mail Delivery System <MAILER-DAEMON>" } else { &self.from };
        let mut out = format!("{}_template = <<EOF\n", self.class);
        // Writing to a String cannot fail.
        let _ = write!(out, "Charset: {}\nFrom: {from}\nSubject: {}\n", self.charset, self.subject);
        if let Some(subject) = &self.postmaster_subject {
            let _ = writeln!(out, "Postmaster-Subject: {subject}");
        }
        let _ = write!(out, "\n{}\nEOF\n", self.text.join("\n"));
        out
    }

    /// This built-in template with what the lines of the file set. The error is the warning.
    fn replaced(&self, file: &str, lines: &[&str]) -> Result<Self, Vec<String>> {
        let class = self.class;
        let ignored = |what: String| vec![format!("{file}: {what} in {class} template -- ignoring this template")];
        let mut template = Self { file: file.to_string(), ..self.clone() };
        let mut rest = lines;
        while let Some((label, value)) = rest.first().and_then(|line| header(line)) {
            rest = &rest[1..];
            let place = match label.to_ascii_lowercase().as_str() {
                "charset" => &mut template.charset,
                "from" => &mut template.from,
                "subject" => &mut template.subject,
                "postmaster-subject" => match &mut template.postmaster_subject {
                    Some(subject) => subject,
                    None => return Err(ignored(format!("inapplicable \"{label}\" header label"))),
                },
                _ => return Err(ignored(format!("unknown \"{label}\" header label"))),
            };
            if value.is_empty() {
                return Err(ignored(format!("empty \"{label}\" header value")));
            }
            if !value.is_ascii() {
                return Err(ignored(format!("non-ASCII \"{label}\" header value")));
            }
            *place = value.to_string();
        }
        while rest.first().is_some_and(|line| line.trim().is_empty()) {
            rest = &rest[1..];
        }
        if rest.is_empty() {
            return Err(ignored("missing message text".to_string()));
        }
        if template.charset.eq_ignore_ascii_case("us-ascii") && rest.iter().any(|line| !line.is_ascii()) {
            return Err(vec![
                format!("{file}: 8-bit message text in {class} template"),
                "please specify a charset value other than us-ascii".to_string(),
                "-- ignoring this template for now".to_string(),
            ]);
        }
        template.text = rest.iter().map(ToString::to_string).collect();
        Ok(template)
    }

    /// What bounce(8) says of a time in an unfortunate unit.
    fn unfortunate(&self, name: &str, value: &str) -> [String; 3] {
        let file = if self.file.is_empty() { "[built-in]" } else { &self.file };
        let class = self.class;
        let unit = name.rsplit('_').next().unwrap_or_default();
        let (result, advice) = match value {
            "0" => ("zero result".to_string(), "reduce"),
            value => (format!("excessive result \"{value}\""), "increase"),
        };
        [
            format!("{file}: {result} in {class} template conversion of parameter \"{name}\""),
            format!("please {advice} time unit \"{unit}\" of \"{name}\" in {class} template"),
            "for instructions see the bounce(5) manual".to_string(),
        ]
    }
}

const CLASSES: [&str; 4] = ["failure_template", "delay_template", "success_template", "verify_template"];

/// The lines that the file gives to each template. Of two for one template the last counts.
fn definitions<'t>(
    file: &str,
    text: &'t str,
    warnings: &mut Vec<String>,
) -> Result<[Option<Vec<&'t str>>; 4], TemplateError> {
    let mut given = [const { None }; 4];
    // bounce(8) counts the line behind the one it has read.
    let mut lines = text.lines().zip(2..);
    while let Some((line, next)) = lines.next() {
        let mut number = next;
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let syntax = |message: String| TemplateError::Syntax { file: file.to_string(), line: next, message };
        let (name, value) = tokens::name_value(line).map_err(syntax)?;
        let mut content = Vec::new();
        if let Some(end) = value.strip_prefix("<<").map(str::trim) {
            if end.is_empty() {
                return Err(syntax("missing end marker after <<".to_string()));
            }
            let mut ended = false;
            for (line, next) in lines.by_ref() {
                number = next;
                if line == end {
                    ended = true;
                    break;
                }
                content.push(line);
            }
            if !ended {
                warnings.push(format!("{file}, line {number}: missing \"{end}\" end marker"));
            }
        } else {
            content.push(value);
        }
        match CLASSES.iter().position(|class| *class == name) {
            Some(class) => given[class] = Some(content),
            None => {
                warnings.push(format!("{file}, line {number}: unknown template name: {name} -- ignoring this template"))
            }
        }
    }
    Ok(given)
}

/// `Label: value`; the label has no blanks in it.
fn header(line: &str) -> Option<(&str, &str)> {
    let (label, value) = line.split_once(':')?;
    let label = label.trim_end();
    let good = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_graphic());
    good.then_some((label, value.trim()))
}

/// `delay_warning_time_hours` and the like: the value in that unit, and whether the unit is too large or too small for it.
fn in_time_unit(config: &Config, name: &str) -> Option<(String, bool)> {
    let (parameter, unit) = name.rsplit_once('_')?;
    let seconds = match parameter {
        "delay_warning_time" => config.get(&DELAY_WARNING_TIME),
        "maximal_queue_lifetime" => config.get(&MAXIMAL_QUEUE_LIFETIME),
        _ => return None,
    }
    .as_secs();
    let length = match unit {
        "seconds" => 1,
        "minutes" => 60,
        "hours" => 60 * 60,
        "days" => 24 * 60 * 60,
        "weeks" => 7 * 24 * 60 * 60,
        _ => return None,
    };
    let value = seconds / length;
    let too_small = value > 999 && length <= 60 * 60;
    Some((value.to_string(), too_small || (seconds > 0 && value == 0)))
}

#[cfg(test)]
mod tests;
