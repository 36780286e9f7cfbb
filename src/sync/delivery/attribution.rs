//! Which inputs of a batch a 2xx answer accounts for, and how. Pure.
//!
//! A failure is an input whose trace id stands under `errors[]`; a success is an input whose trace id is echoed or whose
//! key is a result's address. Results are unordered, and one that was found by a secondary address carries the primary
//! one. Whoever is left over is not taken for written.

use std::{collections::HashMap, sync::Arc};

use crate::{
    crm::key::{Key, KeySpace},
    hubspot::{
        answer::{BatchAnswer, BatchResult},
        error_body::ErrorBody,
    },
};

/// What the answer says of one input.
#[derive(Debug, Clone)]
pub enum InputResult {
    Written {
        /// The record was created.
        new: bool,
        /// What the answer says of it, if it is known which result is whose.
        result: Option<BatchResult>,
        /// No result names the input: there are only enough results that nobody else claims.
        presumed: bool,
    },
    Failed(Box<ErrorBody>),
    /// The answer does not say what became of it.
    Missing,
}

/// What the answer says of the inputs, in their order.
#[derive(Debug)]
pub struct Attribution {
    pub of_inputs: Vec<InputResult>,
    /// The primary address of each result that was found by a secondary one, with the inputs that it may stand for.
    pub aliases: Vec<(String, Vec<usize>)>,
    /// The answer speaks of missing inputs and does not say of which, or of a contact that they may be addresses of. In
    /// smaller groups they can be told apart.
    pub ambiguous: bool,
}

