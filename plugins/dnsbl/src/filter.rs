//! The part of `list=filter` that says which answers count: `127.0.0.2`, `127.0.0.[2..11]`, `127.0.[0;5].[1..4;9]`.

/// Whether a filter matches an IPv4 address. `Err`: the filter is not one; what is wrong with it.
pub fn matches(filter: &str, address: &str) -> Result<bool, String> {
    let mut numbers = address.split('.').map(|number| number.parse().unwrap_or(256));
    let mut rest = filter;
    let mut all = true;
    for place in 0..4 {
        let (field, after) = field(rest).ok_or_else(|| wrong(filter, "want four numbers or [lists]"))?;
        all &= field_matches(field, numbers.next().unwrap_or(256))
            .ok_or_else(|| wrong(filter, "want numbers up to 255"))?;
        rest = match (place, after.strip_prefix('.')) {
            (3, None) if after.is_empty() => "",
            (0..3, Some(after)) => after,
            _ => return Err(wrong(filter, "want four numbers or [lists]")),
        };
    }
    Ok(all)
}

fn wrong(filter: &str, what: &str) -> String {
    ["bad RBL reply filter \"", filter, "\": ", what].concat()
}

/// The first number or `[list]`, and what follows it.
fn field(text: &str) -> Option<(&str, &str)> {
    let end = match text.strip_prefix('[') {
        Some(_) => text.find(']')? + 1,
        None => text.find('.').unwrap_or(text.len()),
    };
    (end > 0).then(|| text.split_at(end))
}

/// None: not a field.
fn field_matches(field: &str, number: u16) -> Option<bool> {
    let Some(list) = field.strip_prefix('[').and_then(|list| list.strip_suffix(']')) else {
        return Some(byte(field)? == number);
    };
    let mut any = false;
    for item in list.split(';') {
        let (low, high) = match item.split_once("..") {
            Some((low, high)) => (byte(low)?, byte(high)?),
            None => (byte(item)?, byte(item)?),
        };
        if low > high {
            return None;
        }
        any |= (low..=high).contains(&number);
    }
    Some(any)
}

fn byte(text: &str) -> Option<u16> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number < 256)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn numbers_lists_and_ranges() {
        for (filter, address, expected) in [
            ("127.0.0.2", "127.0.0.2", true),
            ("127.0.0.2", "127.0.0.22", false),
            ("127.0.0.[2..11]", "127.0.0.11", true),
            ("127.0.0.[2..11]", "127.0.0.12", false),
            ("127.0.[0;5].[1..4;9]", "127.0.5.9", true),
            ("127.0.[0;5].[1..4;9]", "127.0.4.9", false),
        ] {
            assert_eq!(matches(filter, address), Ok(expected), "{filter} {address}");
        }
        for bad in
            ["", "127.0.0", "127.0.0.", "127.0.0.2.1", "127.0.0.256", "127.0.0.[5..2]", "127.0.0.[", "127.0.0.[]", "x"]
        {
            assert!(matches(bad, "127.0.0.2").is_err(), "{bad}");
        }
    }
}
