//! Where counting starts and ends.

use std::{hint::black_box, time::Instant};

/// callgrind writes what it has counted whenever this is called, and starts anew.
#[inline(never)]
pub(crate) fn callgrind_mark(name: &str) {
    black_box(name);
}

/// How much is done before counting starts, so that nothing of the start of the process, of connecting or of
/// what grows at first is counted.
pub(crate) const fn warm_up(times: u32) -> u32 {
    times.div_ceil(4)
}

/// Does work between two marks, and prints how long it took.
pub(crate) async fn counted<T>(work: impl Future<Output = T>) -> T {
    callgrind_mark("start");
    let started = Instant::now();
    let output = work.await;
    let took = started.elapsed();
    callgrind_mark("end");
    println!("{}", took.as_nanos());
    output
}
