//! Which properties are created for fields that no property fits. Pure. Not here: asking HubSpot.
//!
//! The next sync has to find each created property again by its field's name, or it would create one more. So
//! every definition is the one and only that its field means: by internal name or label, without case and
//! separators. What cannot be found again gets no definition.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::Value;

use super::{
    name::{is_valid_name, numbered, stem},
    property_type::PropertyType,
};
use crate::{
    crm::definition::{PropertyDefinition, PropertyOption},
    mapping::json_schema::{Shape, is_nested, shape},
    text::normal,
};

/// The internal name of the group that holds what is created.
pub const GROUP: &str = "airbyte";
pub const GROUP_LABEL: &str = "Airbyte";

/// What the account shows of each property that is created.
pub const DESCRIPTION: &str = "Created by Airbyte for the field of this name.";

/// HubSpot's limit.
const MOST_LABEL_CHARACTERS: usize = 255;

/// A field for which there may be a property to create.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The field, or the path, as the mapping names it. It becomes the label.
    pub field: &'a str,
    /// The JSON schema of the field, or of what the path leads to.
    pub schema: &'a Value,
    /// The internal name, if a mapping says it. The account must not have it.
    pub name: Option<&'a str>,
}

/// The definitions for fields, each with its field: first those whose names mappings say, then the others, in the order
/// of the fields.
///
/// Of fields that are the same without case and separators only the first gets one. Those of other streams
/// share its property, so the type has to suit all: text if they differ. Mappings share a property likewise, by
/// its internal name. A field without a letter or digit gets none, nor does one that is too long for a label.
///
/// No property is made for objects and for lists of objects or of lists, since none can hold them. For a list of plain
/// values there is one only by a mapping, since only a mapping lets a list into a text. Such fields belong among
/// the others all the same: no new name will look like theirs.
///
/// A mapping finds its property by the internal name, so that name may be like any other. What it must not do is to
/// make others ambiguous: where the field's name would, the label is the internal name as well. A name that
/// HubSpot would not take gets no definition; [`super::is_valid_name`] tells.
///
/// `taken` says whether the account already finds a property by this name. It should look at similar names and
/// labels too: a new name that is like that of a known property makes both ambiguous.
pub fn definitions<'a>(
    wanted: impl IntoIterator<Item = Wanted<'a>>,
    taken: impl Fn(&str) -> bool,
) -> Vec<(String, PropertyDefinition)> {
    let Demand { mut named, mut others } = Demand::of(wanted);
    // A name must not look like another field, which would then be written into this field's property.
    let mut meant: HashSet<String> = others.keys().cloned().collect();
    // A field that looks like the name in a mapping finds that property.
    for (name, (_, property_type)) in &mut named {
        let similar = normal(name);
        if let Some((_, Some(other))) = others.shift_remove(&similar) {
            *property_type = property_type.common(other);
        }
        meant.insert(similar);
    }

    let mut definitions = Vec::with_capacity(named.len() + others.len());
    for (name, (field, property_type)) in named {
        let shown = label(field);
        let similar = normal(&shown);
        let unambiguous = similar == normal(name) || (!taken(&shown) && meant.insert(similar.clone()));
        let label = if similar.is_empty() || !unambiguous { name.to_owned() } else { shown };
        definitions.push((field.to_owned(), define(property_type, name.to_owned(), label)));
    }
    for (own, (field, property_type)) in &others {
        let label = label(field);
        let Some(property_type) = property_type.filter(|_| normal(&label) == *own) else { continue };
        let stem = stem(field);
        let free = |name: &String| {
            let similar = normal(name);
            !taken(name) && (similar == *own || meant.insert(similar))
        };
        if let Some(name) = (1..=u32::MAX).map(|number| numbered(&stem, number)).find(free) {
            definitions.push(((*field).to_owned(), define(property_type, name, label)));
        }
    }
    definitions
}

/// What is wanted, each property once: the field that is the first to want it, and the type that suits all.
#[derive(Default)]
struct Demand<'a> {
    /// By the internal name that mappings say.
    named: IndexMap<&'a str, (&'a str, PropertyType)>,
    /// By the normal form of the field; without a type if there is to be no property.
    others: IndexMap<String, (&'a str, Option<PropertyType>)>,
}

