//! Objects in records, and paths into them.

use super::{super::field::LeftOut, *};

#[test]
fn a_path_leads_into_a_field_unless_a_field_has_its_name() {
    let mappings = [
        mapping(None, "attributes.email", "email"),
        mapping(None, "attributes.names[0]", "firstname"),
        mapping(None, "tel.home", "phone"),
    ];
    let object = json!({"type": ["null", "object"]});
    let fields = [("attributes", object.clone()), ("tel.home", json!({"type": "string"})), ("tel", object)];
    let fields = || fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let mut plan = plan_of(fields(), &mappings, ValuePolicy::default()).unwrap();
    assert!(plan.has_key());
    assert_eq!(
        routes(&plan),
        pairs(&[("attributes", "KEY+firstname"), ("tel.home", "phone"), ("tel", "Claimed")])
    );
    let data = r#"{"attributes":{"email":"A@x.com","names":["Ada"]},"tel.home":"1","tel":{"home":"2"}}"#;
    let one = map_with(&mut plan, data, InvalidValues::DropValue);
    assert_eq!(contact(&one), ("a@x.com".to_owned(), texts(&[("firstname", "Ada"), ("phone", "1")])));
    for (data, code) in [
        (r#"{"attributes":{"names":[]}}"#, Code::MissingEmail),
        (r#"{"attributes":{"email":null}}"#, Code::MissingEmail),
        (r#"{"attributes":null}"#, Code::MissingEmail),
        ("{}", Code::MissingEmail),
    ] {
        assert_eq!(rejected(&map_with(&mut plan, data, InvalidValues::DropValue)), Some(code), "{data}");
    }
}

#[test]
fn values_at_paths_clear_only_where_they_are_null_and_that_is_wanted() {
    let mappings = [mapping(None, "a.b[0].c", "phone")];
    for (data, cleared) in [
        (r#""a":{"b":[{"c":null}]}"#, true),
        (r#""a":{"b":[{"c":" "}]}"#, true),
        (r#""a":{"b":[null]}"#, true),
        (r#""a":{"b":null}"#, true),
        (r#""a":null"#, true),
        (r#""a":{"b":[{}]}"#, false),
        (r#""a":{"b":[]}"#, false),
        (r#""a":{}"#, false),
        (r#""a":"text""#, false),
        (r#""x":1"#, false),
    ] {
        let data = format!(r#"{{"email":"a@x.com",{data}}}"#);
        for (null, expected) in [
            (NullValues::Clear, if cleared { texts(&[("phone", "")]) } else { texts(&[]) }),
            (NullValues::Ignore, texts(&[])),
        ] {
            let rules = ValuePolicy { null, ..ValuePolicy::default() };
            let one = map_by(&mut plan_with(&[], &mappings, rules).unwrap(), &data, rules);
            assert_eq!(contact(&one).1, expected, "{data} with {null:?}");
        }
    }
}

#[test]
fn objects_are_left_out_with_the_paths_inside_unless_they_are_mapped() {
    let address =
        json!({"type": "object", "properties": {"city": {"type": "string"}, "geo": {"type": "object"}}});
    let phones = json!({"type": "array", "items": {"type": "object", "properties": {"value": {}}}});
    let fields = [
        ("email", json!({"type": "string"})),
        ("firstname", address.clone()),
        ("shipping", address.clone()),
        ("work_email", phones.clone()),
        ("phone", phones),
        ("zip", address),
    ];
    let fields = || fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let plan = plan_of(fields(), &[mapping(None, "zip", "postal_code")], ValuePolicy::default()).unwrap();
    let left_out: Vec<_> =
        plan.fields().filter_map(|(name, field)| Some((name, field.left_out.clone()?.detail()?))).collect();
    let expected = [
        ("firstname", "firstname.city"),
        ("shipping", "shipping.city"),
        ("work_email", "work_email[0].value"),
    ];
    assert_eq!(left_out, expected.map(|(name, paths)| (name, paths.to_owned())));
    assert_eq!(routes(&plan)[4..], pairs(&[("phone", "phone"), ("zip", "postal_code")]));
}

#[test]
fn objects_that_no_catalog_declares_are_told_of_once_with_the_paths_inside() {
    let mut plan = plan(&[], &[]).unwrap();
    let data = r#"{"email":"a@x.com","firstname":{"given":"A","Ada Lovelace":1,"sk_live_1":2,"more":{}},
        "other":[{"phone":1,"a@x.com":2}],"scores":{"Ada Lovelace":1},"list":[1,2]}"#;
    let one = map_with(&mut plan, data, InvalidValues::DropValue).unwrap();
    assert_eq!(one.dropped.iter().map(|reason| reason.code).collect::<Vec<_>>(), [Code::NestedValue]);
    let nested: Vec<_> = plan.take_news().into_iter().filter(|one| matches!(one, News::Nested(..))).collect();
    // The names of members may be values: only those that are known are told.
    assert_eq!(nested, [News::Nested(1, vec!["firstname.given".to_owned()])]);
    let left_out: Vec<_> = plan.fields().filter_map(|(_, field)| field.left_out.clone()).collect();
    let nested = |paths: &[&str]| LeftOut::Nested(paths.iter().map(|path| (*path).to_owned()).collect());
    assert_eq!(left_out, [nested(&["other[0].phone"]), nested(&[]), nested(&["list[0]"])]);
    assert!(map_with(&mut plan, data, InvalidValues::DropValue).is_ok());
    assert_eq!(plan.take_news(), []);
}

#[test]
fn a_path_into_a_field_does_not_stop_the_field_from_meaning_what_its_name_says() {
    let emails = json!({"type": "array", "items": {"type": "object", "properties": {"value": {}}}});
    let fields = vec![
        ("email".to_owned(), emails.clone()),
        ("Phone".to_owned(), emails),
        ("phone".to_owned(), json!({"type": "string"})),
    ];
    let mappings = [mapping(None, "email[1].value", "work_email"), mapping(None, "Phone[0].label", "zip")];
    let mut plan = plan_of(fields, &mappings, ValuePolicy::default()).unwrap();
    assert_eq!(
        routes(&plan),
        pairs(&[("email", "KEY+work_email"), ("Phone", "zip"), ("phone", "phone")]),
        "and takes nothing from a field of a better right"
    );
    let data = r#"{"email":[{"value":"a@x.com","primary":true},{"value":"b@x.com"}],"phone":"1"}"#;
    let one = map_with(&mut plan, data, InvalidValues::DropValue);
    assert_eq!(contact(&one), ("a@x.com".to_owned(), texts(&[("work_email", "b@x.com"), ("phone", "1")])));
}
