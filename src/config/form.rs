//! Lists of objects in another form than they have, and the right form; for `field_mappings`, made of what was given.
//!
//! The texts hold keys and never a value: what stands behind a key is shown as `…`. Not here: reading the right form.

use serde_json::{Map, Value};

use super::error::List;
use crate::text::{nearest, shown};

/// Names that other tools give to the field, and to the property.
const FIELD_NAMES: &[&str] = &["source", "from", "src", "column", "source_field", "source_column", "name"];
const PROPERTY_NAMES: &[&str] =
    &["target", "to", "destination", "dest", "hubspot", "hubspot_property", "property_name", "target_field"];

/// So many entries are printed, then an ellipsis.
const MOST_ENTRIES: usize = 3;

/// An entry of `field_mappings` that says nothing of what was given.
const ENTRY: &str = r#"{"field": "…", "property": "…"}"#;

/// What an entry of a list has to be.
pub(super) fn an_entry(list: List) -> &'static str {
    match list {
        List::FieldMappings => r#"an object, such as {"field": "…", "property": "…"}"#,
        List::Streams => r#"an object, such as {"stream": "…", "mode": "…"}"#,
        List::Policies => r#"an object, such as {"property": "…", "policy": "…"}"#,
    }
}

/// Which of our names a key stands for that is one of another tool's.
pub(super) fn usual_name(key: &str) -> Option<&'static str> {
    let key = key.to_lowercase();
    if FIELD_NAMES.contains(&key.as_str()) {
        return Some("field");
    }
    PROPERTY_NAMES.contains(&key.as_str()).then_some("property")
}

/// The list that was probably meant by a value that is none.
pub(super) fn list_for(list: List, value: &Value) -> String {
    match list {
        List::FieldMappings => mappings_for(value),
        List::Streams => r#"[{"stream": "…", "mode": "…"}]"#.to_owned(),
        List::Policies => r#"[{"property": "…", "policy": "…"}]"#.to_owned(),
    }
}

fn mappings_for(value: &Value) -> String {
    let Value::Object(object) = value else { return format!("[{ENTRY}]") };
    // An entry without its list, or the names of fields as keys.
    if object.keys().any(|key| key == "field" || key == "property" || usual_name(key).is_some()) {
        return format!("[{ENTRY}]");
    }
    let mut entries: Vec<String> = object.keys().take(MOST_ENTRIES).map(|key| entry_for(key)).collect();
    if entries.is_empty() {
        entries.push(ENTRY.to_owned());
    }
    if object.len() > MOST_ENTRIES {
        entries.push("…".to_owned());
    }
    format!("[{}]", entries.join(", "))
}

/// What to say of an entry of `field_mappings` that has neither a `field` nor a `property`, but other keys: the end of a sentence, and the right
/// form. `None` if it has one of the two, or one that is nearly spelt so.
pub(super) fn of_strange_entry(entry: &Map<String, Value>) -> Option<String> {
    let is_ours = |key: &str| nearest(key, ["stream", "field", "property", "values"]).is_some();
    if entry.is_empty() || entry.keys().any(|key| key != "stream" && is_ours(key)) {
        return None;
    }
    let others: Vec<&str> = entry.keys().map(String::as_str).filter(|key| !is_ours(key)).collect();
    let given = |ours: &str| others.iter().find(|key| usual_name(key) == Some(ours)).map(|key| shown(key));
    Some(match (given("field"), given("property"), others.as_slice()) {
        (Some(field), Some(property), _) => format!(
            "has `{field}` and `{property}`. Call them `field` (what the source sends) and `property` (the internal name in \
             HubSpot): {ENTRY}"
        ),
        (Some(field), None, _) => format!(
            "has `{field}`. Call it `field` (what the source sends), and name the HubSpot property in `property`: {ENTRY}"
        ),
        (None, Some(property), _) => format!(
            "has `{property}`. Call it `property` (the internal name in HubSpot), and name the field of the source in `field`: \
             {ENTRY}"
        ),
        (None, None, [key]) => {
            format!(
                "has neither `field` nor `property`. If `{}` is the field, write {}",
                shown(key),
                entry_for(key)
            )
        }
        (None, None, _) => format!("has neither `field` nor `property`. Write it like {ENTRY}"),
    })
}

fn entry_for(field: &str) -> String {
    format!(r#"{{"field": {}, "property": "…"}}"#, Value::from(shown(field)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_right_list_is_made_of_the_keys_given() {
        for (given, expected) in [
            (json!("secret"), r#"[{"field": "…", "property": "…"}]"#),
            (json!({}), r#"[{"field": "…", "property": "…"}]"#),
            (json!({"work_mail": "secret"}), r#"[{"field": "work_mail", "property": "…"}]"#),
            (json!({"a\"b": ["secret"]}), r#"[{"field": "a\"b", "property": "…"}]"#),
            (json!({"field": "secret", "property": "secret"}), r#"[{"field": "…", "property": "…"}]"#),
        ] {
            assert_eq!(list_for(List::FieldMappings, &given), expected, "{given}");
        }
        let many = mappings_for(&json!({"a": 1, "b": 2, "c": 3, "d": 4}));
        assert!(many.starts_with(r#"[{"field": "a","#) && many.ends_with(", …]"), "{many}");
    }

    #[test]
    fn the_right_entry_is_made_of_the_keys_given() {
        let of = |entry: Value| of_strange_entry(entry.as_object().expect("an object"));
        for (given, part) in [
            (json!({"source": "secret", "target": "secret"}), "`source` and `target`. Call them `field`"),
            (json!({"from": "secret", "to": "secret", "stream": "secret"}), "`from` and `to`"),
            (json!({"name": "secret"}), "has `name`. Call it `field`"),
            (json!({"hubspot_property": "secret"}), "has `hubspot_property`. Call it `property`"),
            (json!({"work_mail": "secret"}), r#"write {"field": "work_mail", "property": "…"}"#),
            (json!({"a": 1, "b": 2}), "neither `field` nor `property`"),
        ] {
            let said = of(given.clone()).unwrap_or_default();
            assert!(said.contains(part) && !said.contains("secret"), "{given}: {said}");
        }
        for fine in
            [json!({}), json!({"field": "a"}), json!({"fields": "a"}), json!({"Property": "a", "x": 1})]
        {
            assert_eq!(of(fine.clone()), None, "{fine}");
        }
    }
}
