//! Several targets in one sync, and what waits behind an open batch. Not here: batches of one target ([`super::batcher`]).

use std::{sync::Arc, time::Duration};

use super::{
    batcher::{batcher, drain, land, lines, push},
    model::{Rules, contact, ticket},
};
use crate::{crm::property::LIFECYCLE_STAGE, sync::batcher::Timing};

#[test]
fn one_key_of_two_targets_is_kept_in_order_and_not_folded() {
    let other = Arc::new(Rules::default().target());
    let mut batcher = batcher();
    push(&mut batcher, 1, "a@x.com", &[("phone", "1")]);
    batcher.push(&other, contact("a@x.com", &[("phone", "2")]), ticket(2), Duration::ZERO);
    push(&mut batcher, 3, "a@x.com", &[("phone", "3")]);
    let left: Vec<Vec<Vec<u64>>> = drain(&mut batcher).iter().map(lines).collect();
    assert_eq!(left, [[[1]], [[2]], [[3]]]);
}

#[test]
fn each_target_fills_batches_of_its_own() {
    let other = Arc::new(Rules::default().target());
    let mut batcher = batcher();
    for line in 0..250 {
        push(&mut batcher, line, &format!("k{line}@x.com"), &[("phone", "1")]);
        let change = contact(&format!("o{line}@x.com"), &[("phone", "1")]);
        batcher.push(&other, change, ticket(line + 1_000), Duration::ZERO);
    }
    let mut sizes: Vec<usize> = Vec::new();
    while !batcher.is_empty() {
        batcher.finish(Duration::ZERO);
        let batch = batcher.take_ready().unwrap();
        land(&mut batcher, &batch, Duration::ZERO);
        assert!(
            batch
                .inputs
                .iter()
                .all(|input| input.key.as_str().starts_with('o') == Arc::ptr_eq(&batch.target, &other))
        );
        sizes.push(batch.inputs.len());
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 50, 100, 100, 100, 100]);
}

#[test]
fn a_state_of_a_record_that_is_parked_behind_the_open_batch_lets_that_batch_go() {
    let mut batcher = batcher();
    push(&mut batcher, 1, "a@x.com", &[(LIFECYCLE_STAGE, "lead")]);
    push(&mut batcher, 2, "a@x.com", &[(LIFECYCLE_STAGE, "customer")]);
    batcher.state_arrived(|ticket| ticket.line == 2);
    assert_eq!(batcher.deadline(), Some(Timing::STANDARD.quiet));
}
