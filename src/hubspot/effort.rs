//! How many requests were made, by call. Not here: making them ([`super::client`]), and their limits ([`super::throttle`]).

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::endpoint::Endpoint;

/// What the client has done so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Attempts of any call, repetitions included.
    pub requests: u64,
    /// Attempts that repeated an earlier one.
    pub retries: u64,
    /// The time that callers waited for the rate limits.
    pub waited: Duration,
}

/// Counts attempts, from wherever they are made.
#[derive(Debug, Default)]
pub(super) struct Attempted(Mutex<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    /// In the order of their first attempts. There are few calls.
    by_call: Vec<(Endpoint, u64)>,
    retries: u64,
}

impl Attempted {
    /// Counts an attempt, and gives its number among all.
    pub(super) fn note(&self, endpoint: Endpoint, repeated: bool) -> u64 {
        let mut numbers = self.numbers();
        numbers.retries += u64::from(repeated);
        match numbers.by_call.iter_mut().find(|(one, _)| *one == endpoint) {
            Some((_, count)) => *count += 1,
            None => numbers.by_call.push((endpoint, 1)),
        }
        numbers.all()
    }

    /// The attempts of all calls, and those of them that repeated an earlier one.
    pub(super) fn all_and_retries(&self) -> (u64, u64) {
        let numbers = self.numbers();
        (numbers.all(), numbers.retries)
    }

    /// The attempts of each call that was made.
    pub(super) fn by_call(&self) -> Vec<(Endpoint, u64)> {
        self.numbers().by_call.clone()
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Numbers {
    fn all(&self) -> u64 {
        self.by_call.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::object::ObjectType;

    #[test]
    fn each_attempt_is_counted_once_under_its_call() {
        let attempted = Attempted::default();
        let upsert = Endpoint::BatchUpsert(ObjectType::CONTACTS);
        let numbers =
            [(Endpoint::Account, false), (upsert, false), (upsert, true), (Endpoint::Account, false)]
                .map(|(endpoint, repeated)| attempted.note(endpoint, repeated));
        assert_eq!(numbers, [1, 2, 3, 4]);
        assert_eq!(attempted.all_and_retries(), (4, 1));
        assert_eq!(attempted.by_call(), [(Endpoint::Account, 2), (upsert, 2)]);
    }
}
