//! `jig completions` and `jig man`: for packages and shells.

use super::session::Session;
use super::{Failure, Outcome, Run};
use crate::load::nearest;
use clap::{Arg, Args, Command};

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

/// Prints the help of a command, as --help behind it does
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  jig help new line")]
pub(crate) struct Help {
    /// The command
    command: Vec<String>,
}

pub(crate) fn help(session: &mut Session, args: &Help, mut command: Command) -> Run {
    command.build();
    let mut at = &mut command;
    for name in &args.command {
        let known = at.get_subcommands().filter(|known| !known.is_hide_set()).map(Command::get_name);
        let known: Vec<String> = known.map(str::to_owned).collect();
        at = at.find_subcommand_mut(name).ok_or_else(|| {
            let near = nearest(name, known.iter().map(String::as_str));
            let hint = near.map_or_else(
                || format!("there are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            Failure::new(format!("there is no command `{name}`"), hint)
        })?;
    }
    session.out(at.render_long_help().to_string().trim_end());
    Ok(Outcome::InOrder)
}

pub(crate) fn completions(session: &mut Session, args: &Completions, command: &mut Command) -> Run {
    let mut out = vec![];
    clap_complete::generate(args.shell, command, "jig", &mut out);
    session.out(String::from_utf8_lossy(&out).trim_end());
    Ok(Outcome::InOrder)
}

pub(crate) fn man(session: &mut Session, command: Command) -> Run {
    let synopsis = synopsis(&command);
    let mut out = vec![];
    // Writing to memory cannot fail.
    let _ = clap_mangen::Man::new(command).render(&mut out);
    let text = String::from_utf8_lossy(&out);
    // The generator leaves the names of values out of its synopsis.
    let mut lines: Vec<&str> = text.trim_end().lines().collect();
    if let Some(at) = lines.iter().position(|line| *line == ".SH SYNOPSIS").filter(|at| at + 1 < lines.len())
    {
        lines[at + 1] = &synopsis;
    }
    session.out(&lines.join("\n"));
    Ok(Outcome::InOrder)
}

/// The options with the names of their values, for the manual page.
fn synopsis(command: &Command) -> String {
    let mut out = format!("\\fB{}\\fR", command.get_name());
    for option in command.get_opts().chain(command.get_arguments().filter(|arg| is_switch(arg))) {
        let short = option.get_short().map(|short| format!("-{short}"));
        let name = short.or_else(|| option.get_long().map(|long| format!("--{long}"))).unwrap_or_default();
        out.push_str(&format!(" [\\fB{}\\fR", name.replace('-', "\\-")));
        for value in option.get_value_names().into_iter().flatten().filter(|_| !is_switch(option)) {
            out.push_str(&format!(" \\fI{value}\\fR"));
        }
        out.push(']');
    }
    out + " [\\fIcommand\\fR]"
}

fn is_switch(option: &Arg) -> bool {
    !option.is_positional() && !option.get_action().takes_values()
}
