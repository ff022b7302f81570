//! `jig completions` and `jig man`: for packages and shells.

use super::session::Session;
use super::{Outcome, Run};
use clap::{Args, Command};

/// Prints completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  jig completions bash > /etc/bash_completion.d/jig")]
pub(crate) struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints the manual page
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  jig man > /usr/share/man/man1/jig.1")]
pub(crate) struct Man {}

pub(crate) fn completions(session: &mut Session, args: &Completions, command: &mut Command) -> Run {
    let mut out = vec![];
    clap_complete::generate(args.shell, command, "jig", &mut out);
    session.out(String::from_utf8_lossy(&out).trim_end());
    Ok(Outcome::InOrder)
}

pub(crate) fn man(session: &mut Session, command: Command) -> Run {
    let mut out = vec![];
    // Writing to memory cannot fail.
    let _ = clap_mangen::Man::new(command).render(&mut out);
    session.out(String::from_utf8_lossy(&out).trim_end());
    Ok(Outcome::InOrder)
}
