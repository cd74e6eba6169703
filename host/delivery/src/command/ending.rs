//! What the end of a command means: sysexits(3) and RFC 3463.

use mail::{Class, Status};

use super::{CommandEnd, Ended};

/// sysexits(3), from EX_USAGE, 64, on.
const SYSEXITS: &[(Status, &str)] = &[
    (Status::permanent(3, 0), "command line usage error"),
    (Status::permanent(6, 0), "data format error"),
    (Status::permanent(3, 0), "cannot open input"),
    (Status::permanent(1, 1), "user unknown"),
    (Status::permanent(1, 2), "host name unknown"),
    (Status::permanent(3, 0), "service unavailable"),
    (Status::permanent(3, 0), "internal software error"),
    (Status::temporary(3, 0), "system resource problem"),
    (Status::permanent(3, 0), "critical OS file missing"),
    (Status::permanent(2, 0), "can't create user output file"),
    (Status::permanent(3, 0), "input/output error"),
    (Status::temporary(3, 0), "temporary failure"),
    (Status::permanent(5, 0), "remote error in protocol"),
    (Status::permanent(7, 0), "permission denied"),
    (Status::permanent(3, 5), "local configuration error"),
];
const EX_BASE: i32 = 64;
const EX_TEMPFAIL: i32 = 75;

/// `Ok` is what a command that succeeded printed, cleaned. `command` is how a failure calls it: the program's name, or the
/// command line of an alias. `daemon` is who could not start it.
pub fn judge(end: &CommandEnd, command: &str, daemon: &str) -> Result<String, (Status, String)> {
    let (how, output) = match &end.how {
        // Postfix's child process says so on the command's output, and exits.
        Ended::NotStarted(why) => (&Ended::Exited(EX_TEMPFAIL), format!("{daemon}: {why} ")),
        how => (how, printable(&end.output)),
    };
    let said = if output.is_empty() { String::new() } else { format!(". Command output: {output}") };
    let code = match how {
        Ended::Exited(0) => return Ok(output),
        Ended::Exited(code) => *code,
        Ended::TimedOut => {
            return Err((Status::permanent(3, 0), format!("Command time limit exceeded: \"{command}\"{said}")));
        }
        Ended::Signal(signal) => {
            return Err((Status::temporary(3, 0), format!("Command died with signal {signal}: \"{command}\"{said}")));
        }
        Ended::NotStarted(why) => return Err((Status::temporary(3, 0), why.clone())),
    };
    // A status that the command printed has the last word.
    if let Some((own, text)) = Status::split(&output).filter(|(own, _)| own.class != Class::Success) {
        return Err((own, text.to_string()));
    }
    Err(match usize::try_from(code - EX_BASE).ok().and_then(|n| SYSEXITS.get(n)) {
        Some((status, text)) => (*status, format!("{text}{said}")),
        None => (Status::permanent(3, 0), format!("Command died with status {code}: \"{command}\"{said}")),
    })
}

/// Tabs and line ends become blanks, other characters that do not print `_`.
fn printable(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.chars()
        .map(|c| match c {
            '\t' | '\n' => ' ',
            c if c.is_control() || c == char::REPLACEMENT_CHARACTER => '_',
            c => c,
        })
        .collect()
}
