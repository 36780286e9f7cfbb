//! Which fault strikes a request.
//!
//! Rules as data are in `rule`; what a fault then changes is in `api::effect`, `api::replacement` and `delivery`. Chance comes from the sandbox's seed, so that with one connection at a time a run repeats
//! exactly.

use std::time::Duration;

use super::rule::{Fault, What};

/// How often each rule matched and struck, in the order of the rules.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    counts: Vec<Count>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    matched: u64,
    struck: u64,
}

/// What a rule is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) number: u64,
    pub(crate) path: &'a str,
    /// Ids in the body; `None` while the body has not been read.
    pub(crate) keys: Option<&'a [String]>,
}

/// What strikes a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    /// The first rule that applied, delays and changes apart.
    pub(crate) fault: Option<Fault>,
    /// Delay before the request is carried out.
    pub(crate) delay_before: Duration,
    /// Delay before the answer.
    pub(crate) delay_after: Duration,
    /// Changes of contacts after the request was carried out.
    pub(crate) changes: Vec<Fault>,
    /// Names for the record.
    pub(crate) names: Vec<String>,
}

impl Engine {
    /// Whether a rule closes the connection before the body is read. Such rules are judged by the head alone, unless
    /// they name addresses or numbers of inputs.
    pub(crate) fn closes_unread(
        &mut self,
        faults: &[Fault],
        seen: Seen<'_>,
        random: &mut fastrand::Rng,
    ) -> Option<String> {
        self.counts.resize(faults.len(), Count::default());
        let rules = faults.iter().zip(&mut self.counts);
        for (fault, count) in rules.filter(|(fault, _)| is_judged_by_head(fault)) {
            if applies(fault, count, seen, random) {
                return Some(fault.label());
            }
        }
        None
    }

    /// Chooses what strikes a request whose body was read.
    pub(crate) fn choose(&mut self, faults: &[Fault], seen: Seen<'_>, random: &mut fastrand::Rng) -> Chosen {
        self.counts.resize(faults.len(), Count::default());
        let mut chosen = Chosen::default();
        for (fault, count) in faults.iter().zip(&mut self.counts) {
            let adds_up = matches!(fault.what, What::Delay { .. } | What::Change { .. });
            let is_decided = chosen.fault.is_some() && !adds_up;
            if is_decided || is_judged_by_head(fault) || !applies(fault, count, seen, random) {
                continue;
            }
            chosen.names.push(fault.label());
            match fault.what {
                What::Delay { ms, jitter_ms, before_write } => {
                    let delay = jittered(ms, jitter_ms, random);
                    *(if before_write { &mut chosen.delay_before } else { &mut chosen.delay_after }) += delay;
                }
                What::Change { .. } => chosen.changes.push(fault.clone()),
                _ => chosen.fault = Some(fault.clone()),
            }
        }
        chosen
    }
}

/// A delay with its random part.
pub(crate) fn jittered(ms: u64, jitter_ms: u64, random: &mut fastrand::Rng) -> Duration {
    let jitter = if jitter_ms == 0 { 0 } else { random.u64(..=jitter_ms) };
    Duration::from_millis(ms.saturating_add(jitter))
}

fn is_judged_by_head(fault: &Fault) -> bool {
    fault.what == What::CloseUnread && fault.when.emails.is_empty() && fault.when.min_inputs.is_none()
}

/// Whether a rule applies; counts it if so.
fn applies(fault: &Fault, count: &mut Count, seen: Seen<'_>, random: &mut fastrand::Rng) -> bool {
    let when = &fault.when;
    let keys = seen.keys.unwrap_or_default();
    let matches = (!fault.what.strikes_an_input() || writes_records(seen.path))
        && (when.requests.is_empty() || when.requests.contains(&seen.number))
        && when.from.is_none_or(|from| seen.number >= from)
        && when.to.is_none_or(|to| seen.number <= to)
        && when.path_contains.as_ref().is_none_or(|part| seen.path.contains(part.as_str()))
        && when.min_inputs.is_none_or(|least| keys.len() >= least)
        && (when.emails.is_empty() || keys.iter().any(|key| contains_key(&when.emails, key)));
    if !matches {
        return false;
    }
    count.matched += 1;
    if count.matched <= when.skip || when.times.is_some_and(|times| count.struck >= times) {
        return false;
    }
    if when.probability.is_some_and(|chance| random.f64() >= chance) {
        return false;
    }
    count.struck += 1;
    true
}

/// Whether a path is that of an upsert, a create or an update of records; properties are created in batches, too.
fn writes_records(path: &str) -> bool {
    path.contains("/batch/up") || (path.contains("/objects/") && path.ends_with("/batch/create"))
}

/// Whether an id is among these, without case and blanks around.
pub(crate) fn contains_key(keys: &[String], wanted: &str) -> bool {
    let wanted = wanted.trim().to_lowercase();
    keys.iter().any(|key| key.trim().to_lowercase() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(fault: Fault, seed: u64) -> Vec<u64> {
        let faults = [fault];
        let mut engine = Engine::default();
        let mut random = fastrand::Rng::with_seed(seed);
        let keys = ["Ada@example.com".to_owned()];
        (1..=20)
            .filter(|number| {
                let request = Seen { number: *number, path: "/crm/x/batch/upsert", keys: Some(&keys) };
                engine.choose(&faults, request, &mut random).fault.is_some()
            })
            .collect()
    }

    #[test]
    fn conditions_are_all_needed() {
        let fault = || Fault::new(What::status(500));
        assert_eq!(strikes(fault().requests([2, 5]), 0), [2, 5]);
        assert_eq!(strikes(fault().from_request(18), 0), [18, 19, 20]);
        assert_eq!(strikes(fault().from_request(3).to_request(4), 0), [3, 4]);
        assert_eq!(strikes(fault().skip(4).times(2), 0), [5, 6]);
        assert_eq!(strikes(fault().path("batch/read"), 0), [] as [u64; 0]);
        assert_eq!(strikes(fault().email("ada@EXAMPLE.com").times(1), 0), [1]);
        assert_eq!(strikes(fault().email("bob@example.com"), 0), [] as [u64; 0]);
        assert_eq!(strikes(fault().min_inputs(2), 0), [] as [u64; 0]);
    }

    #[test]
    fn chance_follows_the_seed() {
        let fault = || Fault::new(What::status(500)).probability(0.5);
        assert_eq!(strikes(fault(), 7), strikes(fault(), 7));
        assert_ne!(strikes(fault(), 7), strikes(fault(), 8));
        assert_eq!(strikes(Fault::new(What::status(500)).probability(0.0), 7), [] as [u64; 0]);
    }
}
