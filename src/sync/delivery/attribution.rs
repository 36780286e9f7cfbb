//! Which inputs of a batch a 2xx answer accounts for, and how. Pure.
//!
//! A failure is an input whose trace id stands under `errors[]`; a success is an input whose trace id is echoed or whose
//! key is a result's key. Results are unordered, and one that was found by a secondary key carries the primary
//! one. An input that nothing accounts for is never counted as written.

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
    /// The primary key of each result that was found by a secondary one, with the inputs that it may stand for.
    pub aliases: Vec<(String, Vec<usize>)>,
    /// The answer speaks of missing inputs and does not say of which, or of a record that they may be keys of. In
    /// smaller groups they can be told apart.
    pub ambiguous: bool,
}

/// An input that was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    pub trace_id: usize,
    pub key: &'a Key,
    /// The number of its record, where it is known and no other input of the request has it.
    pub id: Option<&'a str>,
}

/// Reads an answer for the inputs sent.
pub fn attribute(key_space: &Arc<KeySpace>, sent: &[Sent<'_>], answer: BatchAnswer) -> Attribution {
    let places = Places::of(key_space, sent);
    let mut of_inputs = vec![InputResult::Missing; sent.len()];
    let errors = errors(&places, answer.errors, answer.num_errors, &mut of_inputs);
    let results = results(&places, answer.results, &mut of_inputs);
    let mut aliases = results.aliases;
    // An error that names nobody is about an input that has no result; of a single one it is known which that is.
    if let ([place @ InputResult::Missing], Some(error)) = (&mut of_inputs[..], errors.unnamed.clone()) {
        *place = InputResult::Failed(Box::new(error));
    }
    let missing = of_inputs.iter().enumerate().filter(|(_, one)| matches!(one, InputResult::Missing));
    let missing: Vec<usize> = missing.map(|(index, _)| index).collect();
    let (unnamed, leftover) = (errors.unnamed.is_some(), results.leftover);
    // While an error names nobody, none of the inputs that are missing counts as written.
    if unnamed || missing.len() > leftover.len() {
        let hints = unnamed || results.contradicted || !leftover.is_empty() || !aliases.is_empty();
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
        let primaries = leftover.iter().filter_map(BatchResult::key).filter_map(|key| key_space.key(key));
        aliases.extend(primaries.map(|primary| (primary.as_str().to_owned(), missing.clone())));
    }
    Attribution { of_inputs, aliases, ambiguous: false }
}

/// The places of the inputs in their order, by what names them in an answer.
struct Places<'a> {
    key_space: &'a Arc<KeySpace>,
    by_trace: HashMap<usize, usize>,
    by_key: HashMap<&'a str, usize>,
    by_id: HashMap<&'a str, usize>,
}

impl<'a> Places<'a> {
    fn of(key_space: &'a Arc<KeySpace>, sent: &[Sent<'a>]) -> Self {
        let places = || sent.iter().enumerate();
        let by_trace = places().map(|(place, one)| (one.trace_id, place)).collect();
        let by_key = places().map(|(place, one)| (one.key.as_str(), place)).collect();
        let by_id = places().filter_map(|(place, one)| Some((one.id?, place))).collect();
        Self { key_space, by_trace, by_key, by_id }
    }

    /// By the number of its record.
    fn of_id(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    fn of_trace(&self, id: &str) -> Option<usize> {
        self.by_trace.get(&id.parse().ok()?).copied()
    }

    /// By a key in whatever spelling; most come back in the one that was sent.
    fn of_key(&self, text: &str) -> Option<usize> {
        let exact = self.by_key.get(text).copied();
        exact.or_else(|| self.by_key.get(self.key_space.key(text)?.as_str()).copied())
    }
}

/// What the errors of an answer leave open.
struct Errors {
    /// One that names no input, or one that HubSpot counts and does not list.
    unnamed: Option<ErrorBody>,
}

