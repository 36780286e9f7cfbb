//! How a plan grows with its records, which columns it never takes, and what it clears.

use super::*;

#[test]
fn deletion_marks_are_no_properties_and_only_a_mapping_or_the_setting_takes_them_for_one() {
    let declared = ["email", "is_deleted", "Deleted At"];
    assert_eq!(
        routes_of(&declared, &[]),
        pairs(&[("email", "KEY"), ("is_deleted", "DeletionMark"), ("Deleted At", "DeletionMark")])
    );
    let deleted = r#"{"email":"a@x.com","is_deleted":"1","Deleted At":null}"#;
    let mapped = [mapping(None, "is_deleted", "work_email")];
    let write = ValuePolicy { deleted: DeletedRecordsOfStream::Write, ..ValuePolicy::default() };
    for (mappings, rules, code) in [
        (&[][..], ValuePolicy::default(), Some(Code::DeletedInSource)),
        (&mapped[..], ValuePolicy::default(), None),
        (&[][..], write, None),
    ] {
        let mut plan = plan_with(&declared, mappings, rules).unwrap();
        assert_eq!(rejected(&map_by(&mut plan, deleted, rules)), code);
    }
}

#[test]
fn null_clears_only_where_it_is_to_and_never_the_stage() {
    let data = r#"{"email":"a@x.com","firstname":null,"phone":"1","lifecyclestage":null,"interests":null}"#;
    let clear = ValuePolicy { null: NullValues::Clear, ..ValuePolicy::default() };
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
    let expects = reason.expects.unwrap();
    assert!(expects.starts_with("field `points`, a number such as 1250.75, without"), "{expects}");
}

#[test]
fn a_deletion_mark_counts_however_many_fields_there_are() {
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
fn a_plan_grows_with_the_fields_that_records_bring() {
    assert!(!plan(&["id", "phone"], &[]).unwrap().has_key());
    let mut plan = plan(&[], &[]).unwrap();
    assert_eq!(routes(&plan), []);
    let _no_address = map_with(&mut plan, r#"{"phone":"1","x":1}"#, InvalidValues::DropValue);
    assert_eq!(plan.take_news(), [News::Decided(0), News::Decided(1)]);
    let second = map_with(&mut plan, r#"{"x":1,"email":"a@x.com","y":null}"#, InvalidValues::DropValue);
    assert!(second.is_ok());
    assert_eq!(plan.take_news(), [News::Decided(2), News::Decided(3)], "each is told once");
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

#[test]
fn a_source_that_invents_long_names_does_not_fill_memory() {
    let mut plan = plan(&["email"], &[]).unwrap();
    let long = "x".repeat(20_000);
    for record in 0..200 {
        let data = format!("{{\"email\":\"a@x.com\",\"{long}{record}\":1}}");
        assert!(map_with(&mut plan, &data, InvalidValues::DropValue).is_ok());
    }
    assert!(map_with(&mut plan, r#"{"E-Mail":"a@x.com","phone":1}"#, InvalidValues::DropValue).is_ok());
    let bytes: usize = plan.fields().map(|(name, _)| name.len()).sum();
    assert!((1_000_000..1024 * 1024).contains(&bytes), "{bytes}");
    let full = plan.take_news().iter().filter(|one| **one == News::Full).count();
    assert_eq!(full, 1, "told once");
    assert_eq!(
        routes(&plan).last().map(|(field, _)| field.as_str()),
        Some("phone"),
        "there is room for short ones"
    );
}
