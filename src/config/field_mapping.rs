//! One entry of `field_mappings`: which field of the source goes into which property of HubSpot.
//!
//! Not here: whether the field and the property exist, and which of several mappings wins; the mapping plan
//! of a stream decides that.

use std::{collections::HashMap, sync::Arc};

use super::{
    error::{ConfigError, List},
    stream_name::closeness,
    value_table::ValueTable,
};

/// A field of the source and the property that it goes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMapping {
    /// The stream it is for, as `name` or `namespace.name`; `None` for every stream that has the field.
    pub stream: Option<String>,
    /// The name of the field, or the path to a value inside it, exactly as it was written, since names of fields may
    /// begin or end with a space. Not blank.
    pub field: String,
    /// The internal name of the property, trimmed, never empty.
    pub property: String,
    /// What the field's values become; `None`: they stay.
    pub values: Option<Arc<ValueTable>>,
}

impl FieldMapping {
    /// Whether this mapping is for a stream. A missing namespace and an empty one are the same.
    pub fn applies_to(&self, name: &str, namespace: Option<&str>) -> bool {
        closeness(self.stream.as_deref(), name, namespace).is_some()
    }
}

/// Leaves out repeated entries, each with a warning, and refuses contradictory ones.
///
/// One field may go into several properties. Entries with a stream and entries without one do not contradict
/// each other: a general mapping may have an exception.
///
/// # Errors
/// Two fields of the same `stream`, or two without one, go into the same property, letter case aside.
pub(super) fn without_repeats(
    mappings: Vec<FieldMapping>,
    warnings: &mut Vec<String>,
) -> Result<Vec<FieldMapping>, ConfigError> {
    let mut field_of: HashMap<(Option<String>, String), String> = HashMap::new();
    let mut kept = Vec::with_capacity(mappings.len());
    for (index, mapping) in mappings.into_iter().enumerate() {
        let target = (mapping.stream.clone(), mapping.property.to_lowercase());
        match field_of.get(&target) {
            None => {
                field_of.insert(target, mapping.field.clone());
                kept.push(mapping);
            }
            Some(first) if *first == mapping.field => warnings.push(List::FieldMappings.repeats(index)),
            Some(first) => {
                return Err(ConfigError::PropertyTwice {
                    stream: mapping.stream,
                    first_field: first.clone(),
                    second_field: mapping.field,
                    property: mapping.property,
                });
            }
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(stream: Option<&str>, field: &str, property: &str) -> FieldMapping {
        FieldMapping {
            stream: stream.map(str::to_owned),
            field: field.to_owned(),
            property: property.to_owned(),
            values: None,
        }
    }

    #[test]
    fn two_fields_cannot_share_a_property() {
        for stream in [None, Some("users")] {
            let mappings = vec![mapping(stream, "a", "email"), mapping(stream, "b", "Email")];
            let error = without_repeats(mappings, &mut Vec::new()).unwrap_err();
            assert!(matches!(error, ConfigError::PropertyTwice { .. }), "{error}");
        }
    }

    #[test]
    fn what_does_not_contradict_is_kept() {
        let mappings = vec![
            mapping(None, "a", "email"),
            mapping(None, "a", "work_email"),
            mapping(Some("users"), "b", "email"),
            mapping(Some("people"), "c", "email"),
        ];
        let mut warnings = Vec::new();
        assert_eq!(without_repeats(mappings.clone(), &mut warnings), Ok(mappings));
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn a_repeated_entry_is_left_out_with_a_warning() {
        let mappings = vec![mapping(None, "a", "email"), mapping(None, "a", "email")];
        let mut warnings = Vec::new();
        assert_eq!(without_repeats(mappings, &mut warnings), Ok(vec![mapping(None, "a", "email")]));
        assert_eq!(
            warnings,
            ["Entry 2 of the setting `field_mappings` repeats an earlier one and has no effect."]
        );
    }
}
