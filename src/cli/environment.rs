//! Reads the variables of the environment: those that stand for flags, and secrets.

use std::ffi::OsStr;

use clap::builder::{BoolishValueParser, Resettable};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command, ValueEnum as _};

use crate::cli::args::PlanFormat;
use crate::cli::failure::Failure;
use crate::cli::suggest::invocation::Invocation;

/// The same command, with every variable in the form that people expect: an empty one is unset, a switch takes
/// `1`, `0`, `yes`, `no`, `on`, `off`, `true` and `false`, and a format that only other commands have is unset.
pub(crate) fn with_variables(command: Command) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned())
        .collect();
    let command = command.mut_args(with_variable);
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, with_variables)
    })
}

fn with_variable(argument: Arg) -> Arg {
    let Some(name) = argument.get_env() else {
        return argument;
    };
    let value = std::env::var_os(name);
    if value.is_some_and(|value| value.is_empty() || is_format_of_others(&argument, &value)) {
        return argument.env(Resettable::Reset);
    }
    if matches!(argument.get_action(), ArgAction::SetTrue) {
        return argument.value_parser(BoolishValueParser::new());
    }
    argument
}

/// Whether a value is a format that other commands have and this one does not: `TALKFORM_FORMAT=markdown` is meant for
/// `plan`, and `apply` then prints text.
fn is_format_of_others(argument: &Arg, value: &OsStr) -> bool {
    let Some(value) = value.to_str().filter(|_| argument.get_id() == "format") else {
        return false;
    };
    let mut own = argument.get_possible_values().into_iter();
    PlanFormat::from_str(value, false).is_ok() && !own.any(|own| own.matches(value, false))
}

/// The variable that holds the value that an error of the command line is about; `None` if the value was written there.
pub(crate) fn named_by(command: &Command, error: &clap::Error) -> Option<String> {
    let ContextValue::String(shown) = error.get(ContextKind::InvalidArg)? else {
        return None;
    };
    let argument = find(command, shown)?;
    let long = format!("--{}", argument.get_long()?);
    let is_written = std::env::args().any(|word| {
        let rest = word.strip_prefix(&long);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    });
    let name = argument.get_env().and_then(OsStr::to_str)?;
    (!is_written && std::env::var_os(name).is_some()).then(|| name.to_owned())
}

fn find<'c>(command: &'c Command, shown: &str) -> Option<&'c Arg> {
    let own = command
        .get_arguments()
        .find(|argument| argument.to_string() == shown);
    own.or_else(|| {
        let mut inner = command.get_subcommands();
        inner.find_map(|inner| find(inner, shown))
    })
}

/// A secret from the environment. An empty variable is unset.
pub(crate) fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The fewest bytes of a state key.
const LEAST_KEY: usize = 16;

/// A state key from the environment. An empty or short key is refused, because it can be guessed.
pub(crate) fn state_key(name: &str) -> Result<Option<String>, Failure> {
    let Some(value) = std::env::var_os(name) else {
        return Ok(None);
    };
    let problem = match value.into_string() {
        Ok(value) if value.len() >= LEAST_KEY => return Ok(Some(value)),
        Ok(value) if value.is_empty() => "is set and empty".to_owned(),
        Ok(_) => format!("is shorter than {LEAST_KEY} bytes"),
        Err(_) => "is not UTF-8".to_owned(),
    };
    Err(Failure::with_hint(
        format!("{name} {problem}"),
        format!(
            "`{}` prints a good key; unset {name} to work without one",
            Invocation::default().command(&["state", "keygen"])
        ),
    ))
}
