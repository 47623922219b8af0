use std::sync::{Mutex, PoisonError};

/// The maximum budget, in tenths of a retry. All clones of a client share it.
///
/// Enough for the calls of a minute that one silence of the service leaves without a response.
const CAPACITY: u32 = 500;
const COST_OF_RETRY: u32 = 10;
const GAIN_OF_SUCCESS: u32 = 1;

/// Limits the traffic of retries during an outage: fifty retries at first, then one for every ten calls
/// that succeed.
#[derive(Debug)]
pub(crate) struct RetryBudget(Mutex<u32>);

impl RetryBudget {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(CAPACITY))
    }

    /// Takes a retry from the budget. Returns false if none is left.
    pub(crate) fn take(&self) -> bool {
        let mut tenths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tenths.checked_sub(COST_OF_RETRY) {
            Some(rest) => {
                *tenths = rest;
                true
            }
            None => false,
        }
    }

    /// Returns a tenth of a retry to the budget.
    pub(crate) fn succeeded(&self) {
        let mut tenths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *tenths = CAPACITY.min(*tenths + GAIN_OF_SUCCESS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_fifty_retries_then_one_per_ten_successes() {
        let budget = RetryBudget::new();
        assert_eq!((0..60).filter(|_| budget.take()).count(), 50);
        for _ in 0..9 {
            budget.succeeded();
        }
        assert!(!budget.take());
        budget.succeeded();
        assert!(budget.take());
        assert!(!budget.take());
        for _ in 0..10_000 {
            budget.succeeded();
        }
        assert_eq!((0..60).filter(|_| budget.take()).count(), 50);
    }
}
