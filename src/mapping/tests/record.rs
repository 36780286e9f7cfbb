//! What becomes of a record.

use super::*;

#[test]
fn a_record_becomes_a_contact_keyed_on_its_address() {
    let one =
        mapped(r#"{"email":" Ada@X.com ","firstname":"Ada","phone":null,"interests":";a","work_email":""}"#);
    assert_eq!(contact(&one), ("ada@x.com".to_owned(), texts(&[("firstname", "Ada"), ("interests", ";a")])));
    let several = one.unwrap().properties;
    assert!(
        several
            .iter()
            .all(|one| (one.property.kind == Kind::Choices) == (&*one.property.name == "interests"))
    );
    assert_eq!(contact(&mapped(r#"{"email":"a@x.com"}"#)), ("a@x.com".to_owned(), BTreeMap::new()));
}

#[test]
fn of_repeated_fields_the_last_one_counts() {
    let one = mapped(
        r#"{"email":"a@x.com","phone":"1","email":"b@x.com","ph\u006fne":2,"firstname":"A","firstname":null}"#,
    );
    assert_eq!(contact(&one), ("b@x.com".to_owned(), texts(&[("phone", "2")])));
    assert_eq!(rejected(&mapped(r#"{"email":"a@x.com","email":null}"#)), Some(Code::MissingEmail));
}

#[test]
fn a_record_without_a_usable_address_is_rejected() {
    for (data, code) in [
        ("{}", Code::NoEmailField),
        (r#"{"email":null}"#, Code::MissingEmail),
        (r#"{"email":"  "}"#, Code::MissingEmail),
        (r#"{"email":[]}"#, Code::MissingEmail),
        (r#"{"user_email":"a@x.com"}"#, Code::NoEmailField),
        (r#"{"email":"a"}"#, Code::InvalidEmail),
        (r#"{"email":7}"#, Code::InvalidEmail),
        (r#"{"email":true}"#, Code::InvalidEmail),
        (r#"{"email":["a@x.com","b@x.com"]}"#, Code::ListValue),
        (r#"{"email":{"a":"a@x.com"}}"#, Code::InvalidEmail),
        (r#"{"email":"\ud800@x.com"}"#, Code::InvalidEmail),
    ] {
        assert_eq!(rejected(&mapped(data)), Some(code), "{data}");
    }
    let endless = format!(r#"{{"email":"{}@x.com"}}"#, "a".repeat(MAX_VALUE_CHARACTERS));
    assert_eq!(rejected(&mapped(&endless)), Some(Code::InvalidEmail));
    assert_eq!(contact(&mapped(r#"{"email":["A@x.com"]}"#)).0, "a@x.com");
    let primary = r#"{"email":[{"value":"b@x.com"},{"value":"a@x.com","primary":true}]}"#;
    assert_eq!(contact(&mapped(primary)).0, "a@x.com");
}

#[test]
fn a_record_deleted_in_the_source_is_never_written() {
    for (mark, deleted) in
        [("null", false), ("\"2027-01-01T00:00:00Z\"", true), ("0", false), ("\"\"", false), ("false", false)]
    {
        for data in [
            format!(r#"{{"email":"a@x.com","_ab_cdc_deleted_at":{mark}}}"#),
            format!(r#"{{"_ab_cdc_deleted_at":{mark},"email":"a@x.com"}}"#),
        ] {
            assert_eq!(rejected(&mapped(&data)), deleted.then_some(Code::DeletedInSource), "{data}");
        }
    }
    // More than the address is missing.
    assert_eq!(rejected(&mapped(r#"{"_ab_cdc_deleted_at":1}"#)), Some(Code::DeletedInSource));
}

#[test]
fn no_value_changes_nothing_unless_it_is_to_clear() {
    let values = ["null", "\"\"", "\" \\t\"", "\"\\u200b\"", "[]", "[null,\"\"]"];
    let properties = ["firstname", "phone", "interests", "lifecyclestage"];
    for value in values {
        for property in properties {
            for null in [NullValues::Ignore, NullValues::Clear] {
                let data = format!(r#"{{"email":"a@x.com","{property}":{value}}}"#);
                let rules = ValuePolicy { null, ..ValuePolicy::default() };
                let one = map_by(&mut plan(&[], &[]).unwrap(), &data, rules);
                let clears = null == NullValues::Clear && property != "lifecyclestage";
                let expected = if clears { texts(&[(property, "")]) } else { texts(&[]) };
                assert_eq!(contact(&one).1, expected, "{data} with {null:?}");
                assert!(one.unwrap().dropped.is_empty(), "{data}");
            }
        }
    }
}

#[test]
fn every_cell_with_a_value_is_counted_once() {
    let mappings = [mapping(None, "a.b", "phone"), mapping(None, "tel", "work_email")];
    let mut plan = plan(&["email", "E-Mail", "firstname", "hs_score_1", "a", "tel"], &mappings).unwrap();
    let data = r#"{"email":"a@x.com","E-Mail":"b@x.com","firstname":"A","hs_score_1":"many","a":{"b":"1","c":2},
        "tel":"","x":1,"y":null,"createdate":"2020-01-01"}"#;
    assert!(map_with(&mut plan, data, InvalidValues::DropValue).is_ok());
    let once = Cells { key: 1, mapped: 2, left_out: 3, unfit: 1, of_records_left_out: 0, cleared: 0 };
    assert_eq!(plan.cells(), once);
    assert_eq!(once.all(), 7);
    // The path of the mapping is not in it.
    assert!(map_with(&mut plan, r#"{"email":"a@x.com","a":{"c":2}}"#, InvalidValues::DropValue).is_ok());
    assert_eq!(plan.cells(), Cells { key: 2, left_out: 4, ..once });
    assert!(map_with(&mut plan, data, InvalidValues::RejectRecord).is_err());
    assert_eq!(plan.cells(), Cells { key: 2, left_out: 4, of_records_left_out: 7, ..once });
    let left_out: Vec<_> = plan
        .fields()
        .filter(|(_, field)| field.cells_left_out > 0)
        .map(|(name, field)| (name, field.cells_left_out))
        .collect();
    assert_eq!(left_out, [("E-Mail", 1), ("a", 1), ("x", 1), ("createdate", 1)]);
}

#[test]
fn a_value_that_hubspot_cannot_hold_is_dropped_or_takes_its_record_with_it() {
    let long = format!(
        r#"{{"email":"a@x.com","phone":"{}","firstname":"A"}}"#,
        "1".repeat(MAX_VALUE_CHARACTERS + 1)
    );
    let broken = r#"{"email":"a@x.com","phone":"\udc00","firstname":"A"}"#;
    for (data, code) in [(long.as_str(), Code::ValueTooLong), (broken, Code::InvalidValue)] {
        let one = mapped(data);
        assert_eq!(contact(&one).1, texts(&[("firstname", "A")]));
        let dropped: Vec<_> = one
            .iter()
            .flat_map(|one| &one.dropped)
            .map(|reason| (reason.code, reason.property.as_deref()))
            .collect();
        assert_eq!(dropped, [(code, Some("phone"))]);
        let one = map_with(&mut plan(&[], &[]).unwrap(), data, InvalidValues::RejectRecord);
        assert_eq!(rejected(&one), Some(code));
    }
    // A field that goes nowhere may hold anything.
    let one = map_with(
        &mut plan(&[], &[]).unwrap(),
        r#"{"email":"a@x.com","x":"\udc00"}"#,
        InvalidValues::RejectRecord,
    );
    assert!(one.is_ok_and(|one| one.dropped.is_empty()));
}

#[test]
fn the_address_may_be_a_property_too_but_never_the_property_email() {
    let mappings = [mapping(None, "mail", "email"), mapping(None, "mail", "work_email")];
    let mut plan = plan(&["mail", "email"], &mappings).unwrap();
    let one = map_with(&mut plan, r#"{"mail":"A@x.com","email":"b@x.com"}"#, InvalidValues::DropValue);
    assert_eq!(contact(&one), ("a@x.com".to_owned(), texts(&[("work_email", "A@x.com")])));
}
