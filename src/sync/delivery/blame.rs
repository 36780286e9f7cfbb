//! What HubSpot's reason for a refusal blames. Pure, and never by the words of a message: those are localised.

use std::sync::Arc;

use crate::{
    crm::key::{Key, KeySpace},
    hubspot::error_body::{ErrorBody, PropertyFault},
    mapping::reason::Code,
};

/// What is to blame for a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blame {
    /// Properties that HubSpot rejects for every record.
    Unusable(Vec<(Arc<str>, Code)>),
    /// The account's rules demand a property: always, or because of what another property says.
    MissingRequired { property: Option<Arc<str>>, always: bool },
    /// The key.
    Key,
    /// The values of these properties.
    Values(Vec<Arc<str>>),
    /// HubSpot does not have the record that was named.
    NotFound,
    /// Something that is possibly temporary: another record with the key, a change at the same moment, a reason unknown to us.
    Contested(Code),
    /// Nothing that is named.
    Nothing,
}

/// Reads a refusal. `status` is that of a refused request, `None` for an error inside an answer that succeeded.
/// `sent` gives the property of a name if it was sent: others are not believed, nor repeated in logs.
pub fn blame(
    error: &ErrorBody,
    status: Option<u16>,
    key_space: &KeySpace,
    sent: impl Fn(&str) -> Option<Arc<str>>,
) -> Blame {
    if error.is_not_found() {
        return Blame::NotFound;
    }
    let conflict =
        status == Some(409) || matches!(error.category(), Some("CONFLICT" | "OBJECT_ALREADY_EXISTS"));
    if conflict {
        return Blame::Contested(Code::Conflict);
    }
    let faults = error.property_faults();
    let unusable: Vec<_> = faults
        .iter()
        .filter_map(|fault| {
            let code = match fault.code.as_str() {
                "PROPERTY_DOESNT_EXIST" => Code::UnknownProperty,
                "READ_ONLY_VALUE" => Code::ReadOnlyProperty,
                _ => return None,
            };
            Some((sent(&fault.property)?, code))
        })
        .collect();
    if !unusable.is_empty() {
        return Blame::Unusable(unusable);
    }
    let conditional = error.has_code("MISSING_CONDITIONAL_REQUIRED_PROPERTY");
    if conditional || error.has_code("MISSING_REQUIRED_PROPERTY") {
        let harmless =
            |name: &&str| name.len() <= 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let property = faults.iter().map(|fault| fault.property.as_str()).find(harmless);
        return Blame::MissingRequired { property: property.map(Arc::from), always: !conditional };
    }
    // A property that was sent may hold an address too, and a bad one there is a bad value.
    let of_key = |fault: &PropertyFault| {
        key_space.is_key(&fault.property)
            || (fault.code == "INVALID_EMAIL" && sent(&fault.property).is_none())
    };
    if faults.iter().any(of_key) {
        return Blame::Key;
    }
    let mut values: Vec<_> = faults.iter().filter_map(|fault| sent(&fault.property)).collect();
    values.dedup();
    if !values.is_empty() {
        return Blame::Values(values);
    }
    match (status, error.category()) {
        (Some(_), _) | (None, Some("VALIDATION_ERROR")) => Blame::Nothing,
        (None, _) => Blame::Contested(Code::RefusedByHubSpot),
    }
}

/// Whether a refusal seems to be about an input: it names the key, or its message quotes it. A hint, never a verdict.
pub fn mentions_key(error: &ErrorBody, key: &Key) -> bool {
    let quoted = error
        .message
        .as_deref()
        .is_some_and(|message| message.to_lowercase().contains(&key.as_str().to_lowercase()));
    quoted || error.ids().any(|id| key.space().is_same(id, key))
}

/// A batch was refused without a named reason. If two of its inputs alone meet the same refusal, one of each half, the
/// fault is in the request itself, and taking the batch apart would only cost requests.
#[derive(Debug)]
pub struct RequestProbe {
    pub signature: String,
    pub first: usize,
    pub middle: usize,
    /// The refusal of the first one, with its status, once it came: its verdict waits for the other.
    pub first_refusal: Option<(u16, ErrorBody)>,
}

