//! Names in certificates: `smtp_tls_verify_cert_match`, RFC 6125.

/// Whether a name of a certificate, perhaps with a wildcard for its first label, is the wanted one. `.domain` wants any name
/// below the domain. `multiple`: `*` stands for more than one label (tls_wildcard_matches_multiple_labels).
pub fn matches(in_certificate: &str, wanted: &str, multiple: bool) -> bool {
    let (name, wanted) =
        (in_certificate.trim_end_matches('.').to_lowercase(), wanted.trim_end_matches('.').to_lowercase());
    if name.is_empty() || wanted.is_empty() {
        return false;
    }
    if let Some(parent) = wanted.strip_prefix('.') {
        let below = |name: &str| name.strip_suffix(parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
        // A wildcard for the parent itself covers names below it.
        return !parent.is_empty() && (below(&name) || name.strip_prefix("*.").is_some_and(|rest| rest == parent));
    }
    if name == wanted {
        return true;
    }
    let Some(parent) = name.strip_prefix("*.").filter(|parent| parent.contains('.') || multiple) else { return false };
    let Some(labels) = wanted.strip_suffix(parent).and_then(|rest| rest.strip_suffix('.')) else { return false };
    !labels.is_empty() && (multiple || !labels.contains('.'))
}