/// Reads an answer for the inputs sent, each with its trace id.
pub fn attribute(space: &Arc<KeySpace>, sent: &[(usize, &Key)], answer: BatchAnswer) -> Attribution {
    let by_trace: HashMap<usize, usize> =
        sent.iter().enumerate().map(|(i, (trace, _))| (*trace, i)).collect();
    let by_trace = |id: &str| by_trace.get(&id.parse().ok()?).copied();
    let by_key: HashMap<&str, usize> =
        sent.iter().enumerate().map(|(i, (_, key))| (key.as_str(), i)).collect();
    let mut of_inputs = vec![InputResult::Missing; sent.len()];

    let mut unattributed = false;
    let listed = answer.errors.len();
    for error in answer.errors {
        let mut named: Vec<usize> = error.trace_ids().filter_map(by_trace).collect();
        // An error that names its input by trace id may mention others as ids: those it is not about.
        if error.trace_ids().next().is_none() {
            named.extend(error.ids().filter_map(|id| by_key.get(space.key(id)?.as_str())));
        }
        if named.is_empty() && sent.len() == 1 {
            named.push(0);
        }
        unattributed |= named.is_empty();
        for index in named {
            if let Some(place) = of_inputs.get_mut(index) {
                *place = InputResult::Failed(Box::new(error.clone()));
            }
        }
    }

    // HubSpot may count errors that it does not list. An error that is about several inputs may count as one or as several.
    let failed = of_inputs.iter().filter(|one| matches!(one, InputResult::Failed(_))).count();
    let unlisted = answer.num_errors > listed.max(failed);
    unattributed |= unlisted;

    let (mut leftover, mut aliases) = (Vec::new(), Vec::new());
    let mut contradicted = false;
    for result in answer.results {
        let exact = result.key().and_then(|key| by_key.get(key)).copied();
        let key = if exact.is_none() { result.key().and_then(|key| space.key(key)) } else { None };
        let own = exact.or_else(|| by_key.get(key.as_ref()?.as_str()).copied());
        let index = result.object_write_trace_id.as_deref().and_then(by_trace).or(own);
        let spelling = if exact.is_some() { result.key() } else { key.as_ref().map(Key::as_str) };
        if let (Some(index), Some(primary)) = (index.filter(|_| index != own), spelling) {
            aliases.push((primary.to_owned(), vec![index]));
        }
        match index.and_then(|index| of_inputs.get_mut(index)) {
            Some(place @ InputResult::Missing) => {
                *place = InputResult::Written { new: result.new, result: Some(result), presumed: false };
            }
            // A failure that is named stays one. The result may be that of another address of the contact.
            Some(InputResult::Failed(_)) => contradicted = true,
            Some(InputResult::Written { .. }) | None => leftover.push(result),
        }
    }
    if let ([place @ InputResult::Missing], true) = (&mut of_inputs[..], unlisted) {
        *place = InputResult::Failed(Box::default());
    }
    let places = of_inputs.iter().enumerate().filter(|(_, one)| matches!(one, InputResult::Missing));
    let missing: Vec<usize> = places.map(|(index, _)| index).collect();
    // An error that names nobody is about one of those who are missing: then none of them is taken for written.
    if unattributed || missing.len() > leftover.len() {
        let hints = unattributed || contradicted || !leftover.is_empty() || !aliases.is_empty();
        let ambiguous = hints && !missing.is_empty();
        return Attribution { of_inputs, aliases, ambiguous };
    }
    for (&index, result) in missing.iter().zip(&leftover) {
        if let Some(place) = of_inputs.get_mut(index) {
            // Which of several results is whose is not known, only that there are enough of them.
            let known = (missing.len() == 1 && leftover.len() == 1).then(|| result.clone());
            *place = InputResult::Written { new: result.new, result: known, presumed: true };
        }
    }
    if !missing.is_empty() {
        let primaries = leftover.iter().filter_map(BatchResult::key).filter_map(|key| space.key(key));
        aliases.extend(primaries.map(|primary| (primary.as_str().to_owned(), missing.clone())));
    }
    Attribution { of_inputs, aliases, ambiguous: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(keys: &[&str], answer: &serde_json::Value) -> Vec<&'static str> {
        let keys: Vec<Key> = keys.iter().map(|key| Key::parse(key).unwrap()).collect();
        let sent: Vec<_> = keys.iter().enumerate().collect();
        let answer = BatchAnswer::parse(answer.to_string().as_bytes(), &["email".into()]).unwrap();
        let name = |one: &InputResult| match one {
            InputResult::Written { new: true, .. } => "created",
            InputResult::Written { new: false, .. } => "updated",
            InputResult::Failed(_) => "failed",
            InputResult::Missing => "missing",
        };
        attribute(&KeySpace::contacts_by_email(), &sent, answer).of_inputs.iter().map(name).collect()
    }

    fn result(email: &str) -> serde_json::Value {
        serde_json::json!({ "id": "1", "new": false, "properties": { "email": email } })
    }

    fn error(context: &serde_json::Value) -> serde_json::Value {
        serde_json::json!({ "status": "error", "category": "VALIDATION_ERROR", "context": context })
    }

    #[test]
    fn results_are_matched_by_address_in_any_order_and_case() {
        let answer = serde_json::json!({ "results": [result("B@x.com"), { "new": true, "properties": { "email": "a@x.com" } }] });
        assert_eq!(accounts(&["a@x.com", "b@x.com"], &answer), ["created", "updated"]);
    }

    #[test]
    fn an_echoed_trace_id_wins_over_the_address() {
        let answer = serde_json::json!({ "results": [
            { "new": true, "objectWriteTraceId": "1", "properties": { "email": "primary@x.com" } },
            { "new": false, "objectWriteTraceId": "0", "properties": {} },
        ] });
        assert_eq!(accounts(&["a@x.com", "b@x.com"], &answer), ["updated", "created"]);
    }

    #[test]
    fn one_error_may_name_several_inputs() {
        let answer = serde_json::json!({ "results": [], "errors": [error(&serde_json::json!({ "objectWriteTraceId": ["0", "1"] }))] });
        assert_eq!(accounts(&["a@x.com", "b@x.com"], &answer), ["failed", "failed"]);
    }

    #[test]
    fn a_named_failure_stays_one_even_beside_a_result() {
        let answer = serde_json::json!({
            "results": [result("a@x.com")],
            "errors": [error(&serde_json::json!({ "objectWriteTraceId": ["0"] }))],
        });
        assert_eq!(accounts(&["a@x.com"], &answer), ["failed"]);
    }

    #[test]
    fn a_secondary_address_comes_back_as_the_primary_one() {
        let answer = serde_json::json!({ "results": [result("a@x.com"), result("primary@x.com")] });
        assert_eq!(accounts(&["a@x.com", "secondary@x.com"], &answer), ["updated", "updated"]);
    }

    #[test]
    fn an_empty_success_accounts_for_nothing() {
        assert_eq!(accounts(&["a@x.com", "b@x.com"], &serde_json::json!({})), ["missing", "missing"]);
        assert_eq!(
            accounts(&["a@x.com"], &serde_json::json!({ "results": null, "errors": null })),
            ["missing"]
        );
    }

    #[test]
    fn an_error_without_a_trace_id_leaves_its_input_open() {
        let answer =
            serde_json::json!({ "results": [result("a@x.com")], "errors": [error(&serde_json::json!({}))] });
        assert_eq!(accounts(&["a@x.com", "b@x.com"], &answer), ["updated", "missing"]);
    }

    #[test]
    fn an_error_that_names_nobody_makes_every_leftover_suspect() {
        let answer = serde_json::json!({
            "results": [result("a@x.com"), result("a@x.com")],
            "errors": [error(&serde_json::json!({}))],
        });
        assert_eq!(accounts(&["a@x.com", "b@x.com"], &answer), ["updated", "missing"]);
    }

    #[test]
    fn errors_that_are_counted_and_not_listed_make_every_leftover_suspect() {
        let answer = |number: usize| {
            serde_json::json!({
                "results": [result("a@x.com"), result("primary@x.com")],
                "numErrors": number,
                "errors": [error(&serde_json::json!({ "objectWriteTraceId": ["2", "3"] }))],
            })
        };
        let keys = ["a@x.com", "b@x.com", "c@x.com", "d@x.com"];
        // One error about two inputs counts as one or as two.
        for number in 0..=2 {
            assert_eq!(accounts(&keys, &answer(number)), ["updated", "updated", "failed", "failed"]);
        }
        assert_eq!(accounts(&keys, &answer(3)), ["updated", "missing", "failed", "failed"]);
        let alone = serde_json::json!({ "results": [], "numErrors": 1, "errors": [] });
        assert_eq!(accounts(&["a@x.com"], &alone), ["failed"]);
        let beside = serde_json::json!({ "results": [result("a@x.com")], "numErrors": 1, "errors": [] });
        assert_eq!(accounts(&["a@x.com"], &beside), ["updated"]);
    }

    #[test]
    fn fewer_results_than_leftovers_prove_nothing() {
        let answer = serde_json::json!({ "results": [result("other@x.com")] });
        assert_eq!(accounts(&["a@x.com", "b@x.com"], &answer), ["missing", "missing"]);
    }
}
