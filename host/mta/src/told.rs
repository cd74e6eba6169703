//! An error with all its causes in one line, each said once: some of our errors already name their cause.

/// What is printed and logged of an error.
pub fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Whether the reader of our output has gone (`postcat -q ID | head`).
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn each_cause_once() {
        let inner = std::io::Error::other("no such file");
        let outer = Err::<(), _>(inner).context("open x: no such file").context("line 3").expect_err("made so");
        assert_eq!(told(&outer), "line 3: open x: no such file");
        assert!(!is_broken_pipe(&outer));
        assert!(is_broken_pipe(&std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()));
    }
}