fn errors(
    places: &Places<'_>,
    listed: Vec<ErrorBody>,
    counted: usize,
    of_inputs: &mut [InputResult],
) -> Errors {
    let mut unnamed = None;
    let count = listed.len();
    for error in listed.into_iter().filter(|error| !error.says_nothing()) {
        let mut named: Vec<usize> = error.trace_ids().filter_map(|id| places.of_trace(id)).collect();
        // An error that names its input by trace id may mention others as ids: those it is not about.
        if error.trace_ids().next().is_none() {
            named.extend(error.ids().filter_map(|id| places.of_id(id).or_else(|| places.of_key(id))));
        }
        for &index in &named {
            if let Some(place) = of_inputs.get_mut(index) {
                *place = InputResult::Failed(Box::new(error.clone()));
            }
        }
        if named.is_empty() {
            unnamed = Some(error);
        }
    }
    // HubSpot may count errors that it does not list. An error that is about several inputs may count as one or as several.
    let failed = of_inputs.iter().filter(|one| matches!(one, InputResult::Failed(_))).count();
    if unnamed.is_none() && counted > count.max(failed) {
        unnamed = Some(ErrorBody::default());
    }
    Errors { unnamed }
}

/// What the results of an answer leave open.
struct Results {
    /// Those that are no input's that is known.
    leftover: Vec<BatchResult>,
    aliases: Vec<(String, Vec<usize>)>,
    /// One is of an input that an error names.
    contradicted: bool,
}

fn results(places: &Places<'_>, listed: Vec<BatchResult>, of_inputs: &mut [InputResult]) -> Results {
    let mut results = Results { leftover: Vec::new(), aliases: Vec::new(), contradicted: false };
    for result in listed {
        let by_id = result.id.as_deref().and_then(|id| places.of_id(id));
        let own = by_id.or_else(|| result.key().and_then(|key| places.of_key(key)));
        let traced = result.object_write_trace_id.as_deref().and_then(|id| places.of_trace(id));
        let index = traced.or(own);
        if let Some(index) = index.filter(|_| index != own)
            && let Some(primary) = result.key().and_then(|key| places.key_space.key(key))
        {
            results.aliases.push((primary.as_str().to_owned(), vec![index]));
        }
        match index.and_then(|index| of_inputs.get_mut(index)) {
            Some(place @ InputResult::Missing) => {
                *place = InputResult::Written { new: result.new, result: Some(result), presumed: false };
            }
            // A failure that is named stays one. The result may be that of another key of the record.
            Some(InputResult::Failed(_)) => results.contradicted = true,
            Some(InputResult::Written { .. }) | None => results.leftover.push(result),
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(keys: &[&str], answer: &serde_json::Value) -> Vec<&'static str> {
        let keys: Vec<Key> = keys.iter().map(|key| Key::parse(key).unwrap()).collect();
        let sent = |(trace_id, key)| Sent { trace_id, key, id: None };
        let sent: Vec<_> = keys.iter().enumerate().map(sent).collect();
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
    fn an_error_that_names_its_input_is_not_about_the_others_that_it_mentions() {
        let context = serde_json::json!({ "objectWriteTraceId": ["0"], "ids": ["b@x.com"] });
        let answer = serde_json::json!({ "results": [result("b@x.com")], "errors": [error(&context)] });
        assert_eq!(accounts(&["a@x.com", "b@x.com"], &answer), ["failed", "updated"]);
    }

    #[test]
    fn an_error_that_says_nothing_makes_no_leftover_suspect() {
        let answer = serde_json::json!({
            "results": [result("a@x.com"), result("primary@x.com")],
            "errors": [null, {}],
        });
        assert_eq!(accounts(&["a@x.com", "b@x.com"], &answer), ["updated", "updated"]);
    }

    #[test]
    fn the_result_of_a_single_input_stands_beside_an_error_that_names_nobody() {
        for error in [
            json_error(),
            serde_json::json!(null),
            serde_json::json!({ "context": { "objectWriteTraceId": ["77"] } }),
        ] {
            let answer = serde_json::json!({ "results": [result("a@x.com")], "errors": [error] });
            assert_eq!(accounts(&["a@x.com"], &answer), ["updated"]);
        }
        let answer = serde_json::json!({ "results": [], "errors": [json_error()] });
        assert_eq!(accounts(&["a@x.com"], &answer), ["failed"]);
    }

    fn json_error() -> serde_json::Value {
        error(&serde_json::json!({}))
    }

    #[test]
    fn fewer_results_than_leftovers_prove_nothing() {
        let answer = serde_json::json!({ "results": [result("other@x.com")] });
        assert_eq!(accounts(&["a@x.com", "b@x.com"], &answer), ["missing", "missing"]);
    }
}
