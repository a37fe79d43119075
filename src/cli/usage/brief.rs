//! Makes the help of `-h`, which fits a screen of 80 columns and 24 lines. `--help` has all of it.

use clap::Command;

/// The width of a plain terminal.
const WIDTH: usize = 80;

/// The list of commands alone: their options are in their own help.
const COMMANDS_ONLY: &str = "{about}\n\n{usage-heading} {usage}\n\nCommands:\n{subcommands}\n\n`{name} COMMAND -h` shows the options of a command, `--help` all about it.";

/// The same for commands of a command, whose name has two words.
const INNER_COMMANDS_ONLY: &str = "{about}\n\n{usage-heading} {usage}\n\nCommands:\n{subcommands}\n\n`-h` after a command shows its options, `--help` all about it.";

/// A command line whose help has no environment variables, defaults and possible values.
pub(crate) fn brief(command: Command) -> Command {
    let command = one(command);
    if command.has_subcommands() {
        command.help_template(COMMANDS_ONLY)
    } else {
        command
    }
}

fn one(command: Command) -> Command {
    let command = if command.has_subcommands() {
        command.help_template(INNER_COMMANDS_ONLY)
    } else {
        command
    };
    command
        .term_width(WIDTH)
        .mut_args(|argument| {
            let takes_value = argument.get_action().takes_values();
            argument
                .hide_env(true)
                .hide_default_value(takes_value)
                .hide_possible_values(takes_value)
        })
        .mut_subcommands(one)
}

/// Whether the arguments ask for the short help.
pub(crate) fn is_asked_for(arguments: &[std::ffi::OsString]) -> bool {
    let mut words = arguments.iter().skip(1).take_while(|word| *word != "--");
    words.any(|word| word == "-h")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::cli::run::Arguments;

    #[test]
    fn every_short_help_fits_a_screen() {
        fn check(command: &mut Command, path: &str, misfits: &mut String) {
            let help = command.render_help().to_string();
            let lines = help.lines().count();
            let widest = help.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
            let has_example = command.has_subcommands() || help.contains("Example: talkform ");
            if lines > 24 || widest > WIDTH || !has_example {
                misfits.extend([format!("{path}: {lines} x {widest}\n"), help]);
            }
            for sub in command
                .get_subcommands_mut()
                .filter(|sub| sub.get_name() != "help")
            {
                let path = format!("{path} {}", sub.get_name());
                check(sub, &path, misfits);
            }
        }
        let mut command = brief(Arguments::command());
        command.build();
        let mut misfits = String::new();
        check(&mut command, "talkform", &mut misfits);
        assert!(misfits.is_empty(), "{misfits}");
    }
}
