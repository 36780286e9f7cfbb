//! Which field goes where.

use super::*;

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
        pairs(&[("email", "KEY"), ("phone", "phone"), ("mail", "Claimed"), ("tel", "work_email")]),
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

#[test]
fn spellings_of_the_word_for_the_address_stand_in_for_one_another() {
    let declared = ["Email", "email", "E-Mail Address", "mail", "user_email", "phone"];
    let mut plan = plan(&declared, &[]).unwrap();
    assert_eq!(
        routes(&plan),
        pairs(&[
            ("Email", "KEY"),
            ("email", "KEY"),
            ("E-Mail Address", "KEY"),
            ("mail", "Claimed"),
            ("user_email", "Perhaps"),
            ("phone", "phone")
        ]),
    );
    for (data, expected) in [
        (r#"{"Email":"b@x.com","email":"a@x.com"}"#, Ok("a@x.com")),
        (r#"{"Email":"b@x.com","email":null}"#, Ok("b@x.com")),
        (r#"{"Email":" ","email":"","E-Mail Address":"c@x.com"}"#, Ok("c@x.com")),
        (r#"{"Email":"b@x.com","email":"nonsense"}"#, Err(Code::InvalidEmail)),
        (r#"{"mail":"d@x.com","user_email":"e@x.com","Email":null}"#, Err(Code::MissingEmail)),
        (r#"{"mail":"d@x.com","user_email":"e@x.com"}"#, Err(Code::NoEmailField)),
    ] {
        let one = map_with(&mut plan, data, InvalidValues::DropValue);
        assert_eq!(
            one.as_ref().map(|one| one.key.as_str()).map_err(|reason| reason.code),
            expected,
            "{data}"
        );
    }
    // A mapping names the one and only.
    let mapped = self::plan(&["email", "E-Mail"], &[mapping(None, "E-Mail", "email")]).unwrap();
    assert_eq!(routes(&mapped), pairs(&[("email", "Claimed"), ("E-Mail", "KEY")]));
}

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
    let mut plan = plan_of(fields(), &mappings, ValueRules::default()).unwrap();
    assert!(plan.has_key());
    assert_eq!(
        routes(&plan),
        pairs(&[("attributes", "KEY+firstname"), ("tel.home", "phone"), ("tel", "Claimed")])
    );
    let data = r#"{"attributes":{"email":"A@x.com","names":["Ada"]},"tel.home":"1","tel":{"home":"2"}}"#;
    let one = map_with(&mut plan, data, InvalidValues::DropValue);
    assert_eq!(contact(&one), ("a@x.com".to_owned(), texts(&[("firstname", "Ada"), ("phone", "1")])));
    for (data, code) in [
        (r#"{"attributes":{"names":[]}}"#, Code::NoEmailField),
        (r#"{"attributes":{"email":null}}"#, Code::MissingEmail),
        (r#"{"attributes":null}"#, Code::MissingEmail),
        ("{}", Code::NoEmailField),
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
            let rules = ValueRules { null, ..ValueRules::default() };
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
    let plan = plan_of(fields(), &[mapping(None, "zip", "postal_code")], ValueRules::default()).unwrap();
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
    let data =
        r#"{"email":"a@x.com","firstname":{"given":"A","x@y":1,"more":{}},"other":[{"a":1}],"list":[1,2]}"#;
    let one = map_with(&mut plan, data, InvalidValues::DropValue).unwrap();
    assert_eq!(one.dropped.iter().map(|reason| reason.code).collect::<Vec<_>>(), [Code::NestedValue]);
    let nested: Vec<_> = plan.take_news().into_iter().filter(|one| matches!(one, News::Nested(..))).collect();
    assert_eq!(nested, [News::Nested(1, vec!["firstname.given".to_owned()])]);
    let details: Vec<_> = plan.fields().filter_map(|(_, field)| field.left_out.clone()?.detail()).collect();
    assert_eq!(details, ["other[0].a", "list[0]"]);
    assert!(map_with(&mut plan, data, InvalidValues::DropValue).is_ok());
    assert_eq!(plan.take_news(), []);
}

#[test]
fn deletion_marks_are_no_properties_and_only_a_mapping_or_the_setting_takes_them_for_one() {
    let declared = ["email", "is_deleted", "Deleted At"];
    assert_eq!(
        routes_of(&declared, &[]),
        pairs(&[("email", "KEY"), ("is_deleted", "DeletionMark"), ("Deleted At", "DeletionMark")])
    );
    let deleted = r#"{"email":"a@x.com","is_deleted":"1","Deleted At":null}"#;
    let mapped = [mapping(None, "is_deleted", "work_email")];
    let write = ValueRules { deleted: DeletedRecords::Write, ..ValueRules::default() };
    for (mappings, rules, code) in [
        (&[][..], ValueRules::default(), Some(Code::DeletedInSource)),
        (&mapped[..], ValueRules::default(), None),
        (&[][..], write, None),
    ] {
        let mut plan = plan_with(&declared, mappings, rules).unwrap();
        assert_eq!(rejected(&map_by(&mut plan, deleted, rules)), code);
    }
}

#[test]
fn what_a_name_means_is_written_and_what_it_may_mean_is_proposed() {
    let portal = Portal::new(&[
        property("jobtitle", "Job Title", "string", false),
        property("salutation", "Salutation", "string", false),
        property("mobilephone", "Mobile Phone Number", "string", false),
        property("city", "City", "string", false),
        property("state", "State/Region", "string", false),
        property("hs_content_membership_status", "Status", "enumeration/radio", false),
        property("hs_language", "Preferred language", "string", false),
        property("tier", "Membership Tier", "string", false),
    ]);
    let found = |field: &str| match portal.find(field) {
        Match::Found(rank, property) => format!("{} {rank:?}", property.name),
        Match::Perhaps(properties) => {
            properties.iter().map(|property| format!("{}?", property.name)).collect::<Vec<_>>().join(" ")
        }
        Match::NeedsMapping(property, _) => format!("({})", property.name),
        other => format!("{other:?}"),
    };
    for (field, expected) in [
        ("Email Address", "email UsualName"),
        ("MailingCity", "city UsualName"),
        ("MailingCity__c", "city UsualName"),
        ("properties_city", "city WithoutAffix"),
        ("PROPERTIES_CITY", "city WithoutAffix"),
        ("Membership_Tier__c", "tier WithoutAffix"),
        ("Membership Tier", "tier Label"),
        ("title", "jobtitle? salutation?"),
        ("Title", "jobtitle? salutation?"),
        ("state", "state?"),
        ("STATE", "state?"),
        ("State__c", "state?"),
        // The prefix says that it is HubSpot's own property.
        ("properties_state", "state WithoutAffix"),
        ("State/Region", "state Label"),
        ("status", "(hs_content_membership_status)"),
        ("properties_status", "(hs_content_membership_status)"),
        ("hs_content_membership_status", "hs_content_membership_status Name"),
        ("properties_hs_language", "hs_language WithoutAffix"),
        ("__c", "Nothing"),
        ("properties_", "Nothing"),
        ("user_email", "email?"),
        ("account_owner_email", "Nothing"),
    ] {
        assert_eq!(found(field), expected, "{field}");
    }
}

#[test]
fn a_platform_that_maps_fields_itself_names_properties() {
    let stream = ConfiguredStream {
        fields: ["mail", "state"]
            .map(|name| catalog::Field { name: name.to_owned(), schema: json!({}) })
            .into(),
        matching_key: Some("mail".to_owned()),
        fields_are_properties: true,
        ..ConfiguredStream::undeclared(users())
    };
    let portal = Portal::new(&[property("state", "State/Region", "string", false)]);
    let plan = Plan::new(&stream, &[], ValueRules::default(), &portal).unwrap();
    let ranks: Vec<_> = plan.fields().map(|(_, field)| field.uses.first().map(|one| one.rank)).collect();
    assert_eq!(ranks, [Some(Rank::MatchingKey), Some(Rank::Name)]);
}

#[test]
fn a_mapping_that_can_match_nothing_is_doubtful() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let field = |name: &str, schema: &Value| catalog::Field { name: name.to_owned(), schema: schema.clone() };
    let stream = ConfiguredStream {
        fields: vec![field("email", &json!({"type": "string"})), field("address", &schema)],
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
    ] {
        let one = mapping(None, name, "phone");
        let plan = Plan::new(&stream, std::slice::from_ref(&one), ValueRules::default(), &portal()).unwrap();
        assert_eq!(plan.mappings().doubt(&one, &stream), expected, "{name}");
    }
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
        .map(|(_, field)| field.uses.first().map(|one| one.rank))
        .collect();
    let expected = [Rank::Name, Rank::SimilarName, Rank::SimilarName, Rank::Label];
    assert_eq!(ranks, expected.map(Some));
}

#[test]
fn of_two_fields_the_one_with_the_better_right_gets_the_property_whatever_the_order() {
    for fields in [["Phone Number", "Phone", "phone"], ["phone", "Phone", "Phone Number"]] {
        let declared: Vec<&str> = ["email"].into_iter().chain(fields).collect();
        let mut grown = plan(&[], &[]).unwrap();
        let members: Vec<String> = declared.iter().map(|field| format!(r#""{field}":"a@x.com""#)).collect();
        let data = format!("{{{}}}", members.join(","));
        assert!(map_with(&mut grown, &data, InvalidValues::DropValue).is_ok());
        for routes in [routes_of(&declared, &[]), routes(&grown)] {
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
fn a_field_without_a_value_that_loses_its_property_is_told_of() {
    let mut plan = plan(&["email"], &[]).unwrap();
    let empty = r#"{"email":"a@x.com","phone":null}"#;
    assert!(map_with(&mut plan, empty, InvalidValues::DropValue).is_ok());
    plan.take_news();
    let data = r#"{"email":"a@x.com","Phone Number":"1","phone":null}"#;
    let one = map_with(&mut plan, data, InvalidValues::DropValue);
    assert_eq!(contact(&one).1, texts(&[("phone", "1")]));
    assert_eq!(plan.take_news(), [News::Decided(1), News::Decided(2)]);
    let one = map_with(&mut plan, r#"{"email":"a@x.com","phone":"2"}"#, InvalidValues::DropValue);
    assert_eq!(contact(&one).1, texts(&[]), "it stays so");
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
    let expects = reason.expects.unwrap();
    assert!(expects.starts_with("field `points`, a number such as 1250.75, without"), "{expects}");
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
fn a_mapping_that_cannot_work_is_a_config_error() {
    for (property, said) in [
        ("nickname", "has that internal name"),
        ("Phone Number", "`Phone Number` is the label of the property `phone`: write that."),
        ("fristname", "did you mean `firstname`?"),
        ("createdate", "does not let the API set"),
    ] {
        let failure = check_mappings(&[mapping(None, "name", property)], &portal(), |_| false).unwrap_err();
        assert_eq!(failure.failure_type, FailureType::Config);
        assert!(failure.message.contains(&format!("`name` to the property `{property}`")), "{failure}");
        assert!(failure.message.contains(said), "{failure}");
    }
    assert!(check_mappings(&[mapping(None, "mail", "email")], &portal(), |_| false).is_ok());
    assert!(check_mappings(&[mapping(None, "name", "nickname")], &portal(), |_| true).is_ok());
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
fn a_path_into_a_field_does_not_stop_the_field_from_meaning_what_its_name_says() {
    let emails = json!({"type": "array", "items": {"type": "object", "properties": {"value": {}}}});
    let fields = vec![
        ("email".to_owned(), emails.clone()),
        ("Phone".to_owned(), emails),
        ("phone".to_owned(), json!({"type": "string"})),
    ];
    let mappings = [mapping(None, "email[1].value", "work_email"), mapping(None, "Phone[0].label", "zip")];
    let mut plan = plan_of(fields, &mappings, ValueRules::default()).unwrap();
    assert_eq!(
        routes(&plan),
        pairs(&[("email", "KEY+work_email"), ("Phone", "zip"), ("phone", "phone")]),
        "and takes nothing from a field of a better right"
    );
    let data = r#"{"email":[{"value":"a@x.com","primary":true},{"value":"b@x.com"}],"phone":"1"}"#;
    let one = map_with(&mut plan, data, InvalidValues::DropValue);
    assert_eq!(contact(&one), ("a@x.com".to_owned(), texts(&[("work_email", "b@x.com"), ("phone", "1")])));
}
