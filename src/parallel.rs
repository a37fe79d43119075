//! Maps over a slice in parallel, with one thread per processor. Results are in the order of the items.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of processors.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Maps each item, in order. Threads take items one by one, so items may differ much in cost.
pub fn in_parallel<T: Sync, A: Send>(items: &[T], map: impl Fn(&T) -> A + Sync) -> Vec<A> {
    let threads = threads().min(items.len());
    if threads <= 1 {
        return items.iter().map(map).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return results;
            };
            results.push((index, map(item)));
        }
    };
    let mut all: Vec<(usize, A)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(results) => all.extend(results),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, result)| result).collect()
}

/// Splits items into about as many equal parts as there are threads, none smaller than `least`.
pub fn shares<T>(items: &[T], least: usize) -> Vec<&[T]> {
    let share = items.len().div_ceil(threads()).max(least.max(1));
    items.chunks(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(
            in_parallel(&items, |n| n * 2),
            items.iter().map(|n| n * 2).collect::<Vec<_>>()
        );
        assert_eq!(in_parallel(&[], |n: &usize| *n), Vec::<usize>::new());
        assert_eq!(shares(&items, 300).concat(), items);
    }
}