/// What makes two refusals the same one, apart from what they are about.
pub fn signature(status: u16, error: &ErrorBody) -> String {
    let text = |one: Option<&str>| one.unwrap_or_default().to_owned();
    let codes: Vec<String> = error.details().map(|detail| text(detail.code.as_deref())).collect();
    [status.to_string(), text(error.category()), text(error.sub_category.as_deref()), codes.join(",")]
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &serde_json::Value, status: Option<u16>) -> Blame {
        let error = ErrorBody::parse(body.to_string().as_bytes()).unwrap();
        blame(&error, status, &KeySpace::contacts_by_email(), |name| {
            ["phone", "notes", "x"].contains(&name).then(|| name.into())
        })
    }

    fn validation(context: &serde_json::Value) -> serde_json::Value {
        serde_json::json!({ "category": "VALIDATION_ERROR", "errors": [context] })
    }

    #[test]
    fn properties_are_read_from_the_list_and_from_the_message() {
        let listed = validation(
            &serde_json::json!({ "code": "PROPERTY_DOESNT_EXIST", "context": { "propertyName": ["x"] } }),
        );
        assert_eq!(of(&listed, Some(400)), Blame::Unusable(vec![("x".into(), Code::UnknownProperty)]));
        let embedded = serde_json::json!({
            "category": "VALIDATION_ERROR",
            "message": "Property values were not valid: [{\"isValid\":false,\"message\":\"nope [\",\"error\":\"INVALID_OPTION\",\"name\":\"phone\"}] and more",
        });
        assert_eq!(of(&embedded, None), Blame::Values(vec!["phone".into()]));
    }

    #[test]
    fn a_property_that_was_not_sent_is_not_believed() {
        let foreign = validation(
            &serde_json::json!({ "code": "READ_ONLY_VALUE", "context": { "propertyName": ["other"] } }),
        );
        assert_eq!(of(&foreign, Some(400)), Blame::Nothing);
    }

    #[test]
    fn conflicts_and_unknown_reasons_may_pass() {
        assert_eq!(
            of(&serde_json::json!({ "category": "CONFLICT" }), None),
            Blame::Contested(Code::Conflict)
        );
        assert_eq!(of(&serde_json::json!({}), Some(409)), Blame::Contested(Code::Conflict));
        assert_eq!(
            of(&serde_json::json!({ "category": "NEW_THING" }), None),
            Blame::Contested(Code::RefusedByHubSpot)
        );
        assert_eq!(of(&serde_json::json!({ "category": "VALIDATION_ERROR" }), None), Blame::Nothing);
        assert_eq!(of(&serde_json::json!({}), Some(400)), Blame::Nothing);
    }

    #[test]
    fn the_address_and_required_properties_are_told_apart_from_values() {
        let email = validation(
            &serde_json::json!({ "code": "INVALID_EMAIL", "context": { "propertyName": ["email"] } }),
        );
        assert_eq!(of(&email, Some(400)), Blame::Key);
        let required = validation(
            &serde_json::json!({ "code": "MISSING_REQUIRED_PROPERTY", "context": { "propertyName": ["favourite"] } }),
        );
        assert_eq!(
            of(&required, None),
            Blame::MissingRequired { property: Some("favourite".into()), always: true }
        );
    }

    #[test]
    fn whatever_is_wrong_with_the_address_blames_it_wherever_it_stands() {
        let about = |property: &str, code: &str| {
            let fault = serde_json::json!({ "code": code, "context": { "propertyName": [property] } });
            of(&validation(&fault), Some(400))
        };
        assert_eq!(about("email", "INVALID_OPTION"), Blame::Key);
        assert_eq!(about("other", "INVALID_EMAIL"), Blame::Key);
        assert_eq!(about("other", "INVALID_OPTION"), Blame::Nothing);
        assert_eq!(about("phone", "INVALID_EMAIL"), Blame::Values(vec!["phone".into()]));
    }

    #[test]
    fn a_required_property_is_named_only_if_its_name_can_be_one() {
        let of_name = |name: &str| {
            let fault = serde_json::json!({ "code": "MISSING_REQUIRED_PROPERTY", "context": { "propertyName": [name] } });
            of(&validation(&fault), None)
        };
        for name in ["favourite_number2", &"x".repeat(100)] {
            assert_eq!(of_name(name), Blame::MissingRequired { property: Some(name.into()), always: true });
        }
        for name in ["a@x.com", "two words", "dash-ed", &"x".repeat(101)] {
            assert_eq!(of_name(name), Blame::MissingRequired { property: None, always: true }, "{name}");
        }
    }

    #[test]
    fn refusals_are_the_same_by_status_category_and_codes() {
        let parse = |body: serde_json::Value| ErrorBody::parse(body.to_string().as_bytes()).unwrap();
        let body = |category: &str, sub: &str, code: &str, message: &str| {
            let errors = [serde_json::json!({ "code": code })];
            parse(
                serde_json::json!({ "category": category, "subCategory": sub, "message": message, "errors": errors }),
            )
        };
        let one = signature(400, &body("A", "B", "C", "first"));
        assert_eq!(one, signature(400, &body("A", "B", "C", "second")));
        let others = [
            signature(409, &body("A", "B", "C", "first")),
            signature(400, &body("X", "B", "C", "first")),
            signature(400, &body("A", "X", "C", "first")),
            signature(400, &body("A", "B", "X", "first")),
        ];
        assert!(others.iter().all(|other| *other != one), "{one} {others:?}");
    }
}
