//! An apply or a reading while it runs: a bar for a terminal, lines for a log. Ids and numbers only.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::apply::{Event, Outcome};
use crate::render::common::escape::terminal;
use crate::render::plan::lines::{rejected_request, short_code};
use crate::render::plan::summary::duration;
use crate::render::report::text::cause_word;

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

/// A bar at the foot of a terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    tally: Tally,
}

impl Progress {
    /// A bar on standard error, hidden where that is no terminal.
    pub fn on_stderr() -> Self {
        Self::on(ProgressDrawTarget::stderr())
    }

    /// A bar on any target.
    pub fn on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
                // A bar that cannot be drawn is no reason to stop an apply.
                let _ = write!(out, "{:.1}", state.per_sec());
            };
            bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
        }
        Self {
            bar,
            tally: Tally::default(),
        }
    }

    /// Takes in what happened.
    pub fn on_event(&mut self, event: &Event) {
        self.tally.count(event);
        if let Event::Started { .. } | Event::Reading { .. } = event {
            self.bar.set_length(self.tally.changes as u64);
            self.bar.reset();
        }
        self.bar.set_position(self.tally.done as u64);
        if let Event::Stopping(cause) = event {
            self.bar
                .set_prefix(format!("stopping: {}", words(cause_word(*cause))));
        }
        self.bar.set_message(self.message());
    }

    /// Takes the bar away, so that the report stands alone.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// What is said beside the numbers: failures, retries, that it is stopping.
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

/// Lines for a log, at most one of each kind every few seconds.
#[derive(Clone, Debug)]
pub struct LogProgress {
    every: Duration,
    last_line: Duration,
    last_trouble: Option<Duration>,
    untold: usize,
    tally: Tally,
}

impl Default for LogProgress {
    /// A line every five seconds.
    fn default() -> Self {
        Self::new(Duration::from_secs(5))
    }
}

impl LogProgress {
    /// How far apart lines are at least.
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            last_line: Duration::ZERO,
            last_trouble: None,
            untold: 0,
            tally: Tally::default(),
        }
    }

    /// Takes in what happened so long after the start, and returns a line if one is due.
    pub fn on_event(&mut self, elapsed: Duration, event: &Event) -> Option<String> {
        self.tally.count(event);
        match event {
            Event::Started { changes, requests } => Some(format!(
                "Applying {changes} {} with {requests} {}.",
                plural("change", *changes),
                plural("request", *requests)
            )),
            Event::Reading { users } => Some(format!(
                "Reading {users} {} from Channel.",
                plural("user", *users)
            )),
            Event::Read { id, failure } => {
                let line = failure.as_ref().map(|failure| {
                    let id = terminal(id.as_str());
                    format!("{id}: cannot be read: {}", terminal(failure))
                });
                line.and_then(|line| self.trouble(elapsed, line))
                    .or_else(|| self.standing(elapsed))
            }
            Event::Stopping(cause) => Some(format!(
                "Stopping ({}): what is in flight is finished, nothing new is started.",
                words(cause_word(*cause))
            )),
            Event::Retrying {
                id,
                attempt,
                wait,
                cause,
            } => {
                let line = format!(
                    "{}: attempt {attempt} failed ({}), again in {:.1} s",
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
                        message: _,
                    } => {
                        let request = rejected_request(*request);
                        let code = code.as_deref().map(short_code).unwrap_or_default();
                        Some(format!(
                            "{id}: rejected by Channel: {request}{status}{code}"
                        ))
                    }
                    Outcome::Failed { message, attempts } => Some(format!(
                        "{id}: failed after {attempts} {}: {}",
                        plural("attempt", *attempts as usize),
                        terminal(message)
                    )),
                    Outcome::Applied { .. } | Outcome::Skipped { .. } => None,
                };
                line.and_then(|line| self.trouble(elapsed, line))
                    .or_else(|| self.standing(elapsed))
            }
        }
    }

    /// A line about one user's trouble; a storm of it is counted.
    fn trouble(&mut self, elapsed: Duration, line: String) -> Option<String> {
        let is_due = self
            .last_trouble
            .is_none_or(|last| elapsed.saturating_sub(last) >= self.every);
        if !is_due {
            self.untold += 1;
            return None;
        }
        self.last_trouble = Some(elapsed);
        match std::mem::take(&mut self.untold) {
            0 => Some(line),
            untold => Some(format!("{line} (and {untold} more like it before)")),
        }
    }

    /// How far it is, every few seconds.
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

fn plural(word: &str, count: usize) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}

/// `failFast` as people write it.
fn words(cause: &str) -> &str {
    if cause == "failFast" {
        "fail-fast"
    } else {
        cause
    }
}
