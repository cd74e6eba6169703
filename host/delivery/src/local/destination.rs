//! One destination of an alias or forwarding file: a file, a command, an :include: file or an address.

use mail::Status;

use super::{
    attributes::Attributes,
    expansion::{Expansion, Task},
    leaf::What,
    token,
};

const INCLUDE: &str = ":include:";

impl Expansion<'_> {
    pub(super) async fn destination(&mut self, it: Attributes, text: &str) {
        let include = text.get(..INCLUDE.len()).is_some_and(|start| start.eq_ignore_ascii_case(INCLUDE));
        if text.starts_with('/') {
            self.file(it, text);
        } else if text.starts_with('~') {
            self.file_at_home(it, text);
        } else if let Some(command) = text.strip_prefix('|') {
            if it.source.is_some_and(|source| self.settings.commands_from.contains(&source)) {
                self.command(it, command);
            } else {
                self.refuse(it, Status::permanent(7, 1), "mail to command is restricted");
            }
        } else if include {
            self.include(it, &text[INCLUDE.len()..]).await;
        } else {
            self.address(it, text).await;
        }
    }

    fn file_at_home(&mut self, it: Attributes, text: &str) {
        let home = it.rights.as_ref().map(|account| account.home.trim_end_matches('/').to_string());
        match home {
            _ if !text.starts_with("~/") => {
                self.log.warning(format_args!("bad home directory syntax for: {text}"));
                self.configuration_error(it, Status::permanent(3, 5));
            }
            None => {
                self.log.warning(format_args!("unknown home directory for: {text}"));
                self.configuration_error(it, Status::permanent(3, 5));
            }
            Some(home) => self.file(it, &format!("{home}{}", &text[1..])),
        }
    }

    fn file(&mut self, attributes: Attributes, path: &str) {
        let it = attributes.deeper();
        if self.was_here(&format!("file {} {path}", it.uid())) {
            return;
        }
        if !it.source.is_some_and(|source| self.settings.files_from.contains(&source)) {
            return self.refuse(it, Status::permanent(7, 1), "mail to file is restricted");
        }
        if self.probe {
            return self.leaf(it, What::Done(format!("delivers to file: {path}")));
        }
        let what = if path.ends_with('/') { What::Maildir(path.to_string()) } else { What::File(path.to_string()) };
        self.leaf(it, what);
    }

    pub(super) fn command(&mut self, attributes: Attributes, command: &str) {
        let it = attributes.deeper();
        if self.was_here(&format!("command {}:{} {command}", it.user, it.uid())) {
            return;
        }
        let text = format!("delivers to command: {command}");
        self.leaf(it, if self.probe { What::Done(text) } else { What::Command(command.to_string()) });
    }

    /// Puts what stands in a file in the file's place. False: it holds no destination.
    pub(super) fn push_text(&mut self, mut it: Attributes, text: &[u8], end: Option<Task>) -> bool {
        self.files += 1;
        it.files.push(self.files);
        let text = String::from_utf8_lossy(text);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let mut tasks: Vec<Task> =
            lines.flat_map(token::destinations).map(|text| Task::Destination(it.clone(), text)).collect();
        let any = !tasks.is_empty();
        tasks.extend(end.filter(|_| any));
        self.push(tasks);
        any
    }
}
