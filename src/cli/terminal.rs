//! Writes results to stdout and messages to stderr, and asks for approval.

use std::io::{self, IsTerminal, Write};

use crate::cli::args::Color;
use crate::cli::failure::Failure;

/// The terminal that a command prints to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    color: Color,
}

#[expect(clippy::unused_self, reason = "only who holds a Terminal may print")]
impl Terminal {
    /// Creates a terminal with the colour setting of `--color`.
    pub(crate) fn new(color: Color) -> Self {
        Self { color }
    }

    /// Whether stdout is coloured.
    pub(crate) fn colour_on_stdout(self) -> bool {
        self.colour(io::stdout().is_terminal())
    }

    /// Whether stderr is coloured.
    pub(crate) fn colour_on_stderr(self) -> bool {
        self.colour(self.is_interactive())
    }

    /// Whether stderr is a terminal.
    pub(crate) fn is_interactive(self) -> bool {
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

    /// Prints a result to stdout. A closed pipe is [`Failure::BrokenPipe`].
    pub(crate) fn result(self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| stdout_failure(&error))
    }

    /// Prints a result to stdout while it is rendered, so that a large result is never whole in memory.
    pub(crate) fn stream(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut stdout = io::BufWriter::new(io::stdout().lock());
        write(&mut stdout)
            .and_then(|()| stdout.flush())
            .map_err(|error| stdout_failure(&error))
    }

    /// Prints a message to stderr. A closed stderr is ignored.
    pub(crate) fn talk(self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// Whether a person can be asked: stdin and stderr are terminals.
    pub(crate) fn can_ask(self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks for `yes`.
    pub(crate) fn approve(self, question: &str) -> Result<(), Failure> {
        let question = format!("{question}\n  Only `yes` is accepted.");
        ask(&question, "yes")
    }

    /// Asks to type `words`.
    pub(crate) fn approve_in_words(self, question: &str, words: &str) -> Result<(), Failure> {
        let question = format!("{question}\n  Type `{words}` to confirm.");
        ask(&question, words)
    }
}

fn ask(question: &str, wanted: &str) -> Result<(), Failure> {
    // Without a lock: a signal that ends the process while it waits for the answer writes to stderr, too.
    let _ = write!(io::stderr(), "{question}\n\n  Answer: ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    let _ = writeln!(io::stderr());
    match read {
        Ok(_) if answer.trim() == wanted => Ok(()),
        _ => Err(Failure::refused("not approved; nothing was sent")),
    }
}

/// The failure of a write to stdout.
fn stdout_failure(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::BrokenPipe
    } else {
        Failure::refused(format!("cannot write to stdout: {error}"))
    }
}
