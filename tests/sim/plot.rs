//! Decides what goes wrong in one run.

use std::time::Duration;

use talkform::model::Limit;

use crate::channel::Weather;
use crate::dice::Dice;
use crate::disk::DiskFaults;

/// What the world does to one run.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) weather: Weather,
    pub(crate) faults: DiskFaults,
    pub(crate) crash_at: Option<u64>,
    pub(crate) crash_after: Option<Duration>,
    pub(crate) refresh: bool,
    pub(crate) fail_fast: bool,
    pub(crate) stop_after: Option<Duration>,
    /// When another process begins to run the command on the same state.
    pub(crate) rival_after: Option<Duration>,
    /// `--select`
    pub(crate) selected: Vec<String>,
    /// How many people may be created anew before the run stops.
    pub(crate) recreate: Limit,
    /// When another program replaces the state during the run.
    pub(crate) replaced_after: Option<Duration>,
}

impl Plot {
    /// Nothing is wrong.
    pub(crate) fn calm(refresh: bool) -> Self {
        Self {
            weather: Weather::calm(),
            faults: DiskFaults::default(),
            crash_at: None,
            crash_after: None,
            refresh,
            fail_fast: false,
            stop_after: None,
            rival_after: None,
            selected: Vec::new(),
            recreate: Limit::Percent(100.0),
            replaced_after: None,
        }
    }

    /// Any mixture of faults. `usual_steps` is how many steps a whole run takes.
    pub(crate) fn random(dice: &Dice, usual_steps: u64) -> Self {
        let some_time = || {
            let milliseconds = *dice.pick(&[10, 100, 1000, 10_000, 100_000]);
            Duration::from_millis(dice.between(0, milliseconds))
        };
        let mut plot = Self::calm(dice.percent(15));
        if dice.percent(65) {
            plot.weather = Weather::random(dice);
        }
        if dice.percent(25) {
            plot.faults = DiskFaults::random(dice);
        }
        match dice.below(10) {
            0..=2 => plot.crash_at = Some(dice.between(1, usual_steps + 10)),
            3 => plot.crash_after = Some(some_time()),
            4 => plot.stop_after = Some(some_time()),
            _ => {}
        }
        plot.fail_fast = dice.percent(10);
        if dice.percent(10) {
            plot.rival_after = Some(some_time());
        }
        if dice.percent(10) {
            plot.selected = vec![format!("u-{}", dice.below(3))];
        }
        if dice.percent(50) {
            plot.recreate = Limit::Count(0);
        }
        plot.replaced_after = dice.percent(10).then(some_time);
        plot
    }

    /// Whether something other than the process of the run may write the state, or the run learns something new.
    pub(crate) fn disturbs_the_state(&self) -> bool {
        self.refresh || self.replaced_after.is_some() || self.rival_after.is_some()
    }
}
