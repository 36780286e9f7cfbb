//! What an entry of `field_mappings` does in a plan.

use super::*;

#[test]
fn an_explicit_mapping_wins_and_claims_its_property() {
    let mappings =
        [mapping(None, "mail", "email"), mapping(None, "mail", "work_email"), mapping(None, "tel", "phone")];
    assert_eq!(
        routes_of(&["phone", "email", "mail", "tel", "work_email"], &mappings),
        pairs(&[
            ("phone", "Claimed"),
            ("email", "Claimed"),
            ("mail", "KEY+work_email"),
            ("tel", "phone"),
            ("work_email", "Claimed")
        ]),
    );
    // A field whose own property another field claims may still go elsewhere.
    let swapped = [mapping(None, "phone", "firstname"), mapping(None, "firstname", "phone")];
    assert_eq!(
        routes_of(&["email", "phone", "firstname"], &swapped),
        pairs(&[("email", "KEY"), ("phone", "firstname"), ("firstname", "phone")]),
    );
}

#[test]
fn a_mapping_for_the_stream_wins_over_a_general_one() {
    for name in ["users", "public.users"] {
        let mappings = [
            mapping(None, "mail", "email"),
            mapping(Some(name), "contact", "email"),
            mapping(Some("other"), "x", "phone"),
        ];
        assert_eq!(
            routes_of(&["mail", "contact", "phone"], &mappings),
            pairs(&[("mail", "Claimed"), ("contact", "KEY"), ("phone", "phone")]),
        );
    }
}

#[test]
fn a_general_mapping_applies_only_where_its_field_exists() {
    let mappings = [mapping(None, "mail", "email"), mapping(None, "tel", "phone")];
    assert_eq!(routes_of(&["email", "phone"], &mappings), pairs(&[("email", "KEY"), ("phone", "phone")]));
    assert_eq!(
        routes_of(&["email", "phone", "tel"], &mappings),
        pairs(&[("email", "KEY"), ("phone", "Claimed"), ("tel", "phone")]),
    );
    // A mapping that names the stream expects its field there, and a stream without a schema may have any.
    let named = [mapping(Some("users"), "tel", "phone")];
    assert_eq!(routes_of(&["email", "phone"], &named), pairs(&[("email", "KEY"), ("phone", "Claimed")]));
    let mut unknown = plan(&[], &mappings).unwrap();
    let one = map_with(&mut unknown, r#"{"email":"a@x.com"}"#, InvalidValues::DropValue);
    assert_eq!(contact(&one).0, "a@x.com");
}

#[test]
fn a_general_mapping_applies_once_a_record_brings_its_field_unless_its_property_is_in_use() {
    let mappings =
        [mapping(None, "mail", "email"), mapping(None, "tel", "phone"), mapping(None, "tel", "work_email")];
    let mut declared = plan(&["email", "phone"], &mappings).unwrap();
    let both = r#"{"mail":"b@x.com","email":"a@x.com","tel":"2","phone":"1"}"#;
    let mut map = |data: &str| contact(&map_with(&mut declared, data, InvalidValues::DropValue));
    assert_eq!(map(both), ("a@x.com".to_owned(), texts(&[("phone", "1"), ("work_email", "2")])));
    assert_eq!(
        routes(&declared),
        pairs(&[("email", "KEY"), ("phone", "phone"), ("mail", "MappedTooLate"), ("tel", "work_email")]),
    );
    // Fields that come together are judged together, and a field that never had a value is not in use.
    let mapped = r#"{"mail":"b@x.com","tel":"2"}"#;
    for records in [&[both][..], &[r#"{"email":null,"phone":""}"#, mapped, both]] {
        let mut grown = plan(&[], &mappings).unwrap();
        let mapped = records.iter().map(|data| map_with(&mut grown, data, InvalidValues::DropValue)).last();
        let expected = texts(&[("phone", "2"), ("work_email", "2")]);
        assert_eq!(contact(&mapped.unwrap()), ("b@x.com".to_owned(), expected), "{records:?}");
    }
}

#[test]
fn a_mapping_that_can_match_nothing_is_doubtful() {
    let declared = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let field = |name: &str, schema: &Value| catalog::Field { name: name.to_owned(), schema: schema.clone() };
    let stream = ConfiguredStream {
        fields: vec![field("email", &json!({"type": "string"})), field("address", &declared)],
        ..ConfiguredStream::undeclared(users())
    };
    for (name, expected) in [
        ("email", None),
        ("address", None),
        ("address.city", None),
        ("address.town", Some(Doubt::NotDeclared)),
        ("address[0]", Some(Doubt::Impossible)),
        ("address.city.name", Some(Doubt::Impossible)),
        ("email.value", Some(Doubt::Impossible)),
        ("emial", Some(Doubt::NoField { nearest: Some("email".to_owned()) })),
        ("phones[0].value", Some(Doubt::NoField { nearest: None })),
        ("adress.city", Some(Doubt::NoField { nearest: Some("address".to_owned()) })),
    ] {
        let one = mapping(None, name, "phone");
        let plan = Plan::new(&stream, std::slice::from_ref(&one), &target(ValuePolicy::default(), schema()))
            .unwrap();
        assert_eq!(plan.mappings().doubt(&one, &stream), expected, "{name}");
    }
}

#[test]
fn two_mappings_of_one_stream_to_one_property_are_a_config_error_however_the_stream_is_named() {
    let mappings = [mapping(Some("users"), "a", "email"), mapping(Some("public.users"), "b", "email")];
    let failure = Failure::from(plan(&["a", "b"], &mappings).unwrap_err());
    assert!(failure.message.contains("`a` and `b`"), "{failure}");
    let same = [mapping(Some("users"), "a", "email"), mapping(Some("public.users"), "a", "email")];
    assert!(plan(&["a"], &same).is_ok());
}

#[test]
fn a_mapping_that_cannot_work_is_a_config_error() {
    for (property, said) in [
        ("nickname", "has that internal name"),
        ("Phone Number", "`Phone Number` is the label of the property `phone`: write that."),
        ("fristname", "did you mean `firstname`?"),
        ("createdate", "does not let the API set"),
    ] {
        let checked = check_mappings(&[mapping(None, "name", property)], "email", &schema(), |_| false);
        let failure = Failure::from(checked.unwrap_err());
        assert_eq!(failure.failure_type, FailureType::Config);
        assert!(failure.message.contains(&format!("`name` to the property `{property}`")), "{failure}");
        assert!(failure.message.contains(said), "{failure}");
    }
    assert!(check_mappings(&[mapping(None, "mail", "email")], "email", &schema(), |_| false).is_ok());
    assert!(check_mappings(&[mapping(None, "name", "nickname")], "email", &schema(), |_| true).is_ok());
}
