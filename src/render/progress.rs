//! Shows the progress of an apply or a read: a bar for a terminal, lines for a log.
//!
//! It shows ids, numbers and errors, never a value of a user.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::apply::{Event, Outcome};
use crate::render::common::duration::duration;
use crate::render::common::escape::terminal;
use crate::render::common::rejection::{ReasonLength, reason_text, rejected_request, short_code};
use crate::render::common::stop_cause::word;
use crate::words::counted;

const TEMPLATE: &str = "[{bar:30}] {pos}/{len} users  {rate} a second  {eta} left  {msg}";

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    changes: usize,
    done: usize,
    failed: usize,
    retried: usize,
}

impl Tally {
    fn count(&mut self, event: &Event) {
        match event {
            Event::Started {
                changes,
                requests: _,
            } => self.changes = *changes,
            Event::Reading { users } => self.changes = *users,
            Event::Read { id: _, failure } => {
                self.done += 1;
                self.failed += usize::from(failure.is_some());
            }
            Event::Finished(user) => {
                self.done += 1;
                match user.outcome {
                    Outcome::Rejected { .. } | Outcome::Failed { .. } => self.failed += 1,
                    Outcome::Applied { .. } | Outcome::Skipped { .. } => {}
                }
            }
            Event::Retrying { .. } => self.retried += 1,
            Event::Stopping(_) => {}
        }
    }
}

/// A progress bar on a terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    tally: Tally,
}

impl Progress {
    /// A bar on standard error; hidden if that is not a terminal.
    pub fn on_stderr() -> Self {
        Self::on(ProgressDrawTarget::stderr())
    }

    /// A bar on any target.
    pub fn on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
                // An apply continues even if the bar cannot be drawn.
                let _ = write!(out, "{:.1}", state.per_sec());
            };
            bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
        }
        Self {
            bar,
            tally: Tally::default(),
        }
    }

    /// Updates the bar.
    pub fn on_event(&mut self, event: &Event) {
        self.tally.count(event);
        if let Event::Started { .. } | Event::Reading { .. } = event {
            self.bar.set_length(self.tally.changes as u64);
            self.bar.reset();
        }
        self.bar.set_position(self.tally.done as u64);
        if let Event::Stopping(cause) = event {
            self.bar.set_prefix(format!("stopping: {}", word(*cause)));
        }
        self.bar.set_message(self.message());
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// The text after the numbers: failures, retries, why the run is stopping.
    pub fn message(&self) -> String {
        let mut words = Vec::new();
        if self.tally.failed > 0 {
            words.push(format!("{} failed", self.tally.failed));
        }
        if self.tally.retried > 0 {
            words.push(format!("{} retried", self.tally.retried));
        }
        let prefix = self.bar.prefix();
        if !prefix.is_empty() {
            words.push(prefix);
        }
        words.join(", ")
    }
}

/// Writes progress as lines of a log, at most one of each kind in a period.
#[derive(Clone, Debug)]
pub struct LogProgress {
    every: Duration,
    last_line: Duration,
    last_trouble: Option<Duration>,
    suppressed: usize,
    tally: Tally,
}

impl Default for LogProgress {
    /// A line every five seconds.
    fn default() -> Self {
        Self::new(Duration::from_secs(5))
    }
}

impl LogProgress {
    /// The shortest time between two lines of one kind.
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            last_line: Duration::ZERO,
            last_trouble: None,
            suppressed: 0,
            tally: Tally::default(),
        }
    }

    /// Takes an event, `elapsed` after the start, and returns a line if it is time for one.
    pub fn on_event(&mut self, elapsed: Duration, event: &Event) -> Option<String> {
        self.tally.count(event);
        match event {
            Event::Started { changes, requests } => Some(format!(
                "Applying {} with {}.",
                counted(*changes, "change", "changes"),
                counted(*requests, "request", "requests")
            )),
            Event::Reading { users } => Some(format!(
                "Reading {} from Channel.",
                counted(*users, "user", "users")
            )),
            Event::Read { id, failure } => {
                let line = failure.as_ref().map(|failure| {
                    let id = terminal(id.as_str());
                    format!("{id}: cannot read: {}", terminal(failure))
                });
                line.and_then(|line| self.trouble(elapsed, line))
                    .or_else(|| self.standing(elapsed))
            }
            Event::Stopping(cause) => Some(format!(
                "Stopping ({}): requests in flight finish, no others start.",
                word(*cause)
            )),
            Event::Retrying {
                id,
                attempt,
                wait,
                cause,
            } => {
                let line = format!(
                    "{}: attempt {attempt} failed ({}), retrying in {:.1} s",
                    terminal(id.as_str()),
                    terminal(cause),
                    wait.as_secs_f64()
                );
                self.trouble(elapsed, line)
            }
            Event::Finished(user) => {
                let id = terminal(user.id.as_str());
                let line = match &user.outcome {
                    Outcome::Rejected {
                        request,
                        status,
                        code,
                        reason,
                    } => {
                        let request = rejected_request(*request);
                        let code = code.as_deref().map(short_code).unwrap_or_default();
                        let reason = reason_text(reason.as_ref(), ReasonLength::Short);
                        Some(format!(
                            "{id}: rejected by Channel: {request}{status}{code}{reason}"
                        ))
                    }
                    Outcome::Failed { message, attempts } => Some(format!(
                        "{id}: failed after {}: {}",
                        counted(*attempts as usize, "attempt", "attempts"),
                        terminal(message)
                    )),
                    Outcome::Applied { .. } | Outcome::Skipped { .. } => None,
                };
                line.and_then(|line| self.trouble(elapsed, line))
                    .or_else(|| self.standing(elapsed))
            }
        }
    }

    /// A line about one user's problem; lines that come too soon are counted instead.
    fn trouble(&mut self, elapsed: Duration, line: String) -> Option<String> {
        let is_due = self
            .last_trouble
            .is_none_or(|last| elapsed.saturating_sub(last) >= self.every);
        if !is_due {
            self.suppressed += 1;
            return None;
        }
        self.last_trouble = Some(elapsed);
        match std::mem::take(&mut self.suppressed) {
            0 => Some(line),
            count => {
                let similar = counted(count, "similar line", "similar lines");
                Some(format!("{line} ({similar} suppressed before)"))
            }
        }
    }

    /// The totals so far, once in a period.
    fn standing(&mut self, elapsed: Duration) -> Option<String> {
        if elapsed.saturating_sub(self.last_line) < self.every {
            return None;
        }
        self.last_line = elapsed;
        let Tally {
            changes,
            done,
            failed,
            retried,
        } = self.tally;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let rate = done as f64 / elapsed.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let left = changes.saturating_sub(done) as f64 / rate;
        Some(format!(
            "{done} of {changes} done, {failed} failed, {retried} retried, {rate:.1} a second, {} left.",
            duration(left)
        ))
    }
}
