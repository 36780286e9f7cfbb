//! Errors of batch creates and updates as they were recorded. The texts of HubSpot's are shortened.

use serde_json::{Value, json};

use crate::hubspot::{answer::BatchAnswer, error_body::ErrorBody};

fn of_batch(error: &Value) -> ErrorBody {
    let answer = json!({ "status": "COMPLETE", "results": [], "numErrors": 1, "errors": [error] });
    let answer = BatchAnswer::parse(answer.to_string().as_bytes(), &[]).unwrap();
    assert_eq!((answer.errors.len(), answer.num_errors), (1, 1));
    answer.errors.into_iter().next().unwrap()
}

fn ids(error: &ErrorBody) -> Vec<&str> {
    error.ids().collect()
}

#[test]
fn a_create_that_meets_a_record_names_its_input_and_that_record() {
    let error = of_batch(&json!({
        "status": "error", "category": "CONFLICT", "message": "Contact already exists. Existing ID: 171591000198",
        "context": { "objectWriteTraceId": ["0"], "existingId": ["171591000198"] },
    }));
    assert_eq!(error.category(), Some("CONFLICT"));
    assert_eq!(error.trace_ids().collect::<Vec<_>>(), ["0"]);
    assert_eq!(error.existing_ids().collect::<Vec<_>>(), ["171591000198"]);
    // The record in the way is not what was asked for.
    assert!(ids(&error).is_empty());
}

#[test]
fn a_create_that_is_refused_as_a_whole_may_name_neither() {
    let body = br#"{"status":"error","message":"Contact already exists","correlationId":"c0ffee","category":"CONFLICT"}"#;
    let error = ErrorBody::parse(body).unwrap();
    assert_eq!((error.category(), error.correlation_id()), (Some("CONFLICT"), Some("c0ffee")));
    assert!(error.trace_ids().next().is_none() && error.existing_ids().next().is_none());
}

#[test]
fn an_update_of_records_that_are_gone_names_their_ids() {
    let error = of_batch(&json!({
        "status": "error", "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.",
        "context": { "ids": ["17", "18"] },
    }));
    assert_eq!(error.category(), Some("OBJECT_NOT_FOUND"));
    assert_eq!(ids(&error), ["17", "18"]);
    assert!(error.trace_ids().next().is_none());
}

/// Of the texts, only their end was recorded.
#[test]
fn the_older_form_names_them_behind_their_property() {
    let coordinates = json!(["21939747:2-18110371:tenant_id:A-1", "tenant_id:18", "no property"]);
    let error =
        json!({ "status": "error", "context": { "missingObjectPropertyValueCoordinates": coordinates } });
    let whole = ErrorBody::parse(error.to_string().as_bytes()).unwrap();
    for error in [whole, of_batch(&error)] {
        assert_eq!(ids(&error), ["A-1", "18"]);
    }
}

#[test]
fn a_number_is_as_good_an_id_as_a_text() {
    let error = of_batch(&json!({
        "category": "CONFLICT",
        "context": { "objectWriteTraceId": 3, "ids": [17], "existingId": 171_591_000_198_u64 },
    }));
    assert_eq!(error.trace_ids().collect::<Vec<_>>(), ["3"]);
    assert_eq!(ids(&error), ["17"]);
    assert_eq!(error.existing_ids().collect::<Vec<_>>(), ["171591000198"]);
}
