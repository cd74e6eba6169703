//! smtpd_reject_footer and smtpd_reject_footer_maps: text after each 4XX and 5XX reply.

use hook::SearchOrder;
use mail::Reply;

use crate::{Session, service::Generation};

/// Appends the footer, if there is one for this reply.
pub(crate) async fn append(reply: &mut Reply, service: &Generation, session: &Session) {
    let settings = &service.settings;
    if settings.reject_footer.is_empty() && settings.reject_footer_maps.is_empty() {
        return;
    }
    let mut template = settings.reject_footer.clone();
    if !settings.reject_footer_maps.is_empty() {
        let text = reply.log_text();
        let found = service.services.tables.find(SearchOrder::Exact, &settings.reject_footer_maps, &text).wait().await;
        match found {
            Ok(Some(found)) => template = found.value,
            Ok(None) => {}
            Err(error) => service.log.warning(format_args!("{error}")),
        }
    }
    if template.is_empty() {
        return;
    }
    let (text, unknown) = expand(&template, |name| value(name, service, session));
    for name in unknown {
        service.log.warning(format_args!("unknown macro name \"{name}\" in expansion request"));
    }
    add(reply, &text);
}

/// `\n` begins a line; `\c` at the front continues the last line of the reply.
fn add(reply: &mut Reply, text: &str) {
    let (text, continues) = match text.strip_prefix("\\c") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let mut lines = text.split("\\n").map(mail::reply::clean);
    if let (true, Some(last)) = (continues, reply.lines.last_mut()) {
        last.push_str(&lines.next().unwrap_or_default());
    }
    reply.lines.extend(lines);
}

fn value(name: &str, service: &Generation, session: &Session) -> Option<String> {
    let client = &session.client;
    Some(match name {
        "client_name" => client.name.clone(),
        "client_address" => client.address.clone(),
        "client_port" => client.port.to_string(),
        "helo_name" => session.helo.clone().unwrap_or_default(),
        "localtime" => mail::date::syslog(service.services.clock.now()),
        "recipient" => session.recipient.clone().unwrap_or_default(),
        "sender" => session.sender().unwrap_or_default().to_string(),
        "server_name" => service.settings.hostname.clone(),
        "server_address" => client.server_address.clone(),
        "server_port" => client.server_port.to_string(),
        _ => return None,
    })
}

/// `$name`, `${name}` and `$(name)`; unknown names are nothing, and reported.
fn expand(template: &str, value: impl Fn(&str) -> Option<String>) -> (String, Vec<String>) {
    let (mut out, mut unknown) = (String::new(), Vec::new());
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let close = match rest.chars().next() {
            Some('{') => Some('}'),
            Some('(') => Some(')'),
            _ => None,
        };
        let body = if close.is_some() { &rest[1..] } else { rest };
        let end = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(body.len());
        let name = &body[..end];
        rest = &body[end..];
        if let Some(close) = close {
            rest = rest.strip_prefix(close).unwrap_or(rest);
        }
        match value(name) {
            Some(text) => out.push_str(&text),
            None => unknown.push(name.to_string()),
        }
    }
    out.push_str(rest);
    (out, unknown)
}

#[cfg(test)]
mod tests {
    use mail::Status;

    use super::*;

    fn text(footer: &str) -> String {
        let mut reply = Reply::new(500, Status::permanent(5, 2), "Error");
        add(&mut reply, footer);
        let mut out = Vec::new();
        reply.write_to(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn lines_and_continuation() {
        assert_eq!(text("call us"), "500-5.5.2 Error\r\n500 5.5.2 call us\r\n");
        assert_eq!(text("\\c; call\\nus"), "500-5.5.2 Error; call\r\n500 5.5.2 us\r\n");
    }

    #[test]
    fn macros() {
        let value = |name: &str| (name == "a").then(|| "A".to_string());
        assert_eq!(expand("x$a ${a}$(a)$$ $b.", value), ("xA AA$ .".to_string(), vec!["b".to_string()]));
    }
}