impl<'a> Demand<'a> {
    fn of(wanted: impl IntoIterator<Item = Wanted<'a>>) -> Self {
        let mut demand = Self::default();
        for Wanted { field, schema, name } in wanted {
            let property_type = PropertyType::of(schema);
            let Some(name) = name else {
                let property_type = (!is_nested(schema) && !is_list(schema)).then_some(property_type);
                let (_, known) = demand.others.entry(normal(field)).or_insert((field, property_type));
                *known = known
                    .zip(property_type)
                    .map(|(known, property_type)| known.common(property_type))
                    .or(*known)
                    .or(property_type);
                continue;
            };
            if is_valid_name(name) && !is_nested(schema) {
                let (_, known) = demand.named.entry(name).or_insert((field, property_type));
                *known = known.common(property_type);
            }
        }
        demand.others.shift_remove("");
        demand
    }
}

fn is_list(schema: &Value) -> bool {
    matches!(shape(schema), Shape::ListOfObjects | Shape::ListOfPlain | Shape::List)
}

/// The field's name as people are to see it.
fn label(field: &str) -> String {
    field.trim().chars().take(MOST_LABEL_CHARACTERS).collect()
}

fn define(property_type: PropertyType, name: String, label: String) -> PropertyDefinition {
    let (value_type, field_type) = property_type.types();
    let option =
        |label: &str, value: &str| PropertyOption { label: label.to_owned(), value: value.to_owned() };
    // HubSpot refuses the type without them.
    let yes_and_no = || vec![option("Yes", "true"), option("No", "false")];
    PropertyDefinition {
        name,
        label,
        value_type: value_type.to_owned(),
        field_type: field_type.to_owned(),
        options: if property_type == PropertyType::Bool { yes_and_no() } else { Vec::new() },
        ..PropertyDefinition::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};
    use serde_json::json;

    use super::*;

    fn wanted<'a>(field: &'a str, schema: &'a Value) -> Wanted<'a> {
        Wanted { field, schema, name: None }
    }

    fn mapped<'a>(field: &'a str, schema: &'a Value, name: &'a str) -> Wanted<'a> {
        Wanted { field, schema, name: Some(name) }
    }

    /// Name, label and field type of what is made.
    fn made<'a>(wanted: impl IntoIterator<Item = Wanted<'a>>, taken: &[&str]) -> Vec<[String; 3]> {
        let made = definitions(wanted, |name| taken.contains(&name)).into_iter();
        made.map(|(_, new)| [new.name, new.label, new.field_type]).collect()
    }

    #[test]
    fn schemas_that_agree_give_their_type_and_those_that_differ_give_text() {
        let [number, integer, bool] = ["number", "integer", "boolean"].map(|name| json!({"type": name}));
        let fields = [(" Is VIP? ", &bool), ("a", &number), ("b", &bool), ("a", &integer), ("B", &number)];
        let made = definitions(fields.map(|(field, schema)| wanted(field, schema)), |_| false);
        let plain = |name: &str, value_type: &str, field_type: &str| PropertyDefinition {
            name: name.to_owned(),
            label: name.to_owned(),
            value_type: value_type.to_owned(),
            field_type: field_type.to_owned(),
            ..PropertyDefinition::default()
        };
        let option =
            |label: &str, value: &str| PropertyOption { label: label.to_owned(), value: value.to_owned() };
        let vip = PropertyDefinition {
            label: "Is VIP?".to_owned(),
            options: vec![option("Yes", "true"), option("No", "false")],
            ..plain("is_vip", "bool", "booleancheckbox")
        };
        let expected =
            [(" Is VIP? ", vip), ("a", plain("a", "number", "number")), ("b", plain("b", "string", "text"))];
        assert_eq!(made, expected.map(|(field, definition)| (field.to_owned(), definition)));
    }

    #[test]
    fn fields_give_names() {
        let x = |count| "x".repeat(count);
        for (fields, taken, expected) in [
            (&["First  Name", "__age__c_", "_", ""][..], &[][..], &["first_name", "age_c"][..]),
            (&["2nd", "-HS lead", "hsx", "hs"], &[], &["field_2nd", "field_hs_lead", "hsx", "hs"]),
            (&["hs", "age"], &["hs", "age", "age_2"], &["field_hs_2", "age_3"]),
            (&["имя", "First Name", "адрес", "first_name"], &[], &["imya", "first_name", "adres"]),
            (
                &["email", "名前", "電話", "1st_order", "ID"],
                &["email"],
                &["email_2", "field", "field_2", "field_1st_order", "id"],
            ),
            // The second field would be written into the property of the first if that were called `groesse`.
            (&["Größe", "GROESSE", "顧客ID", "ID"], &[], &["groesse_2", "groesse", "id_2", "id"]),
            (&["カナ", "kana", "姓（カナ）"], &[], &["kana_2", "kana", "kana_3"]),
            (&[&x(101), &(x(99) + " y")], &[], &[&x(100), &x(99)]),
            (&[&x(101)], &[&x(100)], &[&(x(98) + "_2")]),
            (&[&format!("1{}", x(100))], &[], &[&format!("field_1{}", x(93))]),
            (&[&x(255), &"y".repeat(256)], &[], &[&x(100)]),
        ] {
            let fields = fields.iter().map(|field| wanted(field, &Value::Null));
            let made = definitions(fields, |name| taken.contains(&name));
            let names: Vec<&str> = made.iter().map(|(_, new)| new.name.as_str()).collect();
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn a_mapping_says_the_internal_name() {
        let [text, number] = ["string", "integer"].map(|name| json!({"type": ["null", name]}));
        let all = [
            wanted("名前", &text),
            mapped("city", &text, "home_city"),
            // A second property of this label would make both ambiguous, and so would that of a known property or field.
            mapped("City", &text, "work_city"),
            mapped("phone", &number, "shop_phone"),
            mapped("名前", &text, "shop_name"),
            mapped("_", &text, "blank"),
            // Two streams, one property.
            mapped("score", &number, "shop_score"),
            mapped("points", &number, "shop_score"),
            mapped("size", &number, "shop_size"),
            mapped("Größe", &text, "shop_size"),
            // It looks like a property that there is, which is what somebody asked for.
            mapped("fax", &number, "pho_ne"),
            // HubSpot would not take these.
            mapped("a", &text, "Größe"),
            mapped("b", &text, "hs_b"),
        ];
        let expected = [
            ["home_city", "city", "text"],
            ["work_city", "work_city", "text"],
            ["shop_phone", "shop_phone", "number"],
            ["shop_name", "shop_name", "text"],
            ["blank", "blank", "text"],
            ["shop_score", "score", "number"],
            ["shop_size", "size", "text"],
            ["pho_ne", "fax", "number"],
            ["field", "名前", "text"],
        ];
        assert_eq!(made(all, &["phone", "pho_ne"]), expected);
    }

    #[test]
    fn a_field_that_looks_like_the_name_in_a_mapping_shares_its_property() {
        let [text, number] = ["string", "integer"].map(|name| json!({"type": name}));
        let all = [wanted("Home City", &text), mapped("n", &number, "home_city"), wanted("Größe", &text)];
        let expected = [["home_city", "n", "text"], ["groesse", "Größe", "text"]];
        assert_eq!(made(all, &[]), expected);
        // The name in a mapping is not given to another field.
        let all = [wanted("Größe", &text), mapped("n", &text, "groesse")];
        assert_eq!(made(all, &[]), [["groesse", "n", "text"], ["groesse_2", "Größe", "text"]]);
    }

    #[test]
    fn no_property_is_made_for_what_none_can_hold() {
        let text = json!({"type": ["null", "string"]});
        let object = json!({"type": ["null", "object"]});
        let list = |items: &Value| json!({"type": ["null", "array"], "items": items});
        for (schema, by_itself, by_mapping) in [
            (text.clone(), Some("text"), Some("text")),
            (json!({}), Some("text"), Some("text")),
            (json!({"type": ["string", "object"]}), Some("text"), Some("text")),
            (list(&text), None, Some("textarea")),
            (json!({"type": "array"}), None, Some("textarea")),
            (object.clone(), None, None),
            (list(&object), None, None),
            (list(&list(&text)), None, None),
            (json!({"type": ["array", "object"], "items": object}), None, None),
        ] {
            let types = |one| made([one], &[]).into_iter().map(|[_, _, field_type]| field_type).next();
            assert_eq!(types(wanted("a", &schema)).as_deref(), by_itself, "{schema}");
            assert_eq!(types(mapped("a", &schema, "b")).as_deref(), by_mapping, "{schema}");
        }
        // A stream's object does not take away another stream's text, nor does a name look like the object's.
        let number = json!({"type": "number"});
        let all =
            [wanted("a", &object), wanted("A", &number), wanted("Größe", &text), wanted("Groesse", &object)];
        assert_eq!(made(all, &[]), [["a", "a", "number"], ["groesse_2", "Größe", "text"]]);
    }

    /// The fields whose definitions a field means, as the account looks for them.
    fn found<'a>(made: &'a [(String, PropertyDefinition)], field: &str) -> Vec<&'a str> {
        let own = normal(field);
        let ranks: [&dyn Fn(&PropertyDefinition) -> bool; 3] =
            [&|new| new.name == field, &|new| normal(&new.name) == own, &|new| normal(&new.label) == own];
        let all = |fits: &dyn Fn(&PropertyDefinition) -> bool| -> Vec<&'a str> {
            made.iter().filter(|(_, new)| fits(new)).map(|(field, _)| field.as_str()).collect()
        };
        ranks.into_iter().map(all).find(|fields| !fields.is_empty()).unwrap_or_default()
    }

    /// Names in many scripts, and such as become the same in Latin letters.
    const SCRIPTS: &str = "[äöüßÄÖÜẞéåoeusa]{1,4}|[а-яА-Яіїґ ]{1,6}|[α-ωΑ-Ω]{1,5}|[ぁ-ゖァ-ヺーｦ-ﾟ]{1,5}|[名前電話カナID_]{1,4}\
        |[가-힣]{1,3}|[ا-يא-ת]{1,4}|[अ-ह्ิ]{1,3}|Größe|GROESSE|gro_esse|имя|imya|カナ|kana|顧客ID|id|FIELD|field_[23]";

    proptest! {
        #[test]
        fn names_are_valid_and_found_again(
            fields in collection::vec("\\PC{0,8}|[a-cA-C_ é2]{0,4}|(hs|field)_?[2a]?|[a é]{95,260}", 0..16),
            scripts in collection::vec(SCRIPTS, 0..16),
            mappings in collection::hash_map("[a-c]{1,2}|field2?|groesse|kana|id|imya", SCRIPTS, 0..6),
            taken in collection::hash_set("(field|hs|field_hs|[a-c]{1,2}|groesse|kana)(_[2-4])?", 0..20),
        ) {
            let fields: Vec<String> = fields.into_iter().chain(scripts).collect();
            let is_taken = |name: &str| taken.contains(name);
            let free = mappings.iter().filter(|(name, _)| !is_taken(name));
            let all = free.map(|(name, field)| mapped(field, &Value::Null, name));
            let made = definitions(
                all.chain(fields.iter().map(|field| wanted(field, &Value::Null))), is_taken);
            let mut seen = HashSet::new();
            for (field, PropertyDefinition { name, label, .. }) in &made {
                prop_assert!(is_valid_name(name), "{name}");
                prop_assert!(!is_taken(name) && seen.insert(name), "{name}");
                prop_assert!(!label.trim().is_empty() && label.chars().count() <= 255);
                let meant = if mappings.contains_key(name) { name } else { field };
                prop_assert_eq!(found(&made, meant), [field.as_str()]);
            }
            for name in mappings.keys().filter(|name| !is_taken(name)) {
                prop_assert!(seen.contains(name), "{name}");
            }
            for field in fields.iter().filter(|field| field.chars().count() <= 255) {
                prop_assert_eq!(found(&made, field).len(), usize::from(!normal(field).is_empty()), "{}", field);
            }
        }
    }
}
