//! What becomes of a plan in the course of a stream: which field keeps what it has, and who gets what was held by nulls.

use super::*;

/// Fault: one row with an undeclared field took the key, or a property, from the rest of its stream.
#[test]
fn a_field_in_use_keeps_what_it_has_whatever_comes_later() {
    let mappings = [mapping(None, "tel", "phone")];
    for late in ["null", "\"\"", "\"x@x.com\""] {
        let mut plan = plan(&["Email", "First Name", "Phone"], &mappings).unwrap();
        let intruder = format!(
            r#"{{"Email":"a@x.com","First Name":"A","email":{late},"firstname":{late},"tel":{late}}}"#
        );
        let usual = r#"{"Email":"b@x.com","First Name":"B","Phone":"1"}"#;
        let _one = map_with(&mut plan, &intruder, InvalidValues::DropValue);
        let one = map_with(&mut plan, usual, InvalidValues::DropValue);
        let expected = texts(&[("firstname", "B"), ("phone", "1")]);
        assert_eq!(contact(&one), ("b@x.com".to_owned(), expected), "after {late}");
        // Without a catalog, the field that was there first is in use.
        let mut grown = self::plan(&[], &mappings).unwrap();
        for data in [usual, &intruder, usual] {
            assert!(map_with(&mut grown, data, InvalidValues::DropValue).is_ok(), "{data}");
        }
        let one = map_with(&mut grown, usual, InvalidValues::DropValue);
        assert_eq!(contact(&one).1, texts(&[("firstname", "B"), ("phone", "1")]), "after {late}");
    }
}

/// Maps rows by one plan without a catalog, and gives what became of the last one.
fn last_of(mappings: &[FieldMapping], rows: &[&str]) -> Mapped {
    let mut plan = plan(&[], mappings).unwrap();
    rows.iter().map(|row| map_with(&mut plan, row, InvalidValues::DropValue)).last().unwrap()
}

/// Fault: nulls in the first row decided the key and properties for ever.
#[test]
fn what_a_null_holds_goes_to_the_first_field_that_has_a_value() {
    let path = [mapping(None, "a.b", "phone"), mapping(None, "contact.mail", "email")];
    let one = last_of(&path, &[r#"{"a":null,"contact":null}"#, r#"{"a.b":"1","contact.mail":"a@x.com"}"#]);
    assert_eq!(contact(&one), ("a@x.com".to_owned(), texts(&[("phone", "1")])));
    for (rows, key) in [
        // Spellings of the word that came together stand in by their right, whichever was filled first.
        (
            [
                r#"{"email":null,"email_address":"s@x.com"}"#,
                r#"{"email":"m@x.com","email_address":"s@x.com"}"#,
            ],
            "m@x.com",
        ),
        ([r#"{"Email":null,"mail":null}"#, r#"{"Email":null,"mail":"b@x.com"}"#], "b@x.com"),
        // A field in use keeps the key, here as everywhere.
        ([r#"{"Email":null,"mail":"a@x.com"}"#, r#"{"Email":"x@x.com","mail":"b@x.com"}"#], "b@x.com"),
        // A spelling that comes later stands behind those that were there.
        ([r#"{"E-Mail":"a@x.com"}"#, r#"{"E-Mail":"b@x.com","email":"x@x.com"}"#], "b@x.com"),
    ] {
        assert_eq!(contact(&last_of(&[], &rows)).0, key, "{rows:?}");
    }
    // What a mapping names comes before what has a value, where they come together.
    let work = [mapping(None, "work_mail", "email")];
    let rows = [r#"{"email":"a@x.com","work_mail":null}"#, r#"{"email":"a@x.com","work_mail":"w@x.com"}"#];
    assert_eq!(rejected(&last_of(&work, &rows[..1])), Some(Code::MissingEmail));
    assert_eq!(contact(&last_of(&work, &rows)).0, "w@x.com");
}

#[test]
fn an_address_that_is_absent_from_a_field_that_exists_says_nothing_of_the_set_up() {
    let path = [mapping(None, "emails[0].value", "email")];
    let found = r#"{"emails":[{"value":"a@x.com"}]}"#;
    for (rows, code) in [
        (&[r#"{"emails":[]}"#][..], Code::MissingEmail),
        (&[found, "{}"], Code::MissingEmail),
        (&[found, r#"{"emails":[{"label":"x"}]}"#], Code::MissingEmail),
        (&[r#"{"emails":[{"label":"x"}]}"#], Code::NoEmailField),
        (&["{}"], Code::NoEmailField),
    ] {
        assert_eq!(rejected(&last_of(&path, rows)), Some(code), "{rows:?}");
    }
    let mut declared = plan(&["email"], &[]).unwrap();
    for row in ["{}", r#"{"email":{}}"#] {
        assert_eq!(
            rejected(&map_with(&mut declared, row, InvalidValues::DropValue)),
            Some(Code::MissingEmail)
        );
    }
}

#[test]
fn a_property_that_a_platform_has_chosen_is_no_mark() {
    let field = |name: &str| catalog::Field { name: name.to_owned(), schema: json!({}) };
    let stream = ConfiguredStream {
        fields: vec![field("mail"), field("deleted_at")],
        matching_key: Some("mail".to_owned()),
        fields_are_properties: true,
        ..ConfiguredStream::undeclared(users())
    };
    let schema = Schema::new(&[property("deleted_at", "Deleted", "string", false)]);
    let mut plan = Plan::new(&stream, &[], &target(ValuePolicy::default(), schema)).unwrap();
    let row = RawValue::from_string(r#"{"mail":"a@x.com","deleted_at":"2027-01-01"}"#.to_owned()).unwrap();
    let one = map_record(&mut plan, &row);
    assert_eq!(contact(&one).1, texts(&[("deleted_at", "2027-01-01")]));
}

/// Fault: an object in a field with a mapped path counted as a value that did not fit, since its name means a text.
#[test]
fn an_object_of_which_a_mapping_takes_a_path_is_no_value_of_its_own() {
    let mappings = [mapping(None, "phone.home", "work_email"), mapping(None, "zip.code", "postal_code")];
    let mut plan = plan(&[], &mappings).unwrap();
    let row = r#"{"email":"a@x.com","phone":{"home":"1"},"zip":{"code":"2"}}"#;
    let one = map_with(&mut plan, row, InvalidValues::RejectRecord);
    assert_eq!(contact(&one).1, texts(&[("work_email", "1"), ("postal_code", "2")]));
    assert!(!plan.take_news().iter().any(|one| matches!(one, News::Nested(..))));
    // A plain value still means what the name says.
    let one = map_with(&mut plan, r#"{"email":"a@x.com","zip":"3"}"#, InvalidValues::RejectRecord);
    assert_eq!(contact(&one).1, texts(&[("zip", "3")]));
}
