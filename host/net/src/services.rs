//! services(5).

/// A port number, or a name from services(5).
pub fn service_port(name: &str) -> Option<u16> {
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return name.parse().ok().filter(|port| *port > 0);
    }
    match name {
        "smtp" | "mail" => return Some(25),
        "submission" => return Some(587),
        "submissions" | "smtps" | "ssmtp" => return Some(465),
        "lmtp" => return Some(24),
        _ => {}
    }
    let services = std::fs::read_to_string("/etc/services").unwrap_or_default();
    services.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (first, port) = (words.next()?, words.next()?);
        let number = port.strip_suffix("/tcp")?.parse().ok()?;
        (first == name || words.any(|alias| alias == name)).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::service_port;

    #[test]
    fn numbers_and_names() {
        for (name, port) in
            [("25", Some(25)), ("smtp", Some(25)), ("0", None), ("70000", None), ("nosuchservice", None), ("", None)]
        {
            assert_eq!(service_port(name), port, "{name}");
        }
    }
}
