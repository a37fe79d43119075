//! stdout for results, stderr for talk, and the one question.

use std::io::{self, IsTerminal, Write};

use crate::cli::args::Color;
use crate::cli::failure::Failure;

/// Where a command prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    color: Color,
}

#[expect(
    clippy::unused_self,
    reason = "whoever prints must have been handed the right to"
)]
impl Terminal {
    /// With the colour that was asked for.
    pub(crate) fn new(color: Color) -> Self {
        Self { color }
    }

    /// Whether stdout takes colour.
    pub(crate) fn colour_on_stdout(self) -> bool {
        self.colour(io::stdout().is_terminal())
    }

    /// Whether stderr takes colour.
    pub(crate) fn colour_on_stderr(self) -> bool {
        self.colour(self.talks_to_a_person())
    }

    /// Whether somebody watches stderr.
    pub(crate) fn talks_to_a_person(self) -> bool {
        io::stderr().is_terminal()
    }

    fn colour(self, terminal: bool) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }

    /// Prints a result. A reader who has gone is told apart from other trouble.
    pub(crate) fn result(self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| stdout_failure(&error))
    }

    /// Prints a result while it is made: a large one is never whole in memory.
    pub(crate) fn stream(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut stdout = io::BufWriter::new(io::stdout().lock());
        write(&mut stdout)
            .and_then(|()| stdout.flush())
            .map_err(|error| stdout_failure(&error))
    }

    /// Prints a line of talk. Nobody listening is no reason to stop.
    pub(crate) fn talk(self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// Asks for «yes». Refuses where nobody can answer.
    pub(crate) fn approve(self, question: &str) -> Result<(), Failure> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Failure::with_hint(
                "nobody is here to approve the plan",
                "run apply on a terminal, or give --auto-approve (in CI, after the plan was reviewed)",
            ));
        }
        let question = format!("{question}\n  Only «yes» is taken for a yes.");
        ask(&question, "yes")
    }

    /// Asks for the very words of what is about to happen. To be asked after [`Terminal::approve`],
    /// which has found somebody.
    pub(crate) fn approve_in_words(self, question: &str, words: &str) -> Result<(), Failure> {
        let question = format!("{question}\n  Type «{words}» if that is what you want.");
        ask(&question, words)
    }
}

fn ask(question: &str, wanted: &str) -> Result<(), Failure> {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{question}\n\n  Answer: ");
    let _ = stderr.flush();
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    let _ = writeln!(stderr);
    match read {
        Ok(_) if answer.trim() == wanted => Ok(()),
        _ => Err(Failure::refused("not approved; nothing was sent")),
    }
}

/// What to say when stdout takes no more.
pub(crate) fn stdout_failure(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::BrokenPipe
    } else {
        Failure::refused(format!("cannot write to stdout: {error}"))
    }
}
