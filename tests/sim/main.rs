//! Simulates apply with its disk, its network and its time, from one seed.
//!
//! The planner, the executor, the journal and the store are the real ones. Channel, the network, the disk, the clock
//! and every random choice are models that one seed drives, so a seed that fails replays exactly:
//!
//! ```text
//! cargo test --test sim -- --seeds 100000     seeds 0..100000, on all processors
//! cargo test --test sim -- --seed 4711        one seed, with everything that happens in it
//! cargo test --test sim -- --sabotage NAME    with a fault planted in the world, which has to be found
//! ```
//!
//! A seed is a life of a project: edits of manifests and their reverts, runs, pulls of another state, people who opt
//! out, are deleted and made anew on Channel, requests and answers that are lost or altered, writes that fail, kills
//! and power cuts at any step. The invariants:
//!
//! - Whenever no run is under way, the state can be read, and each user that is not pending is on Channel as recorded,
//!   except for what people changed there.
//! - No opt-out is turned off but by a recorded edit from `true` to `false`.
//! - Every change has one outcome. No change counts as applied without Channel's own answer. A refused run has sent
//!   nothing.
//! - Once everything is calm, Channel has what the manifests declare, nothing of what they no longer declare, and the
//!   next plan is empty.
//!
//! # Why the simulator is our own
//!
//! The program needs time, one kind of request and a dozen operations on files. tokio's paused clock on one thread gives
//! time and order. `turmoil` and `madsim` simulate sockets between hosts: they would put an HTTP client and a server
//! between the program and the model, and their disks know neither renames whose folder was not flushed nor a flush
//! that fails. `store-io-sim` and `moonpool-sim` model such disks, for programs that are written on their own
//! interfaces.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod arguments;
mod channel;
mod claims;
mod clock;
mod clones;
mod damage;
mod dice;
mod disk;
mod disturbances;
mod ended;
mod ending;
mod journal;
mod plot;
mod process;
mod repository;
mod sabotage;
mod steps;
mod trace;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use arguments::{Arguments, DEFAULT_SEEDS};
use sabotage::Sabotage;
use trace::Trace;
use world::World;

/// Lives through one seed.
fn live(seed: u64, sabotage: Sabotage, trace: &Trace) -> Result<(), String> {
    let run = || World::new(seed, sabotage, trace.clone()).run();
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        Err(format!("panicked: {}", text.unwrap_or("without a message")))
    })
}

/// Runs seeds on all processors until one fails. Returns the first that failed, with its violation.
fn first_failure(from: u64, count: u64, sabotage: Sabotage) -> Option<(u64, String)> {
    let next = AtomicU64::new(from);
    let is_over = AtomicBool::new(false);
    let failure: Mutex<Option<(u64, String)>> = Mutex::new(None);
    let work = || {
        while !is_over.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from.saturating_add(count) {
                break;
            }
            if let Err(violation) = live(seed, sabotage, &Trace::new(false)) {
                is_over.store(true, Ordering::Relaxed);
                let mut failure = failure.lock().expect("nobody panics here");
                if failure.as_ref().is_none_or(|(other, _)| seed < *other) {
                    *failure = Some((seed, violation));
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    failure.into_inner().expect("nobody panics here")
}

/// Shows one seed.
fn replay(seed: u64, sabotage: Sabotage) -> ExitCode {
    let trace = Trace::new(true);
    let result = live(seed, sabotage, &trace);
    for line in trace.lines() {
        println!("{line}");
    }
    println!("events: {}", trace.digest());
    match result {
        Ok(()) => {
            println!("seed {seed}: no violation");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("seed {seed}: {violation}");
            ExitCode::FAILURE
        }
    }
}

/// Two processes that run the same seed print the same bytes, whether the seed fails or not.
fn check_replay(seed: u64, sabotage: &str) -> Result<(), String> {
    let run = || {
        let program = std::env::current_exe()?;
        let seed = seed.to_string();
        let arguments = ["--seed", &seed, "--sabotage", sabotage];
        Command::new(program).args(arguments).output()
    };
    let run = || run().map_err(|error| format!("cannot start another process: {error}"));
    let (one, other) = (run()?, run()?);
    if one != other || one.stdout.is_empty() {
        let (one, other) = (one.stdout, other.stdout);
        let (one, other) = (
            String::from_utf8_lossy(&one),
            String::from_utf8_lossy(&other),
        );
        let differs = one
            .lines()
            .zip(other.lines())
            .find(|(one, other)| one != other);
        return Err(format!("seed {seed} does not replay: {differs:?}"));
    }
    Ok(())
}

/// Every fault that is planted in the world is found, and the seed that finds it replays.
fn check_sabotage() -> Result<(), String> {
    /// Ten times what any of them needs.
    const ENOUGH: u64 = 500;
    for (name, sabotage) in sabotage::ALL {
        let Some((seed, violation)) = first_failure(0, ENOUGH, sabotage) else {
            return Err(format!("{name} is not found in {ENOUGH} seeds"));
        };
        println!("found {name} at seed {seed}: {violation}");
        check_replay(seed, name)?;
    }
    Ok(())
}

fn simulate(arguments: Arguments) -> ExitCode {
    let Arguments {
        from,
        seeds,
        sabotage,
        ..
    } = arguments;
    let started = Instant::now();
    let count = seeds.unwrap_or(DEFAULT_SEEDS);
    if let Some((seed, violation)) = first_failure(from, count, sabotage) {
        println!("seed {seed} fails: {violation}");
        println!("cargo test --test sim -- --seed {seed}     shows what happens in it");
        return ExitCode::FAILURE;
    }
    println!("{count} seeds in {:.1} s", started.elapsed().as_secs_f64());
    if seeds.is_none() {
        let checked = (0..3)
            .try_for_each(|seed| check_replay(seed, "none"))
            .and_then(|()| check_sabotage());
        if let Err(problem) = checked {
            println!("{problem}");
            return ExitCode::FAILURE;
        }
    }
    println!(
        "test result: ok. simulated for {:.1} s",
        started.elapsed().as_secs_f64()
    );
    ExitCode::SUCCESS
}

fn main() -> ExitCode {
    match arguments::read(std::env::args().skip(1)) {
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(64)
        }
        Ok(arguments) if arguments.lists => {
            println!("simulation: test");
            ExitCode::SUCCESS
        }
        Ok(arguments) if arguments.is_filtered_out => ExitCode::SUCCESS,
        Ok(arguments) => match arguments.seed {
            Some(seed) => replay(seed, arguments.sabotage),
            None => simulate(arguments),
        },
    }
}
