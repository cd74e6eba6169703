//! `|command` of an alias or forwarding file, and mailbox_command. The command line is the administrator's or the user's own
//! text; what comes from the message reaches it in environment variables, filtered, and on its standard input.

use hook::{Attribute, Request};
use mail::Status;

use super::{Local, attributes::Attributes, delivery::Done};
use crate::{
    CommandRun,
    command::{self, Ended, judge},
    macros::{self, filtered},
    mailbox::{Lines, Prefix},
};

/// The characters of a command line that can do without a shell, beside blanks and tabs.
const PLAIN: &str = "1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl Local {
    pub(super) async fn to_command(&self, request: &Request, it: &Attributes, command: &str) -> Done {
        let settings = &self.settings;
        let now = self.services.clock.now();
        let unreadable = |error: std::io::Error| (Status::temporary(3, 0), format!("error reading message: {error}"));
        let prefix = Prefix { from: Some(&it.sender), ..self.prefix(it, settings.delivered_header.command) };
        let directory = match &settings.execution_directory {
            Err(problem) => {
                let log = self.status_log.log();
                log.warning(format_args!("bad parameter value syntax for command_execution_directory: {problem}"));
                return Err((Status::temporary(3, 5), "mail system configuration error".to_string()));
            }
            Ok(pieces) => {
                let filter = Some(settings.execution_directory_filter.as_str());
                macros::expand(pieces, &mut |name, _| it.value(name), filter).text
            }
        };
        let run = CommandRun {
            owner: Some(it.privileges(settings.default_privileges)),
            programs: programs(command, &settings.command_shell),
            directory: Some(directory.into())
                .filter(|directory: &std::path::PathBuf| !directory.as_os_str().is_empty()),
            usual_directory: settings.queue_directory.clone(),
            environment: self.environment(request, it),
            time_limit: settings.time_limit,
            input: command::input(&prefix.lines("\n", now), &request.content, &Lines::default(), false)
                .map_err(unreadable)?,
        };
        let mut end = self.rights.run(run).await;
        // Without a shell of main.cf's own, Postfix's local(8) starts a command by another way than pipe(8).
        if let Ended::NotStarted(why) = &mut end.how
            && settings.command_shell.is_empty()
        {
            *why = why.replacen("fatal: pipe_command: ", "fatal: ", 1);
        }
        judge(&end, command, "local").map(|_| format!("delivered to command: {command}"))
    }

    fn environment(&self, request: &Request, it: &Attributes) -> Vec<(String, String)> {
        let account = it.rights.as_ref();
        let attribute = |attribute| request.session.attribute(attribute).unwrap_or("");
        let optional = [
            ("HOME", account.map_or("", |account| &account.home)),
            ("SHELL", account.map_or("", |account| &account.shell)),
            ("DOMAIN", it.domain.as_deref().unwrap_or("")),
            ("EXTENSION", it.extension.as_deref().unwrap_or("")),
            ("ORIGINAL_RECIPIENT", it.original.as_str()),
            ("CLIENT_HOSTNAME", attribute(Attribute::ClientName)),
            ("CLIENT_ADDRESS", attribute(Attribute::ClientAddress)),
            ("CLIENT_HELO", attribute(Attribute::HeloName)),
            ("CLIENT_PROTOCOL", attribute(Attribute::ProtocolName)),
            ("SASL_METHOD", attribute(Attribute::SaslMethod)),
            ("SASL_SENDER", attribute(Attribute::SaslSender)),
            ("SASL_USERNAME", attribute(Attribute::SaslUsername)),
        ];
        let always = [
            ("LOGNAME", it.user.as_str()),
            ("USER", &it.user),
            ("SENDER", &it.sender),
            ("RECIPIENT", &it.address),
            ("LOCAL", &it.local),
        ];
        let filter = Some(self.settings.command_filter.as_str());
        let given = always.into_iter().chain(optional.into_iter().filter(|(_, value)| !value.is_empty()));
        let mut environment = self.settings.environment.clone();
        environment.extend(given.map(|(name, value)| (name.to_string(), filtered(value, filter))));
        environment
    }
}

/// exec_command(3): a shell only where one is needed, or where there is no such program.
fn programs(command: &str, shell: &[String]) -> Vec<Vec<String>> {
    let with = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<String>>();
    if !shell.is_empty() {
        let mut words = shell.to_vec();
        words.push(command.to_string());
        return vec![words];
    }
    let plain = command.chars().all(|c| PLAIN.contains(c) || c == ' ' || c == '\t');
    let words: Vec<&str> = command.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    let in_shell = with(&["sh", "-c", command]);
    if plain && !words.is_empty() { vec![with(&words), in_shell] } else { vec![in_shell] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_only_where_it_is_needed() {
        let words = |list: &[&str]| list.iter().map(|word| word.to_string()).collect::<Vec<_>>();
        let plain = programs("/bin/cmd -a\tb@c", &[]);
        assert_eq!(plain, [words(&["/bin/cmd", "-a", "b@c"]), words(&["sh", "-c", "/bin/cmd -a\tb@c"])]);
        for line in ["cmd $EXTENSION", "cmd | other", "cmd 'a b'", "cmd > file", " ", ""] {
            assert_eq!(programs(line, &[]), [words(&["sh", "-c", line])], "{line}");
        }
        assert_eq!(programs("cmd a", &words(&["/bin/rsh", "-c"])), [words(&["/bin/rsh", "-c", "cmd a"])]);
    }
}
