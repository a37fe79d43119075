//! Reads the arguments of the simulator.

use crate::sabotage::Sabotage;

/// How many seeds `cargo test` runs.
pub(crate) const DEFAULT_SEEDS: u64 = 150;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arguments {
    /// The first seed.
    pub(crate) from: u64,
    /// How many seeds; `None` for what a test run takes.
    pub(crate) seeds: Option<u64>,
    /// One seed alone, with its trace.
    pub(crate) seed: Option<u64>,
    /// A fault that is planted in the world.
    pub(crate) sabotage: Sabotage,
    /// `--list` of the test harness.
    pub(crate) lists: bool,
    /// A filter that names another test.
    pub(crate) is_filtered_out: bool,
}

/// Reads them. What belongs to the usual test harness is passed over.
pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut read = Arguments {
        from: 0,
        seeds: None,
        seed: None,
        sabotage: Sabotage::None,
        lists: false,
        is_filtered_out: false,
    };
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        let mut number = || -> Result<u64, String> {
            let value = arguments
                .next()
                .ok_or(format!("{argument} needs a number"))?;
            let wrong = |_| format!("{argument}: `{value}` is not a number");
            value.parse().map_err(wrong)
        };
        match argument.as_str() {
            "--seeds" => read.seeds = Some(number()?),
            "--from" => read.from = number()?,
            "--seed" => read.seed = Some(number()?),
            "--sabotage" => {
                let name = arguments.next().unwrap_or_default();
                read.sabotage = name.parse()?;
            }
            "--list" => read.lists = true,
            "--test-threads" | "--skip" | "--color" | "--format" | "--logfile" | "-Z" => {
                arguments.next();
            }
            flag if flag.starts_with('-') => {}
            filter => read.is_filtered_out |= !"simulation".contains(filter),
        }
    }
    Ok(read)
}
