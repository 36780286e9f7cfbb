//! What holds for any record, mapping and order.

use super::*;

/// Any JSON text.
fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|one| one.to_string()),
        any::<f64>().prop_map(|one| json!(one).to_string()),
        Just("1e400".to_owned()),
        "\\PC{0,12}".prop_map(|text| json!(text).to_string()),
        "[a-c]@[a-c]\\.com".prop_map(|text| json!(text).to_string()),
        Just(r#""\ud800""#.to_owned()),
        Just("\"\\u0000\\n\"".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[ {} ]", list.join(" , "))),
            prop::collection::vec(("\\PC{0,3}", inner), 0..4).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{} : {value}", json!(name))).collect();
    format!("{{ {} }}", members.join(", "))
}

fn members() -> impl Strategy<Value = Vec<(String, String)>> {
    let names = vec![
        "email",
        "mail",
        "phone",
        "tel",
        "firstname",
        "interests",
        "createdate",
        "_ab_cdc_deleted_at",
        "_ab_cdc_lsn",
    ];
    let name = prop_oneof![5 => prop::sample::select(names).prop_map(str::to_owned), 1 => "\\PC{0,4}"];
    prop::collection::vec((name, json_text()), 0..8)
}

proptest! {
    #[test]
    fn any_record_becomes_a_sound_contact_or_a_reason(
        records in prop::collection::vec(members(), 1..4),
        declared in prop::sample::subsequence(vec!["email", "mail", "phone", "tel", "createdate"], 0..5),
        mapped in prop::sample::subsequence(vec![("mail", "email"), ("tel", "phone"), ("mail", "work_email")], 0..3),
        strict in any::<bool>(),
    ) {
        let mappings: Vec<FieldMapping> = mapped.iter().map(|(field, property)| mapping(None, field, property)).collect();
        let Ok(mut plan) = plan(&declared, &mappings) else { return Ok(()) };
        let invalid_values = if strict { InvalidValues::RejectRecord } else { InvalidValues::DropValue };
        for record in &records {
            let one = map_with(&mut plan, &object(record), invalid_values);
            if let Ok(contact) = &one {
                prop_assert_eq!(Key::parse(contact.key.as_str()), Some(contact.key.clone()));
                let names: HashSet<&str> = contact.properties.iter().map(|one| &*one.property.name).collect();
                prop_assert_eq!(names.len(), contact.properties.len(), "a property twice");
                prop_assert!(!names.contains("email") && !names.contains("createdate"));
                prop_assert!(!strict || contact.dropped.is_empty());
            }
            // The last of repeated fields counts, as if the others had not been there.
            let mut single: Vec<(String, String)> = Vec::new();
            for (name, value) in record {
                match single.iter_mut().find(|(other, _)| other == name) {
                    Some((_, earlier)) => earlier.clone_from(value),
                    None => single.push((name.clone(), value.clone())),
                }
            }
            plan.take_news();
            let again = map_with(&mut plan, &object(&single), invalid_values);
            prop_assert_eq!(again, one);
            prop_assert!(plan.take_news().is_empty(), "told twice");
        }
        let fields: HashSet<&str> = plan.fields().map(|(field, _)| field).collect();
        prop_assert_eq!(fields.len(), plan.fields().count());
        let keys: Vec<&str> = plan.fields().filter(|(_, field)| field.is_key()).map(|(name, _)| name).collect();
        prop_assert!(keys.len() <= 1 || keys.iter().all(|name| is_email_word(name)), "two fields are the address");
        let targets: Vec<_> = plan.fields().flat_map(|(_, field)| field.properties()).map(|one| &one.name).collect();
        prop_assert_eq!(targets.iter().collect::<HashSet<_>>().len(), targets.len(), "a property of two fields");
    }
}
