//! Many random batches against a simple model: what the sandbox holds in the end is what was sent and accepted.

use std::collections::BTreeMap;

use hubspot_sandbox::{Fault, Limits, Sandbox, Settings, What};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

type Model = BTreeMap<String, BTreeMap<String, String>>;

/// A batch of distinct addresses; some inputs are wrong.
fn batch(random: &mut fastrand::Rng) -> Vec<(String, String, bool)> {
    let mut numbers: Vec<usize> = (0..40).collect();
    random.shuffle(&mut numbers);
    numbers.truncate(random.usize(1..=20));
    let email = |number| format!("model-{number}@example.com");
    numbers
        .into_iter()
        .map(|number| (email(number), random.u32(..1_000).to_string(), random.u8(..10) == 0))
        .collect()
}

fn inputs(batch: &[(String, String, bool)]) -> Vec<Value> {
    traced(batch.iter().map(|(email, value, is_wrong)| {
        let number = if *is_wrong { "wrong" } else { value.as_str() };
        input(&email.to_uppercase(), &json!({ "favourite_number": number, "city": value }))
    }))
}

fn held(sandbox: &Sandbox) -> Model {
    let contacts = sandbox.contacts().into_iter();
    contacts.map(|contact| (contact.email.clone(), contact.own_properties())).collect()
}

#[tokio::test]
async fn the_contacts_are_what_was_accepted() {
    for seed in 0..4 {
        let (sandbox, client) = start(Settings {
            seed,
            limits: Limits { enforced: false, ..Limits::default() },
            faults: vec![
                Fault::new(What::html(502)).probability(0.1),
                Fault::new(What::LoseAnswer).probability(0.1),
                Fault::new(What::CutBody).probability(0.1),
            ],
            ..Settings::default()
        });
        let mut random = fastrand::Rng::with_seed(seed);
        let mut model = Model::new();
        for _ in 0..40 {
            let batch = batch(&mut random);
            let body = json!({ "inputs": inputs(&batch) }).to_string();
            // An upsert by address may be sent again until it is answered.
            loop {
                let Ok(answer) = client.try_send(Method::POST, &UPSERT, body.clone()).await else { continue };
                if answer.status != 502 {
                    let expected = if batch.iter().any(|(.., is_wrong)| *is_wrong) { 207 } else { 200 };
                    assert_eq!(answer.status, expected);
                    break;
                }
            }
            for (email, value, _) in batch.into_iter().filter(|(.., is_wrong)| !is_wrong) {
                let properties =
                    [("city", value.as_str()), ("favourite_number", &value), ("lifecyclestage", "lead")];
                let owned = properties.map(|(name, value)| (name.to_owned(), value.to_owned()));
                model.insert(email, owned.into_iter().collect());
            }
        }
        assert_eq!(held(&sandbox), model, "seed {seed}");
    }
}
