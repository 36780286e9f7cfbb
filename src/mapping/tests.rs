//! Tests of plans and of contacts: which field goes where, and what becomes of a record.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use serde_json::{json, value::RawValue};

use super::{
    contact::{Contact, ValueRules, map},
    email::Key,
    plan::{LeftOut, News, Plan, Targets},
    portal::{Kind, Portal, Rank},
    reason::{Code, Reason},
};
use crate::{
    config::{FieldMapping, InvalidValues, NullValues},
    error::{FailedStream, Failure, FailureType},
    hubspot::model::{MAX_VALUE_CHARACTERS, ModificationMetadata, Property, Text},
    protocol::message::StreamId,
};

fn property(name: &str, label: &str, value_type: &str, read_only_value: bool) -> Property {
    let (value_type, field_type) = value_type.split_once('/').unwrap_or((value_type, "text"));
    let text = |text: &str| Text(Some(text.to_owned()));
    Property {
        name: name.to_owned(),
        label: text(label),
        value_type: text(value_type),
        field_type: text(field_type),
        modification_metadata: ModificationMetadata { read_only_value },
        ..Property::default()
    }
}

fn portal() -> Portal {
    Portal::new(&[
        // The flag of `email` means nothing.
        property("email", "Email", "string", true),
        property("firstname", "First Name", "string", false),
        property("phone", "Phone Number", "string/phonenumber", false),
        property("work_email", "Work email", "string", false),
        property("interests", "Interests", "enumeration/checkbox", false),
        property("createdate", "Create Date", "datetime", true),
        property("lifecyclestage", "Lifecycle Stage", "enumeration/radio", false),
        property("hs_score_1", "Score", "number", false),
        property("hs_score_2", "score", "number", false),
        property("zip", "Postal Code", "string", false),
        property("postal_code", "Old one", "string", false),
        property("_airbyte_note", "", "string", false),
    ])
}

fn users() -> StreamId {
    StreamId::new("users", Some("public"))
}

fn mapping(stream: Option<&str>, field: &str, property: &str) -> FieldMapping {
    FieldMapping {
        stream: stream.map(str::to_owned),
        field: field.to_owned(),
        property: property.to_owned(),
        values: None,
    }
}

fn plan(declared: &[&str], mappings: &[FieldMapping]) -> Result<Plan, Failure> {
    Plan::new(&users(), declared, mappings, &portal())
}

/// Where a field goes, in words.
fn goes(targets: &Targets) -> String {
    let mut places: Vec<String> =
        targets.properties.iter().map(|target| target.property.name.to_string()).collect();
    if targets.key {
        places.insert(0, "KEY".to_owned());
    }
    places.extend(targets.left_out.map(|why| format!("{why:?}")));
    places.join("+")
}

fn routes(plan: &Plan) -> Vec<(String, String)> {
    plan.fields().map(|(field, targets)| (field.to_owned(), goes(targets))).collect()
}

fn routes_of(declared: &[&str], mappings: &[FieldMapping]) -> Vec<(String, String)> {
    routes(&plan(declared, mappings).unwrap())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(field, place)| ((*field).to_owned(), (*place).to_owned())).collect()
}

type Mapped = Result<Contact, Reason>;

fn map_by(plan: &mut Plan, data: &str, rules: ValueRules) -> Mapped {
    map(plan, &portal(), rules, &RawValue::from_string(data.to_owned()).unwrap())
}

fn map_with(plan: &mut Plan, data: &str, invalid: InvalidValues) -> Mapped {
    map_by(plan, data, ValueRules { invalid, ..ValueRules::default() })
}

/// A record of a stream without a schema.
fn mapped(data: &str) -> Mapped {
    map_with(&mut plan(&[], &[]).unwrap(), data, InvalidValues::DropValue)
}

fn rejected(mapped: &Mapped) -> Option<Code> {
    mapped.as_ref().err().map(|reason| reason.code)
}

/// The key and the properties of a record that became a contact.
fn contact(mapped: &Mapped) -> (String, BTreeMap<String, String>) {
    let contact = mapped.as_ref().expect("a contact");
    let properties =
        contact.properties.iter().map(|one| (one.property.name.to_string(), one.value.to_string()));
    (contact.key.as_str().to_owned(), properties.collect())
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    self::pairs(pairs).into_iter().collect()
}

