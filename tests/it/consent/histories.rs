//! Checks the property on a thousand histories.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::consent::history::{History, Tally};
use crate::consent::world::World;

const HISTORIES: u64 = 1_000;
const STEPS: usize = 6;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Everything that a history consists of happened often, so that the property says something.
fn check_tally(tally: &Tally) {
    for (what, least) in [
        ("apply with failures", 200),
        ("change the API version", 200),
        ("created anew", 50),
        ("declare again", 100),
        ("defaults", 200),
        ("deleted on Channel", 200),
        ("edit", 500),
        ("false sent", 200),
        ("import", 50),
        ("lose the state", 200),
        ("made by another program", 100),
        ("move", 300),
        ("opt-out turned off", 100),
        ("pending", 100),
        ("person", 1_000),
        ("refreshed move", 100),
        ("refreshed plan", 1_000),
        ("refused for opt-ins", 200),
        ("restore an old state", 200),
    ] {
        let times = tally.get(what).copied().unwrap_or_default();
        assert!(times >= least, "{what}: {times} times only; {tally:?}");
    }
}

/// `TALKFORM_CONSENT_SEED` replays one history.
#[test]
fn no_opt_out_is_turned_off_but_by_a_counted_and_approved_change() {
    if let Some(seed) = from_environment("TALKFORM_CONSENT_SEED") {
        History::new(&mut World::new(), seed, &mut Tally::new()).run(STEPS);
        return;
    }
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicU64::new(0);
    let share = || {
        let mut tally = Tally::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= HISTORIES {
                return tally;
            }
            History::new(&mut World::new(), seed, &mut tally).run(STEPS);
        }
    };
    let mut whole = Tally::new();
    std::thread::scope(|scope| {
        let shares: Vec<_> = (0..threads).map(|_| scope.spawn(share)).collect();
        for share in shares {
            for (what, times) in share.join().expect("every history holds") {
                *whole.entry(what).or_default() += times;
            }
        }
    });
    check_tally(&whole);
}
