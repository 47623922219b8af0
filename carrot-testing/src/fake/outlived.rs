//! Fakes that are still there when the thread ends that made them, as in a `static`: nothing verifies those.

use std::{
    cell::RefCell,
    panic::Location,
    sync::{Arc, Weak},
};

use super::{explain, service::State};

thread_local! {
    static MADE: Made = const { Made(RefCell::new(Vec::new())) };
}

/// The fakes that this thread made.
struct Made(RefCell<Vec<(&'static Location<'static>, Weak<State>)>>);

/// Looks at a fake once more when this thread ends.
#[track_caller]
pub(super) fn watch(state: &Arc<State>) {
    let place = Location::caller();
    // An error is a thread that ends already.
    let _ = MADE.try_with(|made| {
        let mut made = made.0.borrow_mut();
        made.retain(|(_, state)| state.strong_count() > 0);
        made.push((place, Arc::downgrade(state)));
    });
}

impl Drop for Made {
    fn drop(&mut self) {
        for (place, state) in self.0.get_mut() {
            let Some(state) = state.upgrade() else {
                continue;
            };
            let record = state.copy();
            if record.is_over || record.is_verified {
                continue;
            }
            if let Some(text) = explain::problems(&record, true) {
                // A panic here would abort the program.
                eprintln!(
                    "the fake made at {place} outlived the thread of its test, as in a `static`, so nothing verified \
                     it: call `verify()` at the end of the test\n\n{text}"
                );
            }
        }
    }
}
