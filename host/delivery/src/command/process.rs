//! The process itself.

use std::{
    fs::File,
    io::{self, PipeReader, Read, Seek, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::Path,
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use hook::Content;
use nix::{
    libc,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::memfd::{MFdFlags, memfd_create},
};
use process_wrap::std::{ChildWrapper, CommandWrap, ProcessSession, ResetSigmask};

use super::{CommandEnd, CommandRun, Ended, OUTPUT_LIMIT};
use crate::mailbox::error::reason;

/// Runs it to its end, or until its time is over. Blocks.
pub fn run(run: &CommandRun) -> CommandEnd {
    let (mut child, output) = match start(run) {
        Ok(started) => started,
        Err(why) => return CommandEnd::not_started(why),
    };
    let end = Instant::now() + run.time_limit;
    let (output, in_time) = collect(output, end);
    let status = if in_time { wait_until(&mut *child, end) } else { Ok(None) };
    let how = match status {
        Ok(Some(status)) => ended(status),
        Ok(None) => {
            // Its whole process group. What left the group is on its own. A command that ended just now is not there to be
            // killed; reaping it cannot wait long either way.
            let _ = child.start_kill();
            let _ = wait_until(&mut *child, Instant::now() + Duration::from_secs(10));
            Ended::TimedOut
        }
        Err(error) => Ended::NotStarted(format!("wait: {}", reason(&error))),
    };
    CommandEnd { how, output }
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Signal(signal.unwrap_or(0)),
    }
}

fn start(run: &CommandRun) -> Result<(Box<dyn ChildWrapper>, PipeReader), String> {
    let failed = |error: io::Error| format!("fatal: pipe_command: {}", reason(&error));
    let directory = run.directory.as_ref().unwrap_or(&run.usual_directory);
    let entered = directory.join(".").metadata();
    if let (Err(error), Some(directory)) = (&entered, &run.directory) {
        let directory = directory.display();
        let owner = run.owner.unwrap_or_else(crate::Owner::own);
        let (uid, gid, why) = (owner.uid, owner.gid, reason(error));
        return Err(format!("fatal: cannot change directory to \"{directory}\" for uid={uid} gid={gid}: {why}"));
    }
    let directory = if entered.is_ok() { directory.as_path() } else { Path::new("/") };
    let (reader, writer) = io::pipe().map_err(failed)?;
    let mut why = String::new();
    for program in &run.programs {
        let Some((name, arguments)) = program.split_first() else { continue };
        let mut command = Command::new(name);
        command.args(arguments).current_dir(directory).env_clear().envs(run.environment.iter().cloned());
        command.stdin(Stdio::from(input(&run.input).map_err(failed)?));
        command.stdout(writer.try_clone().map_err(failed)?).stderr(writer.try_clone().map_err(failed)?);
        if let Some(owner) = run.owner {
            // As root, std gives up the supplementary groups as well.
            command.uid(owner.uid).gid(owner.gid);
        }
        let mut wrapped = CommandWrap::from(command);
        wrapped.wrap(ProcessSession).wrap(ResetSigmask);
        match wrapped.spawn() {
            Ok(child) => return Ok((child, reader)),
            Err(error) => {
                why = format!("fatal: pipe_command: execvp {name}: {}", reason(&error));
                if error.raw_os_error() != Some(libc::ENOENT) || name.contains('/') {
                    break;
                }
            }
        }
    }
    Err(why)
}

/// Standard input that is whole before the command starts: a command never takes the start of a message for all of it.
fn input(content: &Content) -> io::Result<OwnedFd> {
    let mut file = if content.len() <= super::IN_MEMORY {
        File::from(memfd_create(c"message", MFdFlags::MFD_CLOEXEC)?)
    } else {
        tempfile::tempfile()?
    };
    for piece in content.pieces() {
        file.write_all(&piece?)?;
    }
    file.rewind()?;
    Ok(file.into())
}

/// The first bytes of what it prints, until it closes its output. False: its time was over before.
fn collect(mut output: PipeReader, end: Instant) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let millis = PollTimeout::try_from(left.as_millis().min(i32::MAX as u128) as i32).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(output.as_fd(), PollFlags::POLLIN)], millis) {
            Ok(0) if end <= Instant::now() => return (kept, false),
            Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
            Ok(_) => {}
            Err(_) => return (kept, true),
        }
        match output.read(&mut piece) {
            Ok(0) => return (kept, true),
            Ok(len) => {
                // More is read and thrown away, so that the command does not wait for a reader.
                let room = (OUTPUT_LIMIT - kept.len()).min(len);
                kept.extend_from_slice(&piece[..room]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return (kept, true),
        }
    }
}

fn wait_until(child: &mut dyn ChildWrapper, end: Instant) -> io::Result<Option<ExitStatus>> {
    // The innermost child: what the command left behind in its group is not waited for.
    let child = child.inner_mut();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
