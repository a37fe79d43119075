//! Work on many things by as many threads as there are processors. Which thread does which plays no
//! part in the answer.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many threads are worth having.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One answer for each thing, in order. Things are taken one by one, so they may be of very different size.
pub fn in_parallel<T: Sync, A: Send>(things: &[T], answer: impl Fn(&T) -> A + Sync) -> Vec<A> {
    let threads = threads().min(things.len());
    if threads <= 1 {
        return things.iter().map(answer).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut answers = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(number) else {
                return answers;
            };
            answers.push((number, answer(thing)));
        }
    };
    let mut all: Vec<(usize, A)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(answers) => all.extend(answers),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, answer)| answer).collect()
}

/// Things as about as many equal parts as there are threads, none smaller than `least`.
pub fn shares<T>(things: &[T], least: usize) -> Vec<&[T]> {
    let share = things.len().div_ceil(threads()).max(least.max(1));
    things.chunks(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order() {
        let things: Vec<usize> = (0..1000).collect();
        assert_eq!(
            in_parallel(&things, |n| n * 2),
            things.iter().map(|n| n * 2).collect::<Vec<_>>()
        );
        assert_eq!(in_parallel(&[], |n: &usize| *n), Vec::<usize>::new());
        assert_eq!(shares(&things, 300).concat(), things);
    }
}