// ---- Plans --------------------------------------------------------------------------------------------------

#[test]
fn fields_go_by_their_names_and_the_rest_is_left_out() {
    assert_eq!(
        routes_of(&["email", "phone", "Phone", "createdate", "age"], &[]),
        pairs(&[
            ("email", "KEY"),
            ("phone", "phone"),
            ("Phone", "Claimed"),
            ("createdate", "ReadOnly"),
            ("age", "NoProperty")
        ]),
    );
}

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
            pairs(&[("mail", "NoProperty"), ("contact", "KEY"), ("phone", "phone")]),
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
fn a_general_mapping_applies_once_a_record_brings_its_field() {
    let mappings = [mapping(None, "mail", "email"), mapping(None, "tel", "phone")];
    let mut plan = plan(&["email", "phone"], &mappings).unwrap();
    let mut map = |data: &str| contact(&map_with(&mut plan, data, InvalidValues::DropValue));
    assert_eq!(map(r#"{"email":"a@x.com","phone":"1"}"#), ("a@x.com".to_owned(), texts(&[("phone", "1")])));
    let both = r#"{"mail":"b@x.com","email":"a@x.com","tel":"2","phone":"1"}"#;
    assert_eq!(map(both), ("b@x.com".to_owned(), texts(&[("phone", "2")])));
    assert_eq!(
        routes(&plan),
        pairs(&[("email", "Claimed"), ("phone", "Claimed"), ("mail", "KEY"), ("tel", "phone")]),
    );
}

#[test]
fn names_are_found_without_case_and_separators_and_by_label() {
    assert_eq!(
        routes_of(
            &["E-Mail", "First Name", "phone number", "LIFECYCLE_STAGE", "Create Date", "score", "???"],
            &[]
        ),
        pairs(&[
            ("E-Mail", "KEY"),
            ("First Name", "firstname"),
            ("phone number", "phone"),
            ("LIFECYCLE_STAGE", "lifecyclestage"),
            ("Create Date", "ReadOnly"),
            ("score", "Ambiguous"),
            ("???", "NoProperty"),
        ]),
    );
    // A name says more than a label.
    assert_eq!(
        routes_of(&["email", "PostalCode"], &[]),
        pairs(&[("email", "KEY"), ("PostalCode", "postal_code")])
    );
    let ranks: Vec<_> = plan(&["email", "E-Mail", "FirstName", "Phone Number"], &[])
        .unwrap()
        .fields()
        .map(|(_, targets)| targets.rank)
        .collect();
    assert_eq!(ranks, [Some(Rank::Name), None, Some(Rank::SimilarName), Some(Rank::Label)]);
}

#[test]
fn of_two_fields_the_one_with_the_better_right_gets_the_property_whatever_the_order() {
    for fields in [["Phone Number", "Phone", "phone"], ["phone", "Phone", "Phone Number"]] {
        let declared: Vec<&str> = ["email"].into_iter().chain(fields).collect();
        let all_declared = routes_of(&declared, &[]);
        let mut grown = plan(&[], &[]).unwrap();
        for field in &fields {
            let data = format!(r#"{{"email":"a@x.com","{field}":"1"}}"#);
            assert!(map_with(&mut grown, &data, InvalidValues::DropValue).is_ok());
        }
        for routes in [all_declared, routes(&grown)] {
            for (field, place) in routes {
                let expected = match field.as_str() {
                    "email" => "KEY",
                    "phone" => "phone",
                    _ => "Claimed",
                };
                assert_eq!(place, expected, "{field} among {declared:?}");
            }
        }
    }
    // Of two with the same right, the first one.
    assert_eq!(
        routes_of(&["Email", "FIRSTNAME", "first_name"], &[]),
        pairs(&[("Email", "KEY"), ("FIRSTNAME", "firstname"), ("first_name", "Claimed")]),
    );
}

#[test]
fn a_field_that_loses_its_property_is_told_of() {
    let mut plan = plan(&["email", "Phone Number"], &[]).unwrap();
    plan.take_news();
    let data = r#"{"email":"a@x.com","Phone Number":"1","phone":"2"}"#;
    let one = map_with(&mut plan, data, InvalidValues::DropValue);
    assert_eq!(contact(&one).1, texts(&[("phone", "2")]));
    assert_eq!(plan.take_news(), [News::Decided(1), News::Decided(2)]);
}

#[test]
fn null_clears_only_where_it_is_to_and_never_the_stage() {
    let data = r#"{"email":"a@x.com","firstname":null,"phone":"1","lifecyclestage":null,"interests":null}"#;
    let clear = ValueRules { null: NullValues::Clear, ..ValueRules::default() };
    let one = map_by(&mut plan(&[], &[]).unwrap(), data, clear);
    assert_eq!(contact(&one).1, texts(&[("firstname", ""), ("phone", "1"), ("interests", "")]));
    assert_eq!(contact(&mapped(data)).1, texts(&[("phone", "1")]));
}

#[test]
fn a_value_that_does_not_fit_says_what_is_expected_and_not_what_it_was() {
    let mut plan = plan(&[], &[mapping(None, "points", "hs_score_1")]).unwrap();
    let one = map_with(&mut plan, r#"{"email":"a@x.com","points":"many"}"#, InvalidValues::DropValue);
    let reason = one.unwrap().dropped.swap_remove(0);
    assert_eq!((reason.code, reason.property.as_deref()), (Code::InvalidValue, Some("hs_score_1")));
    assert_eq!(reason.expects.as_deref(), Some("field `points`, number"));
}

#[test]
fn two_mappings_of_one_stream_to_one_property_are_a_config_error_however_the_stream_is_named() {
    let mappings = [mapping(Some("users"), "a", "email"), mapping(Some("public.users"), "b", "email")];
    let failure = plan(&["a", "b"], &mappings).unwrap_err();
    assert!(failure.message.contains("`a` and `b`"), "{failure}");
    let same = [mapping(Some("users"), "a", "email"), mapping(Some("public.users"), "a", "email")];
    assert!(plan(&["a"], &same).is_ok());
}

#[test]
fn a_record_deleted_in_the_source_is_rejected_however_many_fields_there_are() {
    let declared: Vec<String> = (0..10_000).map(|number| format!("f{number}")).collect();
    let mut declared: Vec<&str> = declared.iter().map(String::as_str).collect();
    declared.push("email");
    let mut plan = plan(&declared, &[]).unwrap();
    let one = map_with(&mut plan, r#"{"email":"a@x.com","_ab_cdc_deleted_at":1}"#, InvalidValues::DropValue);
    assert_eq!(rejected(&one), Some(Code::DeletedInSource));
}

#[test]
fn an_empty_stage_is_none() {
    let one = mapped(r#"{"email":"a@x.com","lifecyclestage":" ","firstname":""}"#);
    assert_eq!(contact(&one).1, texts(&[]));
}

#[test]
fn a_field_that_is_wanted_is_taken_however_many_there_are() {
    let declared: Vec<String> = (0..10_000).map(|number| format!("f{number}")).collect();
    let mut declared: Vec<&str> = declared.iter().map(String::as_str).collect();
    declared.extend(["tel", "E-Mail", "one_more"]);
    let plan = plan(&declared, &[mapping(None, "tel", "phone")]).unwrap();
    assert_eq!(routes(&plan)[10_000..], pairs(&[("tel", "phone"), ("E-Mail", "KEY")]));
}

#[test]
fn technical_columns_are_left_out_unless_mapped() {
    let mappings =
        [mapping(None, "_ab_source_file_url", "phone"), mapping(None, "_ab_cdc_deleted_at", "firstname")];
    assert_eq!(
        routes_of(
            &["email", "_airbyte_note", "_ab_cdc_lsn", "_ab_source_file_url", "_ab_source_file_x", "_abc"],
            &mappings
        ),
        pairs(&[
            ("email", "KEY"),
            ("_airbyte_note", "Technical"),
            ("_ab_cdc_lsn", "Technical"),
            ("_ab_source_file_url", "phone"),
            ("_ab_source_file_x", "Technical"),
            ("_abc", "NoProperty"),
        ]),
    );
}

#[test]
fn a_mapping_that_cannot_work_is_a_config_error() {
    for (property, said) in [("nickname", "no contact property"), ("createdate", "does not let the API set")]
    {
        for declared in [&["email"][..], &[]] {
            let failure = plan(declared, &[mapping(None, "name", property)]).unwrap_err();
            assert_eq!(failure.failure_type, FailureType::Config);
            assert!(failure.message.contains(&format!("`name` to the property `{property}`")), "{failure}");
            assert!(failure.message.contains(said), "{failure}");
        }
        assert!(
            plan(&["email"], &[mapping(Some("other"), "name", property)]).is_ok(),
            "it is for another stream"
        );
    }
    assert!(plan(&["mail"], &[mapping(None, "mail", "email")]).is_ok(), "`email` can always be set");
}

#[test]
fn a_declared_stream_without_an_address_is_a_config_error_and_an_undeclared_one_grows() {
    let failure = plan(&["id", "mail"], &[]).unwrap_err();
    assert_eq!(failure.failure_type, FailureType::Config);
    let stream = FailedStream { name: "users".to_owned(), namespace: Some("public".to_owned()) };
    assert_eq!(failure.stream, Some(stream));
    assert!(
        failure.message.contains("`public.users`") && failure.message.contains("field_mappings"),
        "{failure}"
    );

    let mut plan = plan(&[], &[]).unwrap();
    assert_eq!(routes(&plan), []);
    let _no_address = map_with(&mut plan, r#"{"phone":"1","x":1}"#, InvalidValues::DropValue);
    assert_eq!(plan.take_news(), [News::Decided(0), News::Decided(1)]);
    let second = map_with(&mut plan, r#"{"x":1,"email":"a@x.com","y":null}"#, InvalidValues::DropValue);
    assert!(second.is_ok());
    assert_eq!(plan.take_news(), [News::Decided(2), News::Decided(3)], "each is told once");
    assert_eq!(
        plan.field(3).map(|(field, targets)| (field, targets.left_out)),
        Some(("y", Some(LeftOut::NoProperty)))
    );
    assert_eq!(
        routes(&plan),
        pairs(&[("phone", "phone"), ("x", "NoProperty"), ("email", "KEY"), ("y", "NoProperty")])
    );
}

#[test]
fn a_source_that_invents_names_does_not_fill_memory() {
    let mut plan = plan(&["email"], &[]).unwrap();
    for record in 0..12 {
        let members: Vec<String> = (0..1_000).map(|field| format!("\"f{record}_{field}\":1")).collect();
        let data = format!("{{\"email\":\"a@x.com\",{}}}", members.join(","));
        assert!(map_with(&mut plan, &data, InvalidValues::DropValue).is_ok());
    }
    assert_eq!(plan.fields().count(), 10_000);
    let full = plan.take_news().iter().filter(|one| **one == News::Full).count();
    assert_eq!(full, 1, "told once");
}

// ---- Contacts -----------------------------------------------------------------------------------------------

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
        ("{}", Code::MissingEmail),
        (r#"{"email":null}"#, Code::MissingEmail),
        (r#"{"email":"  "}"#, Code::MissingEmail),
        (r#"{"mail":"a@x.com"}"#, Code::MissingEmail),
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
}

#[test]
fn a_record_deleted_in_the_source_is_never_written() {
    for (mark, deleted) in
        [("null", false), ("\"2027-01-01T00:00:00Z\"", true), ("0", true), ("\"\"", true), ("false", true)]
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
    let mut plan = plan(&["email"], &[mapping(None, "_ab_cdc_deleted_at", "phone")]).unwrap();
    let one = map_with(&mut plan, r#"{"email":"a@x.com","_ab_cdc_deleted_at":1}"#, InvalidValues::DropValue);
    assert_eq!(rejected(&one), Some(Code::DeletedInSource), "also where it is mapped");
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

// ---- The property -------------------------------------------------------------------------------------------

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
        let keys = plan.fields().filter(|(_, targets)| targets.key).count();
        prop_assert!(keys <= 1, "two fields are the address");
        let targets: Vec<_> = plan.fields().flat_map(|(_, targets)| &targets.properties).map(|one| &one.property.name).collect();
        prop_assert_eq!(targets.iter().collect::<HashSet<_>>().len(), targets.len(), "a property of two fields");
    }
}
