//! Shows the progress of a run on stderr: a bar on a terminal, log lines elsewhere.

use std::time::Instant;

use crate::cli::terminal::Terminal;
use talkform::apply::Event;
use talkform::model::ShownIds;
use talkform::render::progress;

/// Shows how far a run is.
pub(crate) struct Progress {
    terminal: Terminal,
    ids: ShownIds,
    started: Instant,
    shown: Shown,
}

enum Shown {
    Bar(progress::Progress),
    Lines(progress::LogProgress),
}

impl Progress {
    /// Chooses the bar if stderr is a terminal, log lines otherwise.
    pub(crate) fn new(terminal: Terminal, ids: ShownIds) -> Self {
        let shown = if terminal.is_interactive() {
            Shown::Bar(progress::Progress::on_stderr())
        } else {
            Shown::Lines(progress::LogProgress::default())
        };
        Self {
            terminal,
            ids,
            started: Instant::now(),
            shown,
        }
    }

    /// Updates the bar, or writes a line if it is time for one.
    pub(crate) fn on_event(&mut self, event: Event) {
        let event = &event.shown(&self.ids);
        match &mut self.shown {
            Shown::Bar(bar) => bar.on_event(event),
            Shown::Lines(lines) => {
                if let Some(line) = lines.on_event(self.started.elapsed(), event) {
                    self.terminal.talk(&line);
                }
            }
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish();
        }
    }
}
