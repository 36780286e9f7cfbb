//! Which property a field gets by its name, and which of several fields gets it.

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
        (r#"{"mail":"d@x.com","user_email":"e@x.com"}"#, Err(Code::MissingEmail)),
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
fn what_a_name_means_is_written_and_what_it_may_mean_is_proposed() {
    let schema = Schema::new(&[
        property("jobtitle", "Job Title", "string", false),
        property("salutation", "Salutation", "string", false),
        property("mobilephone", "Mobile Phone Number", "string", false),
        property("city", "City", "string", false),
        property("state", "State/Region", "string", false),
        property("hs_content_membership_status", "Status", "enumeration/radio", false),
        property("hs_language", "Preferred language", "string", false),
        property("tier", "Membership Tier", "string", false),
    ]);
    let found = |field: &str| match schema.find(field) {
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
    let schema = Schema::new(&[property("state", "State/Region", "string", false)]);
    let plan = Plan::new(&stream, &[], &target(ValuePolicy::default(), schema)).unwrap();
    let ranks: Vec<_> = plan.fields().map(|(_, field)| field.uses.first().map(|one| one.rank)).collect();
    assert_eq!(ranks, [Some(Rank::MatchingKey), Some(Rank::Named(By::Name))]);
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
    let expected = [By::Name, By::SimilarName, By::SimilarName, By::Label].map(Rank::Named);
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
