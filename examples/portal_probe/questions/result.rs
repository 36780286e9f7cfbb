//! What the results of a batch look like when nothing goes wrong.

use destination_hubspot::{crm::property::LIFECYCLE_STAGE, hubspot::answer::BatchResult};
use serde_json::Value;

use crate::{
    portal::{Input, Portal},
    verdict::Verdict,
    wire::Failed,
};

const COUNT: usize = 6;
/// Another order than that of creation, and not its reverse either: results sorted by id keep neither.
const OTHER_ORDER: [usize; COUNT] = [3, 0, 5, 1, 4, 2];

pub(super) async fn results(portal: Portal<'_>) -> Result<Vec<Verdict>, Failed> {
    let addresses: [String; COUNT] = portal.addresses()?;
    let in_order: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let reordered: Vec<&str> =
        OTHER_ORDER.iter().filter_map(|position| in_order.get(*position).copied()).collect();

    let created = portal
        .upsert("six new contacts", &all(&in_order, &[("firstname", "Probe")]))
        .await?
        .results(COUNT)?;
    let what = "the same six in another order";
    let updated = portal.upsert(what, &all(&reordered, &[("firstname", "Prober")])).await?.results(COUNT)?;

    Ok(vec![
        echo(created.iter().chain(&updated)),
        order(&[(&in_order, &created), (&reordered, &updated)]),
        default_stage(portal, &in_order).await?,
    ])
}

fn all<'a>(addresses: &[&'a str], properties: &'a [(&'a str, &'a str)]) -> Vec<Input<'a>> {
    addresses.iter().map(|address| (*address, properties)).collect()
}

fn echo<'a>(results: impl Iterator<Item = &'a BatchResult>) -> Verdict {
    const NAME: &str = "echo_trace_ids";
    let (with, without): (Vec<_>, Vec<_>) =
        results.partition(|result| result.object_write_trace_id.as_deref().is_some());
    match (with.len(), without.len()) {
        (_, 0) => Verdict::setting(NAME, true),
        (0, _) => Verdict::setting(NAME, false),
        _ => Verdict::Unlike(NAME, "some results repeat their trace id, others do not".to_owned()),
    }
}

fn order(batches: &[(&[&str], &[BatchResult])]) -> Verdict {
    let mut is_kept = true;
    for (sent, results) in batches {
        for (address, result) in sent.iter().zip(*results) {
            let Some(key) = result.key().map(str::to_lowercase) else {
                return Verdict::Open("a result does not show its address".to_owned());
            };
            is_kept &= key == **address;
        }
    }
    Verdict::setting("shuffle_results", !is_kept)
}

async fn default_stage(portal: Portal<'_>, addresses: &[&str]) -> Result<Verdict, Failed> {
    const NAME: &str = "default_lifecycle_stage";
    let read = portal.read("their lifecycle stages", addresses, &[LIFECYCLE_STAGE]).await?;
    let results = read.results(addresses.len())?;
    let mut stages: Vec<Option<String>> =
        results.iter().map(|result| result.value(1).map(str::to_owned)).collect();
    stages.dedup();
    Ok(match stages.as_slice() {
        [stage] => {
            let stage = stage.clone().filter(|stage| !stage.is_empty());
            Verdict::setting(NAME, stage.map_or(Value::Null, Value::String))
        }
        _ => Verdict::Unlike(NAME, "new contacts have different stages".to_owned()),
    })
}
